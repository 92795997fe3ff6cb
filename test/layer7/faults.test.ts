// Faults on real sockets: servers that die in each phase or hang, clients that are slow, descriptors that run out. Each error that a client gets is
// explained by one line of the log, and nothing is asked of a server twice that must not be.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultBed, rawServer, type Script } from './fault-bed.js';

const HEAD = 'HTTP/1.1 200 OK\r\n';
const OK = `${HEAD}Content-Length: 2\r\n\r\nok`;

/** By path. */
const scripts: Readonly<Record<string, Script>> = {
  '/close': (socket) => socket.end(),
  '/reset': (socket) => socket.resetAndDestroy(),
  '/in-head': (socket) => socket.end('HTTP/1.1 20'),
  '/reset-in-head': (socket) => socket.write('HTTP/1.1 200 OK\r\nX', () => socket.resetAndDestroy()),
  '/no-http': (socket) => socket.end('SSH-2.0-x\r\n\r\n'),
  '/silent': () => {},
  '/in-body': (socket) => socket.end(`${HEAD}Content-Length: 9\r\n\r\nabc`),
  '/in-chunk': (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\nabc`),
  '/between-chunks': (socket) => socket.end(`${HEAD}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`),
  '/silent-in-body': (socket) => void socket.write(`${HEAD}Content-Length: 9\r\n\r\nabc`),
  '/interim': (socket) => socket.end('HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n'.repeat(100) + OK),
  '/ok': (socket) => void socket.write(OK),
};
const scripted: Script = (socket, head) => scripts[head.split(' ')[1] ?? '']?.(socket, head);

interface Expected {
  readonly status: number;
  readonly ending: string;
  /** How many servers a GET asks, of two. */
  readonly tries: number;
}
const expected: Readonly<Record<string, Expected>> = {
  '/close': { status: 502, ending: 'server-closed', tries: 2 },
  '/reset': { status: 502, ending: 'server-closed', tries: 2 },
  '/in-head': { status: 502, ending: 'server-closed', tries: 2 },
  '/reset-in-head': { status: 502, ending: 'server-closed', tries: 2 },
  '/no-http': { status: 502, ending: 'server-invalid', tries: 1 },
  '/silent': { status: 504, ending: 'server-timeout', tries: 2 },
  '/in-body': { status: 200, ending: 'server-closed', tries: 1 },
  '/in-chunk': { status: 200, ending: 'server-closed', tries: 1 },
  '/between-chunks': { status: 200, ending: 'server-closed', tries: 1 },
  '/silent-in-body': { status: 200, ending: 'server-timeout', tries: 1 },
  '/interim': { status: 200, ending: 'done', tries: 1 },
  '/ok': { status: 200, ending: 'done', tries: 1 },
};

test('a server that dies or hangs in any phase: one line explains it, and POST is never asked twice', async () => {
  const servers = [await rawServer(scripted), await rawServer(scripted)];
  const bed = await FaultBed.start(
    servers.map(({ port }) => port),
    { settings: '  proxy_read_timeout: 1s', pool: '      keepalive: 0' },
  );
  const cases = Object.keys(expected).flatMap((path) => ['GET', 'POST'].map((method) => [method, path] as const));
  const answers = await Promise.all(
    cases.map(([method, path]) => bed.ask(`${method} ${path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n`)),
  );
  const records = await bed.records(cases.length);
  const seen = servers.flatMap((server) => server.seen);
  assert.equal(records.length, cases.length, 'one line a request');
  for (const [index, [method, path]] of cases.entries()) {
    const { status, ending, tries } = expected[path]!;
    const asked = method === 'POST' ? 1 : tries;
    const what = `${method} ${path}`;
    const record = records.find((one) => one.method === method && one.target === path);
    assert.deepEqual([record?.status, record?.ending, record?.tries], [status, ending, asked], what);
    assert.equal(record?.cause === '', ending === 'done', what);
    assert.equal(seen.filter((one) => one === what).length, asked, what);
    assert.match(answers[index]!, new RegExp(`(?:^|\\n)HTTP/1\\.1 ${status} `), what);
    if (status === 200 && ending !== 'done') assert.doesNotMatch(answers[index]!, /0\r\n\r\n$/, `${what}: the cut is not hidden`);
  }
  await bed.stop();
  for (const server of servers) server.close();
});

test('a server that closes or resets its idle connections costs no request', async () => {
  let ends: 'end' | 'resetAndDestroy' = 'end';
  const server = await rawServer((socket) => {
    socket.write(OK);
    setTimeout(() => socket[ends](), 5);
  });
  const bed = await FaultBed.start([server.port]);
  for (let count = 0; count < 60; count++) {
    ends = count % 2 === 0 ? 'end' : 'resetAndDestroy';
    const answer = await bed.ask('GET /x HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
    assert.match(answer, /^HTTP\/1\.1 200 .*ok$/s);
    await delay(count % 8);
  }
  const records = await bed.records(60);
  assert.ok(records.every(({ status, ending }) => status === 200 && ending === 'done'));
  await bed.stop();
  server.close();
});

test('slow clients are ended in their time, a slow reader stops its server, and others are served meanwhile', async () => {
  const BODY = 40_000_000;
  const server = await rawServer((socket, head) => {
    if (!head.includes('/big')) socket.write(OK);
    else socket.write(`${HEAD}Content-Length: ${BODY}\r\n\r\n${'x'.repeat(BODY)}`);
  });
  const bed = await FaultBed.start([server.port], { settings: '  limits: { client_header_timeout: 1s, send_timeout: 2s }' });
  const slow = Array.from({ length: 50 }, () => {
    const socket = connect(bed.port, '127.0.0.1');
    let text = '';
    const timer = setInterval(() => socket.write('X: y\r\n'), 200);
    socket.write('GET / HTTP/1.1\r\n');
    socket.on('error', () => socket.destroy());
    return new Promise<string>((done) => {
      socket.on('data', (piece) => {
        text += String(piece);
      });
      socket.on('close', () => {
        clearInterval(timer);
        done(text);
      });
    });
  });
  const reader = connect(bed.port, '127.0.0.1');
  reader.on('error', () => reader.destroy());
  reader.write('GET /big HTTP/1.1\r\nHost: h\r\n\r\n');
  reader.pause();
  assert.match(await bed.ask('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), /ok$/);
  for (const answer of await Promise.all(slow)) assert.match(answer, /^HTTP\/1\.1 408 /);
  const records = await bed.records(52);
  const { ending } = records.find(({ target }) => target === '/big')!;
  assert.equal(ending, 'client-timeout');
  assert.equal(records.filter((record) => record.ending === 'client-timeout').length, 51);
  reader.destroy();
  await bed.stop();
  server.close();
});

test('without descriptors nothing is accepted, one line reports it, and all is served when there are some again', async () => {
  const server = await rawServer((socket) => void socket.write(OK));
  const bed = await FaultBed.start([server.port], { under: ['prlimit', '--nofile=64:64'] });
  const idle = Array.from({ length: 100 }, () => connect(bed.port, '127.0.0.1').on('error', () => {}));
  await bed.proxy.reported(/no descriptor or memory for a connection/);
  const asked = bed.ask('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await delay(600);
  for (const socket of idle) socket.destroy();
  assert.match(await asked, /^HTTP\/1\.1 200 /);
  assert.ok((bed.proxy.stderr.match(/no descriptor/g) ?? []).length <= 3, bed.proxy.stderr);
  assert.doesNotMatch(bed.proxy.stderr, /started again/);
  await bed.stop();
  server.close();
});
