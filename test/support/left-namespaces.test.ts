import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { removeNetns } from '../../src/sys/namespaces/remove-netns.js';
import { startTime } from '../../src/sys/processes/child.js';
import { removeLeftNamespaces } from './left-namespaces.js';
import { Bed, noNamespaces } from './netns-bed.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

test('namespaces of a process that is gone are removed with what runs in them, and others are not', { skip }, async () => {
  const gone = spawn('true');
  await once(gone, 'exit');
  // Tests beside this one remove what begins as theirs do.
  const [left, own] = [gone.pid, process.pid].map((pid) => `wleft${pid}x1-one`) as [string, string];
  for (const name of [left, own]) {
    assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0);
    bed.atEnd(() => void removeNetns(name));
  }
  const inside = spawn('ip', ['netns', 'exec', left, 'sh', '-c', 'echo; exec sleep 100']);
  bed.endsWith(inside);
  await once(inside.stdout, 'data');
  const ended = once(inside, 'exit');
  removeLeftNamespaces('wleft');
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.deepEqual(
    [left, own].map((name) => existsSync(`/run/netns/${name}`)),
    [false, true],
  );
});

test('what a command left in the background of a host ends with its bed', { skip }, async () => {
  const other = new Bed();
  try {
    const left = Number(other.host('one').run(['sh', '-c', 'sleep 100 > /dev/null 2>&1 & echo $!']).stdout);
    const began = startTime(left);
    assert.ok(began !== undefined);
    other.close();
    for (let tries = 0; startTime(left) === began; tries++) {
      assert.ok(tries < 100, `${left} lives on`);
      await pause(50);
    }
  } finally {
    other.close();
  }
});
