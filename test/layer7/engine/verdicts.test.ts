// weir's verdicts and weights rule the engines: who is down by a check gets no request through nginx or HAProxy, and weights that feedback writes move
// the shares. HAProxy follows at run time, nginx by a reload. And what HAProxy has and nginx has not: cookies that bind clients, PROXY headers.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, connect, createServer as createRawServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { proxySocketPath } from '../../../src/host/proxy-sockets.js';
import { native } from '../../../src/sys/addon.js';
import { descendants } from '../../../src/sys/processes/process-tree.js';
import { freePort } from '../../support/free-port.js';
import { get, RunningProxy } from '../running-proxy.js';
import { ENGINE_NAMES, untilServed } from './compared.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-verdicts-'));
after(() => rmSync(folder, { recursive: true }));

/** A server with a name, whose page of health has a status of its own. */
async function named(name: string) {
  const health = { status: 200 };
  const server = createServer((request, answer) => {
    answer.statusCode = request.url === '/health' ? health.status : 200;
    answer.end(name);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const close = (): void => {
    server.closeAllConnections();
    server.close();
  };
  return { name, health, port: (server.address() as AddressInfo).port, close };
}

async function sharesOf(port: number, count: number): Promise<ReadonlyMap<string, number>> {
  const shares = new Map<string, number>();
  for (let sent = 0; sent < count; sent++) {
    const { status, text } = await get(port);
    assert.equal(status, 200);
    shares.set(text, (shares.get(text) ?? 0) + 1);
  }
  return shares;
}

/** What feedback sends. */
async function writeWeight(pid: number, server: string, from: number, to: number): Promise<void> {
  const socket = connect(proxySocketPath(String(native().netnsCookie()), pid));
  await once(socket, 'connect');
  socket.end(`${JSON.stringify({ kind: 'write', pool: 'web', scale: 100, weights: [{ server, from, to }] })}\n`);
  socket.resume();
  await once(socket, 'close');
}

/** What is below an engine's master. */
const workersOf = (pid: number): readonly number[] =>
  descendants([pid], 50)
    .filter(({ parent }) => parent !== pid)
    .map((worker) => worker.pid);

for (const name of ENGINE_NAMES) {
  test(`${name}: down by weir's verdict, no request; up again, its share; a weight of feedback moves it`, {
    timeout: 120_000,
  }, async (context) => {
    const [a, b] = [await named('a'), await named('b')];
    context.after(() => [a, b].forEach((one) => void one.close()));
    const [port, file] = [await freePort(), join(folder, `${name}.yaml`)];
    writeFileSync(
      file,
      `layer7:
  listeners: { web: '127.0.0.1:${port}' }
  pools:
    web:
      servers: ['127.0.0.1:${a.port}', '127.0.0.1:${b.port}']
      checks:
        HTTP_GET: { url: { path: /health, status_code: 200 } }
        delay_loop: 0.2
        delay_before_retry: 0.1
        warmup: 0
  hosts: [{ locations: [{ location: /, pool: web }] }]
`,
    );
    const engine = new RunningProxy([name, '--config', file, '--workers', '1', '--dir', join(folder, name)], 'engine');
    context.after(() => engine.kill());
    await engine.reported(/runs/);
    await untilServed(port);
    assert.deepEqual((await sharesOf(port, 10)).size, 2);
    const workers = workersOf(engine.pid);
    a.health.status = 503;
    await engine.reported(/is down/);
    // nginx follows by a reload, and workers of before it still accept for a moment
    while (name === 'nginx' && workersOf(engine.pid).some((pid) => workers.includes(pid))) await delay(100);
    while ((await sharesOf(port, 6)).has('a')) await delay(100);
    assert.deepEqual([...(await sharesOf(port, 30)).keys()], ['b']);
    // a reload keeps the verdict
    engine.stderr = '';
    engine.signal('SIGHUP');
    await engine.reported(/reads the new configuration/);
    assert.deepEqual([...(await sharesOf(port, 30)).keys()], ['b']);
    a.health.status = 200;
    await engine.reported(/is up/);
    while ((await sharesOf(port, 6)).size < 2) await delay(100);
    if (name === 'haproxy') {
      await writeWeight(engine.pid, `127.0.0.1:${a.port}`, 1, 25);
      while (((await sharesOf(port, 20)).get('a') ?? 0) > 5) await delay(100);
      const shares = await sharesOf(port, 50);
      assert.ok(Math.abs((shares.get('a') ?? 0) - 10) <= 2, JSON.stringify([...shares]));
    }
    engine.signal('SIGTERM');
    assert.equal(await engine.ended, 0);
  });
}

/** Sends bytes, and gets all that comes until the end. */
async function exchange(port: number, bytes: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  socket.setEncoding('latin1');
  let text = '';
  socket.on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => socket.destroy());
  socket.write(bytes);
  // an error is an end, too
  await new Promise((done) => socket.on('close', done));
  return text;
}

test('HAProxy: a cookie binds a client, PROXY headers come in and go out, and each request is a line of the log', {
  timeout: 60_000,
}, async (context) => {
  const heads: string[] = [];
  const servers = [1, 2].map((number) =>
    createRawServer((socket) => {
      let text = '';
      socket.setEncoding('latin1');
      socket.on('error', () => socket.destroy());
      socket.on('data', (piece: string) => {
        text += piece;
        if (!text.includes('\r\n\r\n')) return;
        heads.push(text);
        text = '';
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: close\r\n\r\n${number}`);
      });
    }).listen(0, '127.0.0.1'),
  );
  context.after(() => servers.forEach((server) => void server.close()));
  await Promise.all(servers.map((server) => once(server, 'listening')));
  const [port, file, log] = [await freePort(), join(folder, 'bound.yaml'), join(folder, 'access.log')];
  const list = servers.map((server) => `{ address: '127.0.0.1:${(server.address() as AddressInfo).port}', max_fails: 0 }`).join(', ');
  writeFileSync(
    file,
    `layer7:
  listeners: { web: { listen: '127.0.0.1:${port}', proxy_protocol_from: 127.0.0.0/8 } }
  pools: { web: { servers: [${list}], sticky: { cookie: SID, max_age: 10m, same_site: lax }, send_proxy: v1 } }
  hosts: [{ locations: [{ location: /, pool: web }] }]
`,
  );
  const args = ['haproxy', '--config', file, '--workers', '1', '--dir', join(folder, 'bound'), '--log', log];
  const engine = new RunningProxy(args, 'engine');
  context.after(() => engine.kill());
  await engine.reported(/runs/);
  const request = (cookie: string): string =>
    `PROXY TCP4 192.0.2.7 192.0.2.100 4567 80\r\nGET ${cookie === '' ? 'http://h' : ''}/${cookie.length} HTTP/1.1\r\nHost: h\r\nReferer: a"b\r\nConnection: close\r\n${cookie}\r\n`;
  const first = await exchange(port, request(''));
  const [, id] = /set-cookie: SID=([0-9a-f]{32}); path=\/; HttpOnly; Max-Age=600; SameSite=Lax/i.exec(first) ?? [];
  assert.ok(id !== undefined, first);
  for (let count = 0; count < 4; count++) assert.equal((await exchange(port, request(`Cookie: SID=${id}\r\n`))).at(-1), first.at(-1));
  assert.ok(
    heads.every((head) => /^PROXY TCP4 192\.0\.2\.7 \S+ 4567 \d+\r\nGET/.test(head)),
    heads[0],
  );
  assert.match(heads[0] ?? '', /x-forwarded-for: 192\.0\.2\.7\r\n/i);
  // without the header nothing is taken
  assert.equal((await exchange(port, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n')).includes('200 OK'), false);
  const line =
    /^192\.0\.2\.7 - - \[\d\d\/\w{3}\/\d{4}:[\d:]{8} \+\d{4}\] "GET \/0 HTTP\/1\.1" 200 \d+ "a\\"b" "-" 127\.0\.0\.1:\d+ 0 \d+ \d+ "\S+"$/m;
  while (!line.test(readFileSync(log, 'latin1'))) await delay(100);
  engine.signal('SIGTERM');
  assert.equal(await engine.ended, 0);
});
