import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mix, randomFrom } from './random.js';

test('a seed gives one sequence, another seed another', () => {
  const draw = (seed: number): readonly number[] => Array.from({ length: 8 }, randomFrom(seed).next);
  assert.deepEqual(draw(7), draw(7));
  assert.notDeepEqual(draw(7), draw(8));
});

test('numbers stay within their bounds and come out about even', () => {
  const random = randomFrom(1);
  const counts = [0, 0, 0, 0, 0];
  for (let drawn = 0; drawn < 10_000; drawn++) counts[random.between(3, 7) - 3]!++;
  for (const count of counts) assert.ok(count > 1800 && count < 2200, `${counts}`);
  assert.equal(random.chance(0), false);
  assert.equal(random.chance(1), true);
});

test('mix differs by every part and its place', () => {
  assert.equal(mix(1, 2, 3), mix(1, 2, 3));
  assert.equal(new Set([mix(1, 2, 3), mix(1, 3, 2), mix(2, 2, 3), mix(1, 2), mix(1, 2, 4)]).size, 5);
});
