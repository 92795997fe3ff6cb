// Which server a request gets: weir's choosers beside Debian's nginx, one worker, request by request, by the methods that leave nothing to chance.

import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Balance } from '../../../src/model/layer7/pool.js';
import { templateOf } from '../../../src/model/layer7/template.js';
import { freePort } from '../../support/free-port.js';
import { chooserOf, chosen, poolOf, poolServer, requestOf } from '../../support/layer7.js';

const WEIGHTS: readonly number[] = [5, 1, 1, 3];
const REQUESTS = 200;

const methods: Readonly<Record<string, { readonly line: string; readonly balance: Balance }>> = {
  round_robin: { line: '', balance: { kind: 'round_robin' } },
  least_conn: { line: 'least_conn;', balance: { kind: 'least_conn' } },
  ip_hash: { line: 'ip_hash;', balance: { kind: 'ip_hash' } },
  hash: { line: 'hash $arg_k;', balance: { kind: 'hash', key: templateOf('$arg_k'), consistent: false } },
  consistent: { line: 'hash $arg_k consistent;', balance: { kind: 'hash', key: templateOf('$arg_k'), consistent: true } },
};

const folder = mkdtempSync(join(tmpdir(), 'weir-nginx-'));
const agent = new Agent({ keepAlive: true, maxSockets: 1 });
let nginx: ChildProcess | undefined;
let ports: readonly number[] = [];

/** Servers that answer with their port, and one listener whose paths are the methods. */
function configuration([front, ...servers]: readonly number[]): string {
  const upstreams = Object.entries(methods).map(
    ([name, { line }]) =>
      `upstream ${name} { ${line} ${servers.map((port, index) => `server 127.0.0.1:${port} weight=${WEIGHTS[index]}${index === 2 ? ' down' : ''};`).join(' ')} }`,
  );
  return `worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log; daemon off;
events { worker_connections 256; }
http {
  access_log off;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c; uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  set_real_ip_from 127.0.0.1; real_ip_header X-Real-IP;
  ${upstreams.join('\n  ')}
  server { listen 127.0.0.1:${front}; ${Object.keys(methods)
    .map((name) => `location /${name} { proxy_pass http://${name}; }`)
    .join(' ')} }
  ${servers.map((port) => `server { listen 127.0.0.1:${port}; location / { return 200 $server_port; } }`).join('\n  ')}
}
`;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

before(async () => {
  ports = await Promise.all([freePort(), ...WEIGHTS.map(freePort)]);
  writeFileSync(join(folder, 'nginx.conf'), configuration(ports));
  nginx = spawn('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], { stdio: 'inherit' });
  while (!(await isListening(ports[0] ?? 0))) assert.equal(nginx.exitCode, null, 'nginx ended');
});

after(async () => {
  agent.destroy();
  if (nginx?.exitCode === null) {
    nginx.kill('SIGTERM');
    await once(nginx, 'exit');
  }
  rmSync(folder, { recursive: true });
});

async function answer(path: string, client: string): Promise<string> {
  const [response] = await once(get({ port: ports[0], host: '127.0.0.1', path, agent, headers: { 'x-real-ip': client } }), 'response');
  let text = '';
  for await (const chunk of response) text += chunk;
  return text;
}

for (const [name, { balance }] of Object.entries(methods)) {
  test(`${name}: the same server for each request`, async () => {
    const servers = ports
      .slice(1)
      .map((port, index) => poolServer(`127.0.0.1:${port}`, { weight: WEIGHTS[index] ?? 1, down: index === 2 }));
    const chooser = chooserOf(poolOf(servers, balance));
    const [ours, theirs]: [string[], string[]] = [[], []];
    for (let n = 0; n < REQUESTS; n++) {
      const client =
        n % 5 === 0 ? `2001:db8::${((n * 2654435761) % 65_536).toString(16)}` : `${(n * 37) % 223}.${(n * 101) % 256}.${(n * 13) % 256}.7`;
      const path = `/${name}?k=key${n * 7919}`;
      theirs.push(await answer(path, client.startsWith('0.') ? '9.9.9.9' : client));
      const [index = -1] = chosen(chooser, 1, requestOf(path, 'h', client.startsWith('0.') ? '9.9.9.9' : client));
      ours.push(String(ports[index + 1]));
    }
    assert.deepEqual(ours, theirs);
  });
}
