// Proxies of HTTP that are compared: each on a port of its own of the VIP, one process or thread on one core, the same two servers in turn.
import type { ChildProcess } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed, serve } from './processes.js';
import { listening, servers, type Topology, VIP } from './wire-topology.js';

export interface Layer7Peer {
  readonly name: string;
  readonly port: number;
  /** The tests that it takes part in; absent: all. */
  readonly tests?: readonly string[];
  /** The program that must be installed; absent: none. */
  readonly needs?: string;
  /** Its command line; its files may be written to the folder. */
  readonly command: (folder: string, port: number) => readonly string[];
}

export interface RunningLayer7Peer extends Layer7Peer {
  readonly child: ChildProcess;
}

/** The peer that the gates are for. */
export const LAYER7_SUBJECT = 'weir proxy';
/** A folder beside this file, and this one as it was built. */
const root = fileURLToPath(new URL('../..', import.meta.url));
export const endpoints = servers.map((server) => `${server}:80`);

const weirText = (port: number): string => `layer7:
  listeners: { web: '${VIP}:${port}' }
  limits: { keepalive_requests: 1000000, keepalive_timeout: 600s }
  pools:
    web: { servers: [${endpoints.map((one) => `'${one}'`).join(', ')}], keepalive: { connections: 64, requests: 1000000 } }
  hosts:
    - default_server: true
      locations: [{ location: /, pool: web }]
`;

const nginxText = (folder: string, port: number): string => `daemon off; master_process off; worker_processes 1;
pid ${folder}/l7.pid; error_log ${folder}/l7.err warn;
events { worker_connections 32768; multi_accept on; }
http { access_log off; keepalive_requests 100000000; keepalive_timeout 600s; tcp_nodelay on;
  client_body_temp_path ${folder}/l7b; proxy_temp_path ${folder}/l7p; fastcgi_temp_path ${folder}/l7f;
  uwsgi_temp_path ${folder}/l7u; scgi_temp_path ${folder}/l7s;
  upstream web { ${endpoints.map((one) => `server ${one};`).join(' ')} keepalive 64; keepalive_requests 100000000; }
  server { listen ${VIP}:${port} backlog=65535; location / { proxy_pass http://web; proxy_http_version 1.1;
    proxy_set_header Connection ""; proxy_set_header Host $host;
    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; proxy_set_header X-Forwarded-Proto $scheme; } } }
`;

const haproxyText = (port: number): string => `global
  maxconn 15000
  no strict-limits
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 600s
  timeout server 60s
  option forwardfor
  http-reuse always
listen web
  bind ${VIP}:${port}
  balance roundrobin
${endpoints.map((one, index) => `  server s${index} ${one}\n`).join('')}`;

export const layer7Peers: readonly Layer7Peer[] = [
  {
    name: LAYER7_SUBJECT,
    port: 8001,
    command: (folder, port) => {
      const file = join(folder, 'weir.yaml');
      writeFileSync(file, weirText(port));
      return [join(root, 'bin/weir'), 'proxy', '--workers', '1', '--config', file];
    },
  },
  {
    name: 'nginx',
    port: 8002,
    needs: 'nginx',
    command: (folder, port) => {
      const file = join(folder, 'l7.conf');
      writeFileSync(file, nginxText(folder, port));
      return ['nginx', '-c', file, '-p', folder, '-e', join(folder, 'start.err')];
    },
  },
  {
    name: 'haproxy',
    port: 8003,
    needs: 'haproxy',
    command: (folder, port) => {
      const file = join(folder, 'l7.cfg');
      writeFileSync(file, haproxyText(port));
      return ['haproxy', '-db', '-f', file];
    },
  },
  {
    name: 'node:http',
    port: 8004,
    tests: ['keep-alive'],
    command: (_, port) => [
      process.execPath,
      fileURLToPath(new URL('node-http-proxy.js', import.meta.url)),
      VIP,
      String(port),
      ...endpoints,
    ],
  },
];

/** Starts a peer on one core; it is one of the topology's processes. */
export async function startLayer7Peer(peer: Layer7Peer, { director, folder, children }: Topology, cpu: number): Promise<RunningLayer7Peer> {
  if (peer.needs !== undefined && !installed(peer.needs)) throw new Error(`${peer.needs} is not installed`);
  const child = serve(director, ['taskset', '-c', String(cpu), ...peer.command(folder, peer.port)]);
  children.push(child);
  await listening(director, peer.port);
  return { ...peer, child };
}
