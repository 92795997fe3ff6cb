// How fast a drain empties, and when it will be empty.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Drain, DrainSample } from '../../model/drain/drain.js';
import { forecastSeconds, leavingRate } from './drain-value.js';

const US = 1_000_000;
const seen = (...looks: readonly (readonly [atS: number, open: number])[]): Pick<Drain, 'samples' | 'remaining'> => ({
  samples: looks.map(([atS, open]): DrainSample => [atS * US, open]),
  remaining: { open: looks.at(-1)?.[1] ?? 0, over: 0, byState: {}, persistent: 0, idleMaxS: null },
});

test('the rate is that from the first look to the last, and the forecast follows it', () => {
  const drain = seen([100, 60], [101, 58], [102, 40], [110, 30]);
  assert.deepEqual([leavingRate(drain), forecastSeconds(drain)], [3, 10]);
});

test('without a second look, or where none leaves, there is neither', () => {
  for (const drain of [seen(), seen([100, 60]), seen([100, 60], [110, 60]), seen([100, 60], [110, 61]), seen([100, 60], [100, 50])])
    assert.deepEqual([leavingRate(drain), forecastSeconds(drain)], [undefined, undefined]);
  assert.equal(forecastSeconds({ ...seen([100, 60], [110, 30]), remaining: null }), undefined, 'before the first look');
});

test('an empty one is empty now', () => {
  assert.equal(forecastSeconds(seen([100, 60], [110, 0])), 0);
});
