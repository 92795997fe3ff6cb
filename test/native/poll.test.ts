// Readiness: callbacks, stopping at every moment, descriptors closed underneath, threads that end with polls alive.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { native } from '../../src/sys/addon.js';
import { fdCount } from './support.js';

const n = native();
const POLLIN = 1;
const POLLOUT = 4;

/** Two datagram sockets; what goes into `send` comes out of `receive`. */
function pair(): { send(bytes: Uint8Array): void; readonly receive: number; close(): void } {
  const [from, to] = [n.socket(2, 2, 0), n.socket(2, 2, 0)];
  n.bind(to, Uint8Array.of(2, 0, 0, 0, 127, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0));
  const address = new Uint8Array(16);
  n.getsockname(to, address);
  return {
    send: (bytes) => void n.sendto(from, bytes, address),
    receive: to,
    close: () => [from, to].forEach((fd) => n.close(fd)),
  };
}

test('calls back once for each readiness, also for two polls of one descriptor', async () => {
  const before = fdCount();
  const { send, receive, close } = pair();
  const into = new Uint8Array(8);
  const seen: number[] = [];
  const second = n.pollStart(receive, POLLOUT, (status, events) => {
    assert.deepEqual([status, events], [0, POLLOUT]);
    n.pollStop(second);
    send(Uint8Array.of(1));
  });
  await new Promise<void>((resolve) => {
    const first = n.pollStart(receive, POLLIN, (status, events) => {
      assert.deepEqual([status, events], [0, POLLIN]);
      for (let size = n.recvfrom(receive, into); size >= 0; size = n.recvfrom(receive, into)) seen.push(into[0] ?? -1);
      if (seen.length < 3) return send(Uint8Array.of(seen.length + 1));
      n.pollStop(first);
      n.pollStop(first);
      resolve();
    });
  });
  assert.deepEqual(seen, [1, 2, 3]);
  close();
  assert.equal(fdCount(), before);
});

test('what a callback throws reaches uncaughtException, and the poll goes on', async () => {
  const run = promisify(execFile);
  const script = `
    const { native } = await import(${JSON.stringify(new URL('../../src/sys/addon.js', import.meta.url).href)});
    const n = native(); let calls = 0;
    process.on('uncaughtException', (error) => console.log('uncaught', error.message));
    const fd = n.socket(2, 2, 0);
    const handle = n.pollStart(fd, 4, () => { if (++calls === 3) n.pollStop(handle); throw new Error('call ' + calls); });`;
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script]);
  assert.equal(stdout, 'uncaught call 1\nuncaught call 2\nuncaught call 3\n');
});

test('a descriptor may be closed under its poll', async () => {
  const before = fdCount();
  const { send, receive, close } = pair();
  let calls = 0;
  const handle = n.pollStart(receive, POLLIN, () => calls++);
  send(Uint8Array.of(1));
  close();
  // the poll's own duplicate still names the socket, and the numbers are free for others
  const other = pair();
  while (calls === 0) await new Promise((resolve) => setImmediate(resolve));
  n.pollStop(handle);
  other.close();
  const after = calls;
  for (let i = 0; i < 10; i++) await new Promise((resolve) => setImmediate(resolve));
  assert.equal(calls, after);
  assert.equal(fdCount(), before);
});

test('a worker may end at any moment with polls alive', async () => {
  const file = fileURLToPath(new URL('./poll-worker.js', import.meta.url));
  const before = fdCount();
  for (const mode of ['idle', 'busy', 'returns', 'throws', 'stopped']) {
    const worker = new Worker(file, { workerData: mode });
    const exited = new Promise((resolve) => worker.on('exit', resolve));
    if (mode === 'throws') {
      const error = await new Promise((resolve) => worker.on('error', resolve));
      assert.match(String(error), /thrown on purpose/);
    } else if (mode !== 'returns') {
      await once(worker, 'message');
      assert.equal(await worker.terminate(), 1);
    }
    await exited;
  }
  assert.equal(fdCount(), before);
});
