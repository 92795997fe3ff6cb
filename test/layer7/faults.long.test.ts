// Faults on real sockets that take long: many idle clients, reloads under 500 that ask, servers that answer no SYN, a process that hangs.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createConnection, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { FaultBed, rawServer } from './fault-bed.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const REQUEST = 'GET /x HTTP/1.1\r\nHost: h\r\n\r\n';
const CONNECTING_MAX = 200;

/** A client that stays, and one answer after the other. */
class Client {
  readonly #socket: Socket;
  #text = '';
  isEnded = false;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setEncoding('latin1');
    socket.on('data', (piece: string) => {
      this.#text += piece;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.isEnded = true;
    });
  }

  static async open(port: number): Promise<Client> {
    const socket = createConnection(port, '127.0.0.1');
    await once(socket, 'connect');
    return new Client(socket);
  }

  /** The status of the answer; undefined: the connection was closed before it began. */
  async ask(): Promise<number | undefined> {
    this.#text = '';
    this.#socket.write(REQUEST);
    while (!this.#text.endsWith('ok') && !/^HTTP\/1\.1 [45]/.test(this.#text)) {
      if (this.isEnded) return undefined;
      await new Promise((done) => setTimeout(done, 1));
    }
    return Number(this.#text.slice(9, 12));
  }

  close(): void {
    this.#socket.destroy();
  }
}

test('9,000 idle clients: all that ask afterwards are answered, and every error has its line', { timeout: 300_000 }, async () => {
  const server = await rawServer((socket) => void socket.write(OK));
  const bed = await FaultBed.start([server.port]);
  const clients: Client[] = [];
  while (clients.length < 9000) clients.push(...(await Promise.all(Array.from({ length: CONNECTING_MAX }, () => Client.open(bed.port)))));
  const asked = clients.filter((_, index) => index % 10 === 0);
  const statuses: (number | undefined)[] = [];
  for (let at = 0; at < asked.length; at += CONNECTING_MAX)
    statuses.push(...(await Promise.all(asked.slice(at, at + CONNECTING_MAX).map((client) => client.ask()))));
  const wrong = statuses.filter((status) => status !== 200);
  const records = await bed.records(asked.length);
  const explained = records.filter(({ status, ending }) => status !== 200 || ending !== 'done');
  assert.deepEqual([wrong, explained], [[], []]);
  for (const client of clients) client.close();
  // and whoever comes behind them
  for (let count = 0; count < 50; count++) assert.match(await bed.ask('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n'), /ok$/);
  await bed.stop();
  server.close();
});

test('reloads and new processes under 500 connections: no request gets an error', { timeout: 120_000 }, async () => {
  const server = await rawServer((socket) => void socket.write(OK));
  const bed = await FaultBed.start([server.port], { settings: '  limits: { keepalive_requests: 1000000 }', workers: 2 });
  let goesOn = true;
  const statuses = new Map<number | undefined, number>();
  const one = async (): Promise<void> => {
    let client = await Client.open(bed.port);
    while (goesOn) {
      // a process that drains ends connections that wait: a client opens another one
      if (client.isEnded) client = await Client.open(bed.port);
      const status = await client.ask();
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
    client.close();
  };
  const load = Promise.all(Array.from({ length: 500 }, one));
  const answers = (): number => statuses.get(200) ?? 0;
  for (let count = 0; count < 5; count++) {
    const enough = answers() + 2000;
    while (answers() < enough) await delay(10);
    bed.proxy.stderr = '';
    bed.proxy.signal('SIGHUP');
    await bed.proxy.reported(/the new configuration is in effect/);
  }
  bed.proxy.stderr = '';
  bed.proxy.signal('SIGUSR2');
  await bed.proxy.reported(/new processes serve/);
  goesOn = false;
  await load;
  assert.deepEqual(
    [...statuses.keys()].filter((status) => status !== 200 && status !== undefined),
    [],
  );
  // a connection that ends just when a request is sent: RFC 9112 §9.3.1 has clients repeat it
  assert.ok(answers() >= 10_000);
  await bed.stop();
  server.close();
});

/** A server whose queue of connections is full, so that it answers no SYN. */
async function blackHole() {
  const script =
    "require('net').createServer().listen({ host: '127.0.0.1', port: 0, backlog: 1 }, function () { console.log(this.address().port); })";
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = await once(child.stdout, 'data');
  child.kill('SIGSTOP');
  const port = Number(String(line));
  const fillers = Array.from({ length: 8 }, () => connect(port, '127.0.0.1').on('error', () => {}));
  await once(fillers[0]!, 'connect');
  const close = (): void => {
    for (const one of fillers) one.destroy();
    child.kill('SIGKILL');
  };
  return { port, close };
}

test('a server that answers no SYN is 504 in its time, and the other one is asked', { timeout: 60_000 }, async () => {
  const hole = await blackHole();
  const server = await rawServer((socket) => void socket.write(OK));
  const request = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
  for (const [servers, status, ending, tries] of [
    [[hole.port], 504, 'connect-timeout', 1],
    [[hole.port, server.port], 200, 'done', 2],
  ] as const) {
    const bed = await FaultBed.start(servers, { settings: '  proxy_connect_timeout: 1s' });
    assert.match(await bed.ask(request), new RegExp(`^HTTP/1\\.1 ${status} `));
    const [record] = await bed.records(1);
    assert.deepEqual([record?.status, record?.ending, record?.tries], [status, ending, tries]);
    await bed.stop();
  }
  hole.close();
  server.close();
});

test('a client that closes one direction gets its answer', { timeout: 60_000 }, async () => {
  const server = await rawServer((socket) => void setTimeout(() => socket.write(OK), 50));
  const bed = await FaultBed.start([server.port]);
  const socket = connect({ port: bed.port, host: '127.0.0.1', allowHalfOpen: true });
  let text = '';
  socket.setEncoding('latin1');
  socket.on('data', (piece: string) => {
    text += piece;
  });
  socket.on('error', () => socket.destroy());
  socket.on('end', () => socket.destroy());
  socket.end(REQUEST);
  await new Promise((done) => socket.on('close', done));
  const [record] = await bed.records(1);
  assert.deepEqual([text.slice(-2), record?.status, record?.ending], ['ok', 200, 'done']);
  await bed.stop();
  server.close();
});

test('a process that hangs is killed, and its socket is served again', { timeout: 60_000 }, async () => {
  const server = await rawServer((socket) => void socket.write(OK));
  const bed = await FaultBed.start([server.port]);
  const [, pid] = await bed.proxy.reported(/with 1 processes \((\d+)\)/);
  process.kill(Number(pid), 'SIGSTOP');
  // it waits in the queue of the socket
  const asked = bed.ask('GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n');
  await bed.proxy.reported(/does not answer: it is killed/);
  await bed.proxy.reported(/ended: SIGKILL; it is started again/);
  assert.match(await asked, /ok$/);
  await bed.stop();
  server.close();
});
