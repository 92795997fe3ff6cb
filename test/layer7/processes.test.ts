// The processes of `weir proxy`: one that is killed is started again, a reload and an exchange lose no request and cut no WebSocket, and a
// drain lets answers end.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, test } from 'node:test';
import { freePort } from '../support/free-port.js';
import { get, namedServer, RunningProxy, webSocket } from './running-proxy.js';

const CAP_DAC_OVERRIDE = 2n;

let servers: readonly Awaited<ReturnType<typeof namedServer>>[] = [];
before(async () => {
  servers = [await namedServer('a'), await namedServer('b')];
});
after(() => servers.forEach(({ server }) => server.closeAllConnections() ?? server.close()));

async function start(drainS = 20): Promise<{ readonly proxy: RunningProxy; readonly port: number; readonly pids: readonly number[] }> {
  const port = await freePort();
  const words = servers.map((one) => `127.0.0.1:${one.port}`);
  const proxy = new RunningProxy(['--listen', `127.0.0.1:${port}`, '--workers', '2', '--drain', String(drainS), ...words]);
  after(() => proxy.kill());
  const [, pids = ''] = await proxy.reported(/serves \S+ with 2 processes \(([\d ]+)\)/);
  return { proxy, port, pids: pids.split(' ').map(Number) };
}

/** Requests without pause until it is stopped; what failed. */
function load(port: number): () => Promise<{ readonly answered: number; readonly failed: readonly string[] }> {
  let goesOn = true;
  let answered = 0;
  const failed: string[] = [];
  const one = async (): Promise<void> => {
    while (goesOn) {
      try {
        const { status, text } = await get(port);
        if (status === 200 && /^[ab] 127\.0\.0\.1$/.test(text)) answered++;
        else failed.push(`${status} ${text}`);
      } catch (error) {
        failed.push(String(error));
      }
    }
  };
  const all = Promise.all(Array.from({ length: 8 }, one));
  return async () => {
    goesOn = false;
    await all;
    return { answered, failed };
  };
}

test('new processes on the same sockets lose no request and cut no WebSocket; a killed one comes back; a drain ends it', async () => {
  const { proxy, port, pids } = await start();
  for (const pid of pids) {
    const status = readFileSync(`/proc/${pid}/status`, 'latin1');
    const [, effective = ''] = /^CapEff:\s([0-9a-f]+)$/m.exec(status) ?? [];
    assert.equal(BigInt(`0x${effective}`) & ~CAP_DAC_OVERRIDE, 0n, 'docs/security.md');
    assert.match(status, /^NoNewPrivs:\s1$/m);
  }
  const chat = await webSocket(port);
  const stop = load(port);
  proxy.signal('SIGUSR2');
  await proxy.reported(/new processes serve/);
  proxy.signal('SIGHUP');
  await proxy.reported(/the new configuration is in effect/);
  const { answered, failed } = await stop();
  assert.deepEqual(failed, []);
  assert.ok(answered > 0);
  assert.equal(await chat.echo('still here'), 'still here');
  const alive = (): number => pids.filter((pid) => existsSync(`/proc/${pid}`)).length;
  while (alive() > 1) await new Promise((done) => setTimeout(done, 100));
  assert.equal(alive(), 1, 'the old process with the WebSocket is left');
  assert.doesNotMatch(proxy.stderr, / ended: /, 'a process that ends its drain is not missed');
  chat.end();
  const slow = get(port, '/slow');
  await new Promise((done) => setTimeout(done, 100));
  proxy.signal('SIGTERM');
  assert.equal((await slow).status, 200);
  assert.equal(await proxy.ended, 0);
});

/** What the epoll sets of a process watch that it has closed. */
function watchedButClosed(pid: number): readonly string[] {
  const infos = readdirSync(`/proc/${pid}/fdinfo`).map((fd) => readFileSync(`/proc/${pid}/fdinfo/${fd}`, 'latin1'));
  const watched = infos.flatMap((info) => [...info.matchAll(/^tfd:\s+(\d+)/gm)].map(([, fd = '']) => fd));
  return watched.filter((fd) => !existsSync(`/proc/${pid}/fd/${fd}`));
}

test('a process that drains is not woken by the connections of the one that has its sockets now', async () => {
  const { proxy, port, pids } = await start();
  const chats = [await webSocket(port), await webSocket(port), await webSocket(port), await webSocket(port)];
  proxy.signal('SIGUSR2');
  await proxy.reported(/new processes serve/);
  await new Promise((done) => setTimeout(done, 300));
  const left = pids.filter((pid) => existsSync(`/proc/${pid}`));
  assert.ok(left.length > 0);
  assert.deepEqual(left.flatMap(watchedButClosed), []);
  for (const chat of chats) chat.end();
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});

