import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Pool } from '../../model/layer7/pool.js';
import { FeedbackWeights } from './feedback-weights.js';

const pools = (weights: Readonly<Record<string, number>>): readonly Pool[] => [
  { name: 'web', servers: Object.entries(weights).map(([name, weight]) => ({ name, weight })) } as unknown as Pool,
];

test('a reload with another weight of a server, or without it, ends what feedback wrote for it', () => {
  const moved = new FeedbackWeights();
  const before = { a: 1, b: 1, c: 1 };
  const writes = Object.keys(before).map((server) => ({ server, from: 1, to: 80 }));
  moved.write('web', 100, writes, () => 1);
  moved.forget(pools(before), pools({ a: 1, b: 3 }));
  assert.deepEqual(
    ['a', 'b', 'c'].map((server) => moved.writtenOf('web', server)),
    [80, undefined, undefined],
  );
});
