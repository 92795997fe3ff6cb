// The peers that are compared on the wire: each peer balances tcp/80 (two servers, round robin), tcp/5201 (one) and udp/9000 (two) on the VIP.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { installed, run, serve } from './processes.js';
import { DIRECT_SERVER, listening, type Mode, servers, type Topology, VIP } from './wire-topology.js';

export interface Peer {
  readonly name: string;
  readonly mode: Mode;
  /** Where the client connects to. */
  readonly target: string;
  /** Whether it balances UDP at all. */
  readonly udp: boolean;
  /** Why it cannot take part here; undefined when it can. */
  missing(): string | undefined;
  /** Sets it up in a standing topology. */
  begin(topology: Topology): Promise<void>;
  /** Takes away what outlives its processes and namespaces. */
  end(topology: Topology): void;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const [first, second] = servers;
const needs = (program: string): string | undefined => (installed(program) ? undefined : `${program} is not installed`);
const nothing = { missing: (): undefined => undefined, begin: async (): Promise<void> => {}, end: (): void => {} };

/** Given as an argument: nft 1.0.9 reads no standard input that is a socket, as node's is. */
const nftRules = `table ip lb {
  chain pre { type nat hook prerouting priority dstnat; policy accept;
    ip daddr ${VIP} tcp dport 80 dnat to numgen inc mod 2 map { 0 : ${first}, 1 : ${second} }
    ip daddr ${VIP} tcp dport 5201 dnat to ${first}
    ip daddr ${VIP} udp dport 9000 dnat to numgen inc mod 2 map { 0 : ${first}, 1 : ${second} }
  }
}
`;

const haproxyConfig = `global
  maxconn 4000
  nbthread 1
  tune.bufsize 16384
defaults
  mode tcp
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  option splice-auto
  option tcp-smart-accept
  option tcp-smart-connect
listen web
  bind ${VIP}:80
  balance roundrobin
  server one ${first}:80
  server two ${second}:80
listen bulk
  bind ${VIP}:5201
  server one ${first}:5201
`;

/** Debian ships the stream module apart from nginx. */
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** One process, as the servers: a worker of its own would neither be counted nor end with its master's sudden end. */
const nginxConfig = (folder: string): string => `${existsSync(STREAM_MODULE) ? `load_module ${STREAM_MODULE};` : ''}
daemon off; master_process off; worker_processes 1; pid ${folder}/lb.pid; error_log ${folder}/lb.err warn;
events { worker_connections 16384; multi_accept on; }
stream { tcp_nodelay on; proxy_buffer_size 16k;
  upstream web { server ${first}:80; server ${second}:80; }
  upstream bulk { server ${first}:5201; }
  upstream names { server ${first}:9000; server ${second}:9000; }
  server { listen ${VIP}:80 reuseport backlog=65535; proxy_pass web; }
  server { listen ${VIP}:5201; proxy_pass bulk; }
  server { listen ${VIP}:9000 udp reuseport; proxy_pass names; proxy_responses 0; proxy_timeout 5s; } }
`;

const nginxLacks = (): string | undefined => {
  if (!installed('nginx')) return 'nginx is not installed';
  if (existsSync(STREAM_MODULE)) return undefined;
  const built = run(undefined, ['sh', '-c', 'nginx -V 2>&1']);
  return /--with-stream(\s|$)/.test(built) ? undefined : 'nginx has no stream module (Debian: libnginx-mod-stream)';
};

const weirTable = (method: '-m' | '-g'): string =>
  [
    `-A -t ${VIP}:80 -s rr`,
    `-a -t ${VIP}:80 -r ${first}:80 ${method} -w 1`,
    `-a -t ${VIP}:80 -r ${second}:80 ${method} -w 1`,
    `-A -t ${VIP}:5201 -s rr`,
    `-a -t ${VIP}:5201 -r ${first}:5201 ${method} -w 1`,
    `-A -u ${VIP}:9000 -s rr`,
    `-a -u ${VIP}:9000 -r ${first}:9000 ${method} -w 1`,
    `-a -u ${VIP}:9000 -r ${second}:9000 ${method} -w 1`,
    '',
  ].join('\n');

const weir = (name: string, mode: Mode, method: '-m' | '-g'): Peer => ({
  name,
  mode,
  target: VIP,
  udp: true,
  missing: () => undefined,
  begin: async ({ director }) => {
    run(director, [join(root, 'bin/ipvsadm'), '-R'], weirTable(method));
  },
  end: ({ director }) => {
    run(director, [join(root, 'bin/weir'), 'unload']);
  },
});

/** The peer that the gates are for. */
export const SUBJECT = 'weir NAT';

export const peers: readonly Peer[] = [
  { name: 'direct', mode: 'nat', target: DIRECT_SERVER, udp: true, ...nothing },
  { name: 'routing', mode: 'nat', target: first, udp: true, ...nothing },
  {
    name: 'nft DNAT',
    mode: 'nat',
    target: VIP,
    udp: true,
    missing: () => needs('nft'),
    begin: async ({ director }) => {
      run(director, ['nft', nftRules]);
    },
    end: () => {},
  },
  {
    name: 'haproxy',
    mode: 'nat',
    target: VIP,
    udp: false,
    missing: () => needs('haproxy'),
    begin: async ({ director, folder, children }) => {
      writeFileSync(join(folder, 'haproxy.cfg'), haproxyConfig);
      children.push(serve(director, ['haproxy', '-db', '-f', join(folder, 'haproxy.cfg')]));
      await listening(director, 80);
    },
    end: () => {},
  },
  {
    name: 'nginx stream',
    mode: 'nat',
    target: VIP,
    udp: true,
    missing: nginxLacks,
    begin: async ({ director, folder, children }) => {
      writeFileSync(join(folder, 'lb.conf'), nginxConfig(folder));
      children.push(serve(director, ['nginx', '-c', join(folder, 'lb.conf'), '-p', folder, '-e', join(folder, 'start.err')]));
      await listening(director, 80);
    },
    end: () => {},
  },
  weir(SUBJECT, 'nat', '-m'),
  weir('weir DR', 'dr', '-g'),
];
