// The last minute beside that of an hour before, of samples a minute apart.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TrafficHistory } from './api-values.js';
import { minutesOf } from './hour-ago.js';

type Sample = TrafficHistory['samples'][number];

const [BEGUN_MS, MINUTE_MS] = [Date.UTC(2026, 10, 27, 9), 60_000];

/** After so many minutes, in each of which there were ten times as many connections as the number of it. */
function sampleAfter(minutes: number): Sample {
  const count = (minutes * (minutes + 1)) / 2;
  const [connections, packets, bytes] = [600 * count, 6000 * count, 60_000 * count].map(String) as [string, string, string];
  return {
    at: new Date(BEGUN_MS + minutes * MINUTE_MS).toISOString(),
    totals: { connections, packets_in: packets, packets_out: '0', bytes_in: bytes, bytes_out: '0' },
    dropped: String(60 * count),
  };
}

const history = (...minutes: readonly number[]): TrafficHistory => ({ samples: minutes.map(sampleAfter) });
const upTo = (last: number): readonly number[] => Array.from({ length: last + 1 }, (_, minute) => minute);

test('without two samples nothing is known', () => {
  assert.deepEqual(minutesOf(history()), { last: undefined, hourAgo: undefined });
  assert.deepEqual(minutesOf(history(0)), { last: undefined, hourAgo: undefined });
});

test('rates are those of a second in the minute, which is named by its beginning', () => {
  const { last, hourAgo } = minutesOf(history(0, 1));
  assert.deepEqual(last, { at: BEGUN_MS, connections: 10, packetsIn: 100, bytesIn: 1000, dropped: 1 });
  assert.equal(hourAgo, undefined);
});

test('a longer pause between two samples counts as what it was', () => {
  assert.equal(minutesOf(history(0, 3)).last?.connections, (600 * 6) / 180);
});

test('an hour before the last minute is the minute that began then', () => {
  const { last, hourAgo } = minutesOf(history(...upTo(62)));
  assert.equal(last?.connections, 620);
  assert.equal(last?.at, BEGUN_MS + 61 * MINUTE_MS);
  assert.deepEqual(hourAgo, { at: BEGUN_MS + MINUTE_MS, connections: 20, packetsIn: 200, bytesIn: 2000, dropped: 2 });
});

test('where the minute itself is missing, one beside it stands for it; none that is farther away', () => {
  // The last minute begins at 62: an hour before it is 2.
  assert.equal(minutesOf(history(3, 4, 62, 63)).hourAgo?.at, BEGUN_MS + 3 * MINUTE_MS);
  assert.equal(minutesOf(history(5, 6, 62, 63)).hourAgo, undefined);
  assert.equal(minutesOf(history(...upTo(40))).hourAgo, undefined);
});

test('counters of 64 bits keep their differences', () => {
  const [from, to] = [sampleAfter(0), sampleAfter(1)];
  const far = (2n ** 63n).toString();
  const more = (2n ** 63n + 120n).toString();
  const samples = [
    { ...from, totals: { ...from.totals, bytes_in: far } },
    { ...to, totals: { ...to.totals, bytes_in: more } },
  ];
  assert.equal(minutesOf({ samples }).last?.bytesIn, 2);
});
