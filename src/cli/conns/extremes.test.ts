// The same as sorting everything and taking the first ones, for any order of arrival.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { Extremes } from './extremes.js';

test('as many as there is room for, in the order, equals as they came', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(9), fc.nat())), fc.nat(12), (items, room) => {
      const before = ([one]: readonly [number, number], [other]: readonly [number, number]): number => one - other;
      const extremes = new Extremes(room, before);
      for (const item of items) extremes.add(item);
      assert.deepEqual(extremes.all(), [...items].sort(before).slice(0, room));
    }),
  );
});
