import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Clock } from '../clock.js';
import { openFds } from '../fd.js';
import { Lock, locked } from './lock.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-lock-'));
after(() => rmSync(folder, { recursive: true }));

/** A clock that only sleeping moves, and what it was asked to sleep. */
function scripted(onSleep: (at: number) => void = () => undefined): Clock & { readonly naps: number[] } {
  let at = 0;
  const naps: number[] = [];
  return {
    naps,
    now: () => at,
    sleep: (ms) => {
      naps.push(ms);
      at += ms;
      onSleep(at);
    },
  };
}

test('an exclusive lock excludes all other processes and names its holder', () => {
  const path = join(folder, 'exclusive');
  const first = Lock.take(path);
  assert.equal(readFileSync(path, 'utf8'), `${process.pid}\n`);
  for (const kind of ['exclusive', 'shared'] as const) {
    const clock = scripted();
    assert.throws(
      () => Lock.take(path, { kind, waitMs: 5000, clock }),
      (error: unknown) =>
        isWeirError(error, 'lock-busy') &&
        error.details.holder === process.pid &&
        /held by process \d+ \(.+\); gave up after 5 s$/.test(error.message),
    );
    assert.ok(clock.now() >= 5000 && clock.now() < 5032, `${clock.now()}`);
    assert.ok(Math.max(...clock.naps) <= 16);
  }
  first.release();
  first.release();
  assert.equal(readFileSync(path, 'utf8'), '');
  Lock.take(path, { waitMs: 0 }).release();
});

test('after a second of waiting the holder is reported once; a stopped one with how to continue it', async () => {
  const path = join(folder, 'reported');
  const child = spawn('sh', ['-c', 'kill -STOP $$; exit 0', 'a\tname']);
  const stopped = (): boolean => / T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'));
  while (!stopped()) await new Promise((done) => setTimeout(done, 5));
  const first = Lock.take(path);
  const reports: [number, string][] = [];
  const wait = (waitMs: number): number => {
    const clock = scripted();
    assert.throws(
      () => Lock.take(path, { waitMs, clock, onWait: (text) => reports.push([clock.now(), text]) }),
      (error) => isWeirError(error, 'lock-busy'),
    );
    return reports.length;
  };
  assert.equal(wait(999), 0);
  assert.equal(wait(5000), 1);
  const [at, text] = reports[0] ?? [0, ''];
  assert.ok(at >= 1000 && at < 1032, `${at}`);
  assert.match(text, new RegExp(`^${path}: held by process ${process.pid} \\(.+\\); waiting for up to 5 s$`));
  writeFileSync(path, `${child.pid}\n`);
  wait(30_000);
  const held = `held by process ${child.pid} \\(sh -c kill -STOP \\$\\$; exit 0 a\\?name\\), which is stopped \\(kill -CONT ${child.pid} continues it\\)`;
  assert.match(reports[1]?.[1] ?? '', new RegExp(`^${path}: ${held}; waiting for up to 30 s$`));
  child.kill('SIGKILL');
  await once(child, 'exit');
  first.release();
});

test('readers share, and a writer waits for all of them', () => {
  const path = join(folder, 'shared');
  const readers = [Lock.take(path, { kind: 'shared' }), Lock.take(path, { kind: 'shared', waitMs: 0 })];
  assert.throws(() => Lock.take(path, { waitMs: 0 }), /other commands are reading; gave up after 0 s$/);
  const clock = scripted((at) => {
    if (at > 100) readers.pop()?.release();
  });
  const writer = Lock.take(path, { waitMs: 5000, clock });
  assert.equal(readers.length, 0);
  assert.ok(clock.now() > 100);
  writer.release();
});

test('the lock of a killed process is free, and its stale pid is not reported', async () => {
  const path = join(folder, 'killed');
  const child = spawn('flock', ['-x', path, 'sh', '-c', 'echo $$ >"$0"; echo ready; exec sleep 60', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  assert.throws(
    () => Lock.take(path, { waitMs: 0 }),
    (error: unknown) => isWeirError(error, 'lock-busy') && error.details.holder === Number(readFileSync(path, 'utf8')),
  );
  const holder = Number(readFileSync(path, 'utf8'));
  process.kill(holder, 'SIGKILL');
  child.kill('SIGKILL');
  await once(child, 'exit');
  const reader = Lock.take(path, { kind: 'shared' });
  writeFileSync(path, `${holder}\n`);
  assert.throws(() => Lock.take(path, { waitMs: 0 }), /other commands are reading/);
  reader.release();
});

test('where there is no room for the pid the lock is taken all the same', () => {
  const path = join(folder, 'full');
  writeFileSync(path, '7\n');
  const take = `import('${new URL('lock.js', import.meta.url)}').then(({ Lock }) => Lock.take(process.argv[1]))`;
  const shell = `trap '' XFSZ; ulimit -f 0; exec "$@"`; // a file may not become longer than nothing
  execFileSync('sh', ['-c', shell, 'sh', process.execPath, '-e', take, path], { stdio: 'pipe' });
  assert.equal(readFileSync(path, 'utf8'), '');
});

test('locked releases when the work throws, and a folder that is missing is a system error', () => {
  const before = openFds();
  const path = join(folder, 'work');
  assert.throws(
    () =>
      locked(path, {}, () => {
        throw new Error('work');
      }),
    /^Error: work$/,
  );
  assert.equal(
    locked(path, { waitMs: 0 }, () => 7),
    7,
  );
  assert.throws(() => Lock.take(join(folder, 'none/such')), { code: 'ENOENT', syscall: 'open' });
  assert.deepEqual(openFds(), before);
});
