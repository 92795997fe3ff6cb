import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { noRoot } from '../../../test/support/probes.js';
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

test('a FIFO in the place of the file: nothing waits for its writer', () => {
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  assert.equal(
    locked(path, {}, () => 'done'),
    'done',
  );
});

test('an exclusive lock excludes all other processes and names its holder', () => {
  const path = join(folder, 'exclusive');
  const first = Lock.take(path);
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

const taking = `import('${new URL('lock.js', import.meta.url)}').then(({ Lock }) => {
  globalThis.held = Lock.take(process.argv[1]);
  console.log('held');
  setInterval(() => {}, 1000);
})`;

/** A process that holds the lock until it is killed. */
async function childThatLocks(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', taking, path, 'a\tname'], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return child;
}

test('after a second of waiting the holder is reported once; a stopped one with how to continue it', async () => {
  const path = join(folder, 'reported');
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
  first.release();
  const child = await childThatLocks(path);
  child.kill('SIGSTOP');
  while (!/ T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'))) await new Promise((done) => setTimeout(done, 5));
  wait(30_000);
  const held = `held by process ${child.pid} \\(.* -e import[^\\n\\t]*\\), which is stopped \\(kill -CONT ${child.pid} continues it\\)`;
  assert.match(reports[1]?.[1] ?? '', new RegExp(`^${path}: ${held}; waiting for up to 30 s$`));
  child.kill('SIGKILL');
  await once(child, 'exit');
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

test('the lock of a killed process is free, and it is not reported any more', async () => {
  const path = join(folder, 'killed');
  const child = await childThatLocks(path);
  assert.throws(
    () => Lock.take(path, { waitMs: 0 }),
    (error: unknown) => isWeirError(error, 'lock-busy') && error.details.holder === child.pid,
  );
  child.kill('SIGKILL');
  await once(child, 'exit');
  const reader = Lock.take(path, { kind: 'shared' });
  assert.throws(() => Lock.take(path, { waitMs: 0 }), /other commands are reading/);
  reader.release();
});

test('a holder of another PID namespace is there, without its number', { skip: noRoot() }, async () => {
  const path = join(folder, 'elsewhere');
  const wait = `import('${new URL('lock.js', import.meta.url)}').then(({ Lock }) => Lock.take(process.argv[1], { waitMs: 0 })).catch(({ message }) => console.log(message))`;
  const first = Lock.take(path);
  const options = ['--pid', '--fork', '--mount', '--mount-proc'];
  const text = execFileSync('unshare', [...options, process.execPath, '-e', wait, path], { encoding: 'utf8' });
  assert.equal(text, `${path}: held by other processes; gave up after 0 s\n`);
  first.release();
});

test('a folder may be locked, and a file that cannot be written', { skip: noRoot() }, () => {
  const place = join(folder, 'read-only');
  mkdirSync(place);
  writeFileSync(join(place, 'lock'), '');
  const take = `import('${new URL('lock.js', import.meta.url)}').then(({ Lock }) => {
    for (const path of ['lock', '.']) {
      const lock = Lock.take(path);
      try { Lock.take(path, { waitMs: 0 }); } catch (error) { console.log(error.details.holder === process.pid); }
      lock.release();
      Lock.take(path, { waitMs: 0 }).release();
    }
  })`;
  const shell = 'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && cd "$1" && ! touch new 2>/dev/null && exec "$2" -e "$3"';
  const text = execFileSync('unshare', ['--mount', 'sh', '-c', shell, 'sh', place, process.execPath, take], { encoding: 'utf8' });
  assert.equal(text, 'true\ntrue\n');
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
  assert.throws(() => Lock.take(join(folder, 'none/such')), {
    code: 'ENOENT',
    syscall: 'open',
    message: `ENOENT: No such file or directory, open '${join(folder, 'none/such')}'`,
  });
  assert.deepEqual(openFds(), before);
});
