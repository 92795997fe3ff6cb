// Which of the packets that are held back goes on when, and why.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HeldQueue } from './held-queue.js';

function queueOf(boundMs: number, room?: number) {
  const released: string[] = [];
  const queue = new HeldQueue<string>(boundMs, (packet) => released.push(packet), room);
  return { queue, released };
}

test('a packet goes on when each peer has what was in the tables when it came', () => {
  const { queue, released } = queueOf(10);
  queue.hold('a', 100);
  queue.hold('b', 102);
  queue.look([100, 105], 103);
  assert.deepEqual(released, [], 'of what came at that moment one peer is not known to have it');
  queue.look([101, 105], 104);
  assert.deepEqual(released, ['a']);
  queue.look([102.5, 105], 106);
  assert.deepEqual([released, queue.dueAt], [['a', 'b'], undefined]);
  const { held, released: why, waitedMs, longestMs } = queue.counts;
  assert.deepEqual([held, why, waitedMs, longestMs], [2, { acknowledged: 2, bound: 0, full: 0, alone: 0 }, 8, 4]);
});

test('it goes on after the bound, whatever the peers have', () => {
  const { queue, released } = queueOf(10);
  queue.hold('a', 100);
  queue.hold('b', 104);
  assert.equal(queue.dueAt, 110);
  queue.look([Number.NEGATIVE_INFINITY], 109.9);
  assert.deepEqual(released, []);
  queue.look([Number.NEGATIVE_INFINITY], 110);
  assert.deepEqual([released, queue.dueAt], [['a'], 114]);
  queue.look([50], 500);
  assert.deepEqual([released, queue.counts.released.bound], [['a', 'b'], 2]);
});

test('where one has waited for much longer than the bound, nothing more is to be held back for a second', () => {
  const { queue, released } = queueOf(10);
  queue.hold('a', 100);
  queue.look([], 130);
  assert.deepEqual([released, queue.isPaused(130)], [['a'], false]);
  queue.hold('b', 200);
  queue.look([201], 231);
  assert.deepEqual([released, queue.isPaused(231), queue.isPaused(1230), queue.isPaused(1231)], [['a', 'b'], true, true, false]);
});

test('what has waited for more than a second, since the process hung, is dropped and counted', () => {
  const { queue, released } = queueOf(10);
  queue.hold('old', 100);
  queue.hold('young', 101);
  queue.look([1200], 1101);
  assert.deepEqual([released, queue.stale], [['young'], 1]);
  const { held, released: why, longestMs } = queue.counts;
  assert.deepEqual([held, why.acknowledged, why.bound, longestMs], [2, 1, 0, 1000]);
});

test('without a peer that can take connections nothing waits', () => {
  const { queue, released } = queueOf(10);
  queue.hold('a', 100);
  queue.look([], 100);
  assert.deepEqual([released, queue.counts.released.alone], [['a'], 1]);
});

test('what finds no room goes on, and for a second nothing more is to be held back', () => {
  const { queue, released } = queueOf(10, 2);
  for (const [packet, at] of [
    ['a', 100],
    ['b', 100],
    ['c', 101],
  ] as const)
    queue.hold(packet, at);
  assert.deepEqual([released, queue.counts.released.full], [['c'], 1]);
  assert.deepEqual([queue.isPaused(101), queue.isPaused(1100), queue.isPaused(1101)], [true, true, false]);
  queue.look([100.5], 102);
  assert.deepEqual(released, ['c', 'a', 'b']);
  queue.hold('d', 103);
  assert.equal(released.length, 3, 'there is room again');
});
