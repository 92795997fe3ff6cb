import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { runChild, runChildSync, signalProcess, startChild, startTime } from './child.js';

test('output, error output, input and status come back', async () => {
  const result = await runChild(['sh', '-c', 'cat; echo oops >&2; exit 3'], { input: 'hello\n' });
  assert.deepEqual(result, { exit: 3, stdout: 'hello\n', stderr: 'oops\n', timedOut: false, cut: false });
});

test('a command that is not there: 127 and why', async () => {
  const result = await runChild(['/nowhere/at-all']);
  assert.equal(result.exit, 127);
  assert.match(result.stderr, /ENOENT/);
  assert.equal(runChildSync(['/nowhere/at-all']).exit, 127);
});

test('a command that node throws for: 127 and why, too', async () => {
  const result = await runChild(['true', 'x'.repeat(200_000)]);
  assert.equal(result.exit, 127);
  assert.match(result.stderr, /E2BIG/);
});

test('a command that never reads its input does no harm', async () => {
  assert.equal((await runChild(['true'], { input: 'x'.repeat(1 << 20) })).exit, 0);
});

test('output beyond the limit is dropped, and the result reports it', async () => {
  const result = await runChild(['sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x'], { keepBytes: 1000 });
  assert.deepEqual([result.stdout.length, result.cut, result.exit], [1000, true, 0]);
});

test('after the timeout the whole process group is killed', async () => {
  const result = await runChild(['sh', '-c', 'sleep 1000 & echo $!; wait'], { timeoutMs: 300 });
  assert.deepEqual([result.exit, result.timedOut], [137, true]);
  // Its pipes are closed before its end is complete.
  for (let looks = 1000; startTime(Number(result.stdout)) !== undefined; looks--) {
    assert.ok(looks > 0, 'still there');
    await setTimeout(10);
  }
});

test('an abort ends the group, also before it began', async () => {
  const controller = new AbortController();
  const running = runChild(['sh', '-c', 'sleep 1000; true'], { abort: controller.signal });
  controller.abort();
  assert.equal((await running).exit, 143);
  assert.equal((await runChild(['sleep', '1000'], { abort: controller.signal })).exit, 143);
});

test('a grandchild that keeps the pipes open does not delay the result for ever', async () => {
  const result = await runChild(['sh', '-c', 'sleep 1000 & echo $!']);
  assert.equal(result.exit, 0);
  assert.ok(signalProcess(Number(result.stdout), 'SIGKILL'));
});

test('a process that stays: its output files and its end', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-child-'));
  try {
    const service = await startChild(['sh', '-c', 'echo out; echo err >&2; exec sleep 1000'], {
      stdoutPath: join(folder, 'out'),
      stderrPath: join(folder, 'err'),
    });
    assert.ok(service.running());
    assert.notEqual(startTime(service.pid), undefined);
    while (service.stderr() === '') await new Promise((done) => setImmediate(done));
    assert.equal(readFileSync(join(folder, 'out'), 'utf8'), 'out\n');
    assert.equal(await service.stop(), 143);
    assert.ok(!service.running());
    assert.equal(startTime(service.pid), undefined);
    await assert.rejects(startChild(['/nowhere/at-all'], { stderrPath: join(folder, 'err') }), /ENOENT/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('without a file the error output of a process that stays is kept in memory', async () => {
  const service = await startChild(['sh', '-c', 'echo err >&2; exec sleep 1000'], {});
  while (service.stderr() === '') await new Promise((done) => setImmediate(done));
  assert.equal(service.stderr(), 'err\n');
  assert.equal(await service.stop('SIGKILL'), 137);
});

test('a process that ignores SIGTERM is killed when its grace period is over', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'weir-child-'));
  try {
    const service = await startChild(['sh', '-c', 'trap "" TERM; echo ready >&2; while :; do sleep 0.05; done'], {
      stderrPath: join(folder, 'err'),
    });
    while (service.stderr() === '') await new Promise((done) => setImmediate(done));
    assert.equal(await service.stop('SIGTERM', 100), 137);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a signal to a process that is gone is no error', () => {
  const { stdout } = runChildSync(['sh', '-c', 'echo $$']);
  assert.equal(signalProcess(Number(stdout), 0), false);
});

test('without descriptors left there is a result, too', () => {
  const script = `import { closeSync, openSync, writeSync } from 'node:fs';
    import { runChild } from ${JSON.stringify(new URL('./child.js', import.meta.url).href)};
    const taken = [];
    try { for (;;) taken.push(openSync('/dev/null')); } catch {}
    const { exit, stderr } = await runChild(['true']);
    taken.forEach(closeSync);
    writeSync(1, exit + ' ' + stderr);`;
  const words = ['prlimit', '--nofile=200', process.execPath, '--input-type=module', '-e', script];
  assert.match(runChildSync(words).stdout, /^127 .*EMFILE/);
});
