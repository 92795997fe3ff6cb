// weir proxy, nginx and HAProxy on loopback, each before a server of the test.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/free-port.js';
import { root } from '../../support/project.js';
import { ID_FIELD } from './recorded-requests.js';

export type EngineName = 'weir' | 'nginx' | 'haproxy';

export interface Engine {
  readonly name: EngineName;
  readonly port: number;
  stop(): Promise<void>;
}

/** `keeps`: how many connections to the server stay for further requests; 0: each request has one of its own. */
interface Setting {
  readonly folder: string;
  readonly port: number;
  readonly server: number;
  readonly keeps: number;
}

const texts: Readonly<Record<EngineName, (setting: Setting) => string>> = {
  weir: ({ port, server, keeps }) => `layer7:
  listeners: { web: '127.0.0.1:${port}' }
  proxy_set_header: { ${ID_FIELD}: $remote_addr, Host: $http_host, X-Forwarded-For: $proxy_add_x_forwarded_for }
  pools:
    web: { servers: ['127.0.0.1:${server}'], keepalive: ${keeps} }
  hosts:
    - default_server: true
      locations: [{ location: /, pool: web }]
`,
  nginx: ({
    folder,
    port,
    server,
    keeps,
  }) => `daemon off; master_process off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log crit;
events { worker_connections 4096; }
http { access_log off; client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  upstream web { server 127.0.0.1:${server}; ${keeps > 0 ? `keepalive ${keeps};` : ''} }
  server { listen 127.0.0.1:${port} backlog=4096; proxy_http_version 1.1;
    location / { proxy_pass http://web; proxy_set_header Connection "${keeps > 0 ? '' : 'close'}"; proxy_set_header Host $http_host;
      proxy_set_header ${ID_FIELD} $remote_addr; proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } } }
`,
  haproxy: ({ port, server, keeps }) => `global
  maxconn 4000
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 30s
  timeout server 30s
  ${keeps > 0 ? 'option http-keep-alive' : 'option http-server-close'}
  http-reuse ${keeps > 0 ? 'always' : 'never'}
  retry-on conn-failure empty-response
listen web
  bind 127.0.0.1:${port}
  http-request set-header ${ID_FIELD} %[src]
  server one 127.0.0.1:${server}
`,
};

const commands: Readonly<Record<EngineName, (file: string, folder: string) => readonly [string, ...string[]]>> = {
  weir: (file) => [process.execPath, join(root, 'dist/weir.cjs'), 'proxy', '--workers', '1', '--config', file],
  nginx: (file, folder) => ['nginx', '-p', folder, '-e', join(folder, 'start.log'), '-c', file],
  haproxy: (file) => ['haproxy', '-db', '-f', file],
};

const PROBE = 'GET /end HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
const PROBE_MS = 1000;

/** Its server's answer comes through it: a process that listens may not serve yet. */
async function answers(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  socket.setTimeout(PROBE_MS);
  return (await new Promise((done) => {
    socket.on('connect', () => socket.write(PROBE));
    socket.on('data', (piece) => done(/^HTTP\/1\.1 2/.test(String(piece))));
    for (const event of ['error', 'timeout', 'close']) socket.on(event, () => done(false));
  }).finally(() => socket.destroy())) as boolean;
}

/**
 * `server`: the port of its server.
 * @throws Error where it ends instead of listening
 */
export async function startEngine(name: EngineName, server: number, keeps = 0): Promise<Engine> {
  const folder = mkdtempSync(join(tmpdir(), `weir-${name}-`));
  const port = await freePort();
  const file = join(folder, 'configuration');
  writeFileSync(file, texts[name]({ folder, port, server, keeps }));
  const [program, ...args] = commands[name](file, folder);
  const child: ChildProcess = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });
  let messages = '';
  child.stderr?.on('data', (piece) => {
    messages += String(piece);
  });
  while (!(await answers(port))) {
    if (child.exitCode !== null) throw new Error(`${name} ended: ${messages}`);
    await delay(50);
  }
  const stop = async (): Promise<void> => {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill(name === 'weir' ? 'SIGINT' : 'SIGTERM');
    await ended;
    rmSync(folder, { recursive: true });
  };
  return { name, port, stop };
}
