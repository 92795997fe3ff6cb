// Scripts that must end, with all that belongs to them, and what they may leave behind.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { unlessCode } from '../../sys/errno.js';
import { openFds } from '../../sys/fd.js';
import { signalProcess } from '../../sys/processes/child.js';
import { type RunningScript, type RunOptions, runScript, scriptsEnded } from './run-script.js';

const folder = mkdtempSync(join(tmpdir(), 'weir-scripts-'));
after(() => {
  assert.deepEqual(openFds(), []);
  rmSync(folder, { recursive: true });
});

let scripts = 0;

interface Started {
  readonly running: RunningScript;
  /** Its processes have written so many numbers. */
  pids(count: number): Promise<readonly number[]>;
}

const identity = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

/** A shell script that notes a process by `note PID`. */
function start(text: string, options: RunOptions): Started {
  const out = join(folder, `out${++scripts}`);
  const running = runScript({ kind: 'shell', text: `note() { echo $1 >> ${out}; }\n${text}`, identity }, options);
  assert.ok(typeof running !== 'string', String(running));
  const noted = (): readonly number[] => (existsSync(out) ? readFileSync(out, 'utf8').trim().split('\n').map(Number) : []);
  return {
    running,
    pids: async (count) => {
      while (noted().length < count) await sleep(10);
      return noted();
    },
  };
}

/** Neither gone nor a zombie. */
function lives(pid: number): boolean {
  const stat = unlessCode(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), ['ENOENT', 'ESRCH'], ') Z');
  return !/\) [ZX]/.test(stat);
}

async function allGone(pids: readonly number[]): Promise<void> {
  while (pids.some(lives)) await sleep(10);
}

/** A process that is still there although its script was ended. */
function left(pid: number): void {
  assert.ok(lives(pid), `${pid} has ended`);
  signalProcess(pid, 'SIGKILL');
}

/** A shell has begun what it is for by then, on a busy machine too. */
const FAMILY = { timeoutMs: 4000, wholeFamily: true };

/** Notes a process once it has a session of its own, which on a busy machine is some time after it began. */
const NOTE_ALONE = 'noteAlone() { until [ "$(ps -o sid= -p $1)" -eq $1 ]; do sleep 0.01; done; note $1; }\n';
const PATIENT_MS = 6000;
const timedOut = { kind: 'timedOut' };

describe('a script whose time is over', { concurrency: true }, () => {
  test('ends with a child that has a session of its own', async () => {
    const { running, pids } = start('setsid sleep 1000 & note $!; wait', FAMILY);
    const all = await pids(1);
    assert.deepEqual(await running.ended, timedOut);
    await allGone([running.pid, ...all]);
  });

  test('ends though it and such a child ignore TERM', async () => {
    const signals: string[] = [];
    const options: RunOptions = { ...FAMILY, onSignal: (signal) => signals.push(signal) };
    const { running, pids } = start("trap '' TERM; setsid sleep 1000 & note $!; while :; do sleep 1; done", options);
    const all = await pids(1);
    assert.deepEqual(await running.ended, timedOut);
    await allGone([running.pid, ...all]);
    assert.deepEqual(signals, ['SIGTERM', 'SIGKILL']);
  });

  test('takes along what ignores TERM in its group, also where the parent ended long ago', async () => {
    const stubborn = 'sh -c \'trap "" TERM; echo $$ >> $0; while :; do sleep 1; done\'';
    const { running, pids } = start(
      `out=$(mktemp -u); ${stubborn} $out & (${stubborn} $out &); until [ -e $out ] && [ $(wc -l < $out) = 2 ]; do sleep 0.01; done; while read p; do note $p; done < $out; rm $out; wait`,
      {
        ...FAMILY,
        timeoutMs: 6000,
      },
    );
    const all = await pids(2);
    assert.deepEqual(await running.ended, timedOut);
    await allGone([running.pid, ...all]);
  });

  test('ends with dozens of processes that fork from sessions of their own and ignore TERM', async () => {
    const fork = join(folder, 'fork');
    const body = `trap '' TERM; echo $$ >> ${fork}.pids; [ $1 -gt 0 ] && { setsid sh $0 $(($1 - 1)) & setsid sh $0 $(($1 - 1)) & }; while :; do sleep 1; done`;
    const { running } = start(`echo '${body.replaceAll("'", "'\\''")}' > ${fork}; sh ${fork} 5`, { ...FAMILY, timeoutMs: 15_000 });
    assert.deepEqual(await running.ended, timedOut);
    const all = readFileSync(`${fork}.pids`, 'utf8').trim().split('\n').map(Number);
    assert.ok(all.length > 30, `${all.length} processes`);
    await allGone([running.pid, ...all]);
  });

  test('leaves a daemon that it started', async () => {
    const { running, pids } = start(`${NOTE_ALONE}(setsid sleep 1000 & noteAlone $!); sleep 1000`, { ...FAMILY, timeoutMs: PATIENT_MS });
    const [daemon = 0] = await pids(1);
    assert.deepEqual(await running.ended, timedOut);
    left(daemon);
  });

  test('leaves, without its family, a child that has a session of its own', async () => {
    const { running, pids } = start(`${NOTE_ALONE}setsid sleep 1000 & noteAlone $!; wait`, { timeoutMs: PATIENT_MS });
    const [child = 0] = await pids(1);
    assert.deepEqual(await running.ended, timedOut);
    await allGone([running.pid]);
    left(child);
  });
});

test('a script that ends by itself leaves behind what it started, as with keepalived', async () => {
  const { running, pids } = start('sleep 1000 & note $!; exit 3', { timeoutMs: 60_000, wholeFamily: true });
  assert.deepEqual(await running.ended, { kind: 'exited', status: 3 });
  const [child = 0] = await pids(1);
  running.end();
  await scriptsEnded();
  left(child);
});

test('a daemon that stops waits for its scripts, and kills those that do not end', async () => {
  const signals: string[] = [];
  const text = "trap '' TERM; setsid sleep 1000 & note $!; while :; do sleep 1; done";
  const { running, pids } = start(text, { wholeFamily: true, onSignal: (signal) => signals.push(signal) });
  const all = await pids(1);
  const willing = start('note $$; exec sleep 1000', {});
  const [one = 0] = await willing.pids(1);
  running.end();
  willing.running.end();
  await scriptsEnded();
  assert.deepEqual([...all, running.pid, one].filter(lives), []);
  assert.deepEqual(signals, ['SIGTERM', 'SIGKILL']);
  running.end();
  running.signal('SIGTERM');
});
