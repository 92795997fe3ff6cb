import assert from 'node:assert/strict';
import { test } from 'node:test';
import { countHalfOpen, isStuck } from './half-open-count.js';

test('connections that ended before the first half-open one do not speak for the server', () => {
  assert.deepEqual(countHalfOpen([20, 15], [30, 16]), { halfOpen: 2, others: 1 });
  assert.deepEqual(countHalfOpen([], [30, 16]), { halfOpen: 0, others: 2 });
});

test('a client that went away long ago does not hide what fails now', () => {
  const served = Array.from({ length: 40 }, (_, index) => 10 + index);
  assert.deepEqual(countHalfOpen([55, 8, 6, 4], served), { halfOpen: 3, others: 0 });
  assert.ok(isStuck(countHalfOpen([55, 8, 6, 4], served)));
});

test('the earliest moment counts', () => {
  assert.deepEqual(countHalfOpen([4, 5, 6, 7], [7]), { halfOpen: 4, others: 1 });
});

test('a few that went away beside many that are served are not stuck', () => {
  assert.ok(
    !isStuck(
      countHalfOpen(
        [20, 10, 5],
        Array.from({ length: 60 }, (_, index) => index / 2),
      ),
    ),
  );
});
