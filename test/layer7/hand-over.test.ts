// An exchange of processes where the new ones cannot begin: those before go on, follow what the supervisor has them do, and end with it.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '../support/free-port.js';
import { get, namedServer, RunningProxy, webSocket } from './running-proxy.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-hand-over-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let servers: readonly Awaited<ReturnType<typeof namedServer>>[] = [];
before(async () => {
  servers = [await namedServer('a'), await namedServer('b')];
});
after(() => servers.forEach(({ server }) => server.closeAllConnections() ?? server.close()));

const isThere = (pid: number): boolean => existsSync(`/proc/${pid}`);
const childrenOf = (pid: number): readonly number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);

test('processes that are to be replaced follow a reload, and drain at the end, where the new ones hang', async () => {
  const [port, file] = [await freePort(), join(folder, 'weir.yaml')];
  const write = (server: number): void =>
    writeFileSync(
      file,
      `layer7:
  listeners: { web: '127.0.0.1:${port}' }
  pools: { web: { servers: ['127.0.0.1:${servers[server]!.port}'] } }
  hosts: [{ locations: [{ location: /, pool: web }] }]
`,
    );
  write(0);
  const proxy = new RunningProxy(['--config', file, '--workers', '1', '--drain', '1']);
  after(() => proxy.kill());
  const old = Number((await proxy.reported(/serves \S+ with 1 processes \((\d+)\)/))[1]);
  const chat = await webSocket(port);
  proxy.signal('SIGUSR2');
  let hung: number | undefined;
  while (hung === undefined) {
    hung = childrenOf(proxy.pid).find((pid) => pid !== old);
    await delay(1);
  }
  process.kill(hung, 'SIGSTOP');
  try {
    assert.equal((await get(port)).text[0], 'a');
    write(1);
    proxy.signal('SIGHUP');
    await proxy.reported(/the new configuration is in effect/);
    while ((await get(port)).text[0] !== 'b') await delay(20);
    assert.doesNotMatch(proxy.stderr, /does not answer/, 'the one that hangs does so still');
    proxy.signal('SIGTERM');
    await delay(100);
    assert.ok(isThere(old), 'it drains');
    proxy.signal('SIGTERM');
    assert.equal(await proxy.ended, 0);
    assert.equal(isThere(old), false, 'no process is left');
  } finally {
    chat.end();
    if (isThere(hung)) process.kill(hung, 'SIGKILL');
  }
});

test('an exchange that is asked for again and again makes no more processes than two exchanges, and loses no request', async () => {
  const port = await freePort();
  const proxy = new RunningProxy(['--listen', `127.0.0.1:${port}`, '--workers', '1', '--drain', '1', `127.0.0.1:${servers[0]!.port}`]);
  after(() => proxy.kill());
  await proxy.reported(/serves \S+ with 1 processes/);
  const [before = 0] = childrenOf(proxy.pid);
  const seen = new Set<number>();
  const look = (): void => childrenOf(proxy.pid).forEach((pid) => seen.add(pid));
  while (childrenOf(proxy.pid).length === 1) {
    proxy.signal('SIGUSR2');
    await delay(1);
  }
  const hung = childrenOf(proxy.pid).find((pid) => pid !== before) ?? 0;
  // so that its exchange takes as long as the signals
  process.kill(hung, 'SIGSTOP');
  for (let count = 0; count < 20; count++) {
    proxy.signal('SIGUSR2');
    assert.equal((await get(port)).status, 200);
    await delay(5);
    look();
  }
  assert.deepEqual([...seen].toSorted(), [before, hung].toSorted());
  process.kill(hung, 'SIGCONT');
  while (isThere(before) || isThere(hung)) {
    assert.equal((await get(port)).status, 200);
    look();
  }
  assert.equal(seen.size, 3);
  assert.equal(childrenOf(proxy.pid).length, 1);
  proxy.signal('SIGTERM');
  assert.equal(await proxy.ended, 0);
});

function handlesHangUp(pid: number): boolean {
  const [, caught = ''] = /^SigCgt:\s([0-9a-f]+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1')) ?? [];
  return (BigInt(`0x${caught}`) & 1n) === 1n;
}

test('signals that come while the first processes start are taken', async () => {
  const words = ['--workers', '1', '--drain', '1', `127.0.0.1:${servers[0]!.port}`];
  for (const signal of ['SIGHUP', 'SIGUSR2', 'SIGTERM'] as const) {
    const port = await freePort();
    const proxy = new RunningProxy(['--listen', `127.0.0.1:${port}`, ...words]);
    after(() => proxy.kill());
    let first = 0;
    // before that the supervisor waits for it
    while (first === 0 || !readFileSync(`/proc/${first}/cmdline`, 'latin1').endsWith('--worker\0')) {
      await delay(1);
      [first = 0] = childrenOf(proxy.pid);
    }
    process.kill(first, 'SIGSTOP');
    for (let count = 0; !handlesHangUp(proxy.pid); count++) {
      assert.ok(count < 3000, 'signals wait for no process');
      await delay(1);
    }
    proxy.signal(signal);
    process.kill(first, 'SIGCONT');
    if (signal !== 'SIGTERM') {
      await proxy.reported(/serves/);
      proxy.signal('SIGTERM');
    }
    assert.equal(await proxy.ended, 0, signal);
    assert.equal(isThere(first), false);
  }
});