test('a drain serves all that waits to be accepted, however much that is', async () => {
  const { proxy, port, pids } = await start();
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
  const all = Promise.allSettled(Array.from({ length: 400 }, () => get(port)));
  await new Promise((done) => setTimeout(done, 500));
  proxy.signal('SIGTERM');
  await new Promise((done) => setTimeout(done, 500));
  for (const pid of pids) process.kill(pid, 'SIGCONT');
  const lost = (await all).filter((one) => one.status === 'rejected' || one.value.status !== 200);
  assert.deepEqual(lost.slice(0, 3), [], `${lost.length} were lost`);
  assert.equal(await proxy.ended, 0);
});

test('a client that connected before the end is served, though its request comes behind it; one that comes later gets no connection', async () => {
  const { proxy, port } = await start();
  const clients = await Promise.all(
    Array.from({ length: 4 }, async () => {
      const socket = connect(port, '127.0.0.1').setEncoding('latin1');
      await once(socket, 'connect');
      return socket;
    }),
  );
  proxy.signal('SIGTERM');
  await new Promise((done) => setTimeout(done, 100));
  const late = get(port);
  late.catch(() => {});
  for (const socket of clients) socket.write('GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  for (const socket of clients) {
    const [answer] = (await once(socket, 'data')) as [string];
    assert.match(answer, /^HTTP\/1\.1 200 (?:.*\r\n)*Connection: close\r\n/);
  }
  for (const socket of clients) socket.end();
  assert.equal(await proxy.ended, 0);
  await assert.rejects(late, /ECONNREFUSED/);
});

test('a process that hangs within its drain is killed behind the deadline', async () => {
  const { proxy, port, pids } = await start(1);
  const chat = await webSocket(port);
  proxy.signal('SIGUSR2');
  await proxy.reported(/new processes serve/);
  const left = (): readonly number[] => pids.filter((pid) => existsSync(`/proc/${pid}`));
  for (const pid of left()) process.kill(pid, 'SIGSTOP');
  await proxy.reported(/process \d \(\d+\) does not end its drain: it is killed\n(?:.*\n)*.* ended: SIGKILL\n/);
  chat.end();
  const again = await webSocket(port);
  const [, ...now] = readFileSync(`/proc/${proxy.pid}/task/${proxy.pid}/children`, 'latin1').trim().split(' ').map(Number);
  proxy.signal('SIGTERM');
  for (const pid of now) process.kill(pid, 'SIGSTOP');
  assert.equal(await proxy.ended, 0);
  again.end();
});

test('a process that is killed loses its own connections alone, and another takes its socket', async () => {
  const { proxy, port, pids } = await start();
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await proxy.reported(/process 0 \(\d+\) ended: SIGKILL; it is started again/);
  const answers = await Promise.all(Array.from({ length: 16 }, () => get(port)));
  assert.ok(answers.every(({ status }) => status === 200));
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});

test('one that cannot be started again for want of descriptors is tried again until it can', async () => {
  const { proxy, port, pids } = await start();
  const limit = (files: string): unknown => execFileSync('prlimit', [`--nofile=${files}:`, '--pid', String(proxy.pid)]);
  limit('3');
  process.kill(pids[0] ?? 0, 'SIGKILL');
  await proxy.reported(/process 0 \(not started\) ended: .*EMFILE; it is started again in \d+ ms\n(?:.*\n)*.*not started/);
  limit('1024');
  const restarted = (): boolean => readFileSync(`/proc/${proxy.pid}/task/${proxy.pid}/children`, 'latin1').trim().split(' ').length === 2;
  while (!restarted()) await new Promise((done) => setTimeout(done, 50));
  const answers = await Promise.all(Array.from({ length: 16 }, () => get(port)));
  assert.ok(answers.every(({ status }) => status === 200));
  assert.doesNotMatch(proxy.stderr, /undefined|does not answer/);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});

test('a place that is taken is reported, and ends the command', async () => {
  const taken = servers[0]?.port;
  const proxy = new RunningProxy(['--listen', `127.0.0.1:${taken}`, '--workers', '1', '127.0.0.1:1']);
  assert.equal(await proxy.ended, 1);
  assert.match(proxy.stderr, /cannot listen on 127\.0\.0\.1:\d+/);
});
