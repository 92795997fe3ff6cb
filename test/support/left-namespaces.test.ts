import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { after, test } from 'node:test';
import { removeLeftNamespaces } from './left-namespaces.js';
import { Bed, noNamespaces } from './netns-bed.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

test('namespaces of a process that is gone are removed with what runs in them, and others are not', { skip }, async () => {
  const own = bed.host('own');
  const gone = spawn('true');
  await once(gone, 'exit');
  const left = `wnet${gone.pid}x1-left`;
  assert.equal(spawnSync('ip', ['netns', 'add', left]).status, 0);
  const inside = spawn('ip', ['netns', 'exec', left, 'sh', '-c', 'echo; exec sleep 100']);
  bed.endsWith(inside);
  await once(inside.stdout, 'data');
  const ended = once(inside, 'exit');
  removeLeftNamespaces();
  assert.deepEqual(await ended, [null, 'SIGKILL']);
  assert.deepEqual(
    [left, own.namespace].map((name) => existsSync(`/run/netns/${name}`)),
    [false, true],
  );
});
