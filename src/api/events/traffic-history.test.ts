import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noStats } from '../../datapath/memory/memory-director.js';
import { TrafficHistory } from './traffic-history.js';

const MINUTE_MS = 60_000;
const stats = (conns: bigint) => ({ ...noStats, conns });

test('a sample a minute, of an hour and some minutes', () => {
  const history = new TrafficHistory();
  for (let second = 0; second < 7200; second++) {
    const atMs = second * 1000;
    if (history.isDue(atMs)) history.add({ atMs, totals: stats(BigInt(second)), dropped: 0n });
  }
  const times = history.samples.map(({ atMs }) => atMs);
  assert.deepEqual([times.length, times.at(-1)], [63, 119 * MINUTE_MS]);
  assert.ok(times.includes(59 * MINUTE_MS), 'an hour ago');
});

test('of a datapath that was loaded again, and after a clock was set back, what was before is forgotten', () => {
  const history = new TrafficHistory();
  const add = (minute: number, conns: bigint, dropped = 0n): void =>
    history.add({ atMs: minute * MINUTE_MS, totals: stats(conns), dropped });
  add(1, 5n);
  add(2, 9n);
  add(3, 2n);
  assert.equal(history.samples.length, 1);
  add(4, 3n, 7n);
  add(5, 4n, 1n);
  assert.equal(history.samples.length, 1);
  assert.equal(history.isDue(MINUTE_MS), true);
  add(1, 5n, 2n);
  assert.deepEqual([history.samples.length, history.samples[0]?.atMs], [1, MINUTE_MS]);
});
