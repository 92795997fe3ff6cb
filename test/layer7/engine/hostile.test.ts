// What strangers try with an engine: methods that a second server must not get, PROXY headers from anywhere, and paths that fill a line of the log.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../../support/free-port.js';
import { RunningProxy } from '../running-proxy.js';
import { ENGINE_NAMES } from './compared.js';

/** What comes back until the connection ends. */
async function exchange(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1')
    .setEncoding('latin1')
    .on('error', () => {});
  let answer = '';
  socket.on('data', (more: string) => (answer += more));
  socket.setTimeout(3000, () => socket.destroy(new Error(`no end: ${answer}`)));
  socket.write(text);
  await new Promise((done) => socket.once('close', done));
  return answer;
}

for (const name of ['proxy', ...ENGINE_NAMES] as const) {
  test(`${name}: requests that are not idempotent reach one server, PROXY headers come from where they may, and a log line is whole`, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'weir-hostile-'));
    const [file, log, port, trusting] = [join(folder, 'weir.yaml'), join(folder, 'log'), await freePort(), await freePort()];
    const heads: string[] = [];
    const servers = [1, 2].map(() =>
      createServer((socket) => {
        socket.on('error', () => {});
        socket.once('data', (head) => {
          heads.push(head.toString('latin1').split('\r\n')[0] ?? '');
          socket.destroy();
        });
      }).listen(0, '127.0.0.1'),
    );
    await Promise.all(servers.map((server) => server.listening || once(server, 'listening')));
    const list = servers.map((server) => `{ address: "127.0.0.1:${(server.address() as AddressInfo).port}", max_fails: 0 }`).join(', ');
    writeFileSync(
      file,
      `layer7:
  listeners:
    web: 127.0.0.1:${port}
    behind: { listen: "127.0.0.1:${trusting}", proxy_protocol_from: 192.0.2.0/24 }
  pools: { two: { servers: [${list}] } }
  hosts:
    - locations:
        - { location: /, pool: two }
        - { location: /a/, pool: two, replace_prefix: /b/ }
        - { location: = /here, return: { status: 200, body: here } }
`,
    );
    const options = ['--config', file, '--workers', '1', '--log', log];
    const running =
      name === 'proxy' ? new RunningProxy(options) : new RunningProxy([name, ...options, '--dir', join(folder, 'engine')], 'engine');
    try {
      await running.reported(name === 'proxy' ? /serves/ : /runs (nginx|haproxy)/);
      while (!(await exchange(port, 'GET /here HTTP/1.0\r\n\r\n')).includes('200')) await delay(50);
      for (const [method, times] of [
        ['GET', 2],
        ['PUT', 2],
        ['POST', 1],
        ['PATCH', 1],
        ['FOO', 1],
        ['PURGE', 1],
        ['MKCOL', 1],
      ] as const) {
        for (const [path, sent] of [
          ['/x%20y?q', '/x%20y?q'],
          ['/a/c%20d?q', '/b/c%20d?q'],
        ]) {
          heads.length = 0;
          const answer = await exchange(port, `${method} ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n`);
          assert.match(answer, /^HTTP\/1.1 502 /, `${method} ${path}`);
          assert.deepEqual(heads, new Array(times).fill(`${method} ${sent} HTTP/1.1`), `${method} ${path}`);
        }
      }
      assert.equal(await exchange(trusting, 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /here HTTP/1.0\r\n\r\n'), '');
      const long = `/here?${'q'.repeat(1500)}`;
      assert.match(await exchange(port, `GET ${long} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`), /^HTTP\/1.1 200 /);
      const lines = (): readonly string[] =>
        readFileSync(log, 'utf8')
          .split('\n')
          .filter((line) => line.includes(long));
      for (let tries = 0; tries < 100 && lines().length === 0; tries++) await delay(20);
      assert.match(lines()[0] ?? '', /" 200 /);
    } finally {
      running.signal('SIGTERM');
      await running.ended;
      for (const server of servers) server.close();
      rmSync(folder, { recursive: true });
    }
  });
}
