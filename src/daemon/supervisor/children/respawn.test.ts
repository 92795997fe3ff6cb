import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRespawn, type Respawns } from './respawn.js';

test('0, 1, 2, 4 … 60 seconds, and from 0 again after a life of a minute', () => {
  let past: Respawns = {};
  const delays = Array.from({ length: 9 }, () => {
    const next = nextRespawn(past, 1);
    past = next.past;
    return next.delayS;
  });
  assert.deepEqual(delays, [0, 1, 2, 4, 8, 16, 32, 60, 60]);
  assert.equal(nextRespawn(past, 60).delayS, 0);
});
