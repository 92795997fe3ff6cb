// Scripts of a process that has no file descriptors left: those that run end in their time, and none runs on unseen.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode } from '../../sys/errno.js';
import { openFds } from '../../sys/fd.js';
import { descendants } from '../../sys/processes/process-tree.js';
import { runScript } from './run-script.js';

const identity = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
const [, soft = '', hard = ''] = /^Max open files\s+(\S+)\s+(\S+)/m.exec(readFileSync('/proc/self/limits', 'utf8')) ?? [];

const limit = (count: string): unknown => execFileSync('prlimit', ['--pid', `${process.pid}`, `--nofile=${count}:${hard}`]);

before(() => limit('256'));
after(() => {
  limit(soft);
  assert.deepEqual(openFds(), []);
});

/** Takes all descriptors but so many; the returned function gives them back. */
function takeAllBut(left: number): () => void {
  const taken: number[] = [];
  try {
    for (;;) taken.push(openSync('/dev/null', 'r'));
  } catch (error) {
    if (!hasCode(error, 'EMFILE')) throw error;
  }
  for (const fd of taken.splice(0, left)) closeSync(fd);
  return () => taken.forEach((fd) => closeSync(fd));
}

const below = (): readonly number[] => descendants([process.pid], 100).map(({ pid }) => pid);

test('a script whose time is over when there are no descriptors ends all the same, with its group', async () => {
  const running = runScript({ kind: 'shell', text: 'sleep 1000 & sleep 1000', identity }, { timeoutMs: 4000, wholeFamily: true });
  assert.ok(typeof running !== 'string');
  while (descendants([running.pid], 10).length < 2) await sleep(10);
  const giveBack = takeAllBut(0);
  const outcome = await running.ended;
  giveBack();
  assert.deepEqual(outcome, { kind: 'timedOut' });
  while (below().length > 0) await sleep(10);
});

test('however few descriptors are left, a script is watched or does not run', async () => {
  const seen = new Set<string>();
  for (let left = 0; left <= 8; left++) {
    const giveBack = takeAllBut(left);
    const running = runScript({ kind: 'shell', text: 'exec sleep 1000', identity }, {});
    giveBack();
    seen.add(typeof running);
    if (typeof running === 'string') {
      assert.match(running, /EMFILE/);
      assert.deepEqual(below(), [], `${left} left: ${running}`);
      continue;
    }
    running.end();
    await running.ended;
    assert.deepEqual(below(), []);
  }
  assert.deepEqual([...seen].sort(), ['object', 'string']);
});
