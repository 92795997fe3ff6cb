import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { allocate } from './allocate.js';

test('what one gives up the others share', () => {
  const free = { wish: 100, lowest: 70, highest: 125 };
  assert.deepEqual(allocate([{ wish: 70, lowest: 70, highest: 70 }, free, free], 300), [70, 115, 115]);
});

const wishes = fc.array(
  fc
    .tuple(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0.01, max: 5000, noNaN: true }))
    .map(([lowest, more, wish]) => ({ wish, lowest, highest: lowest + more })),
  { minLength: 1, maxLength: 20 },
);

test('whole numbers within the limits, with the sum wherever the limits allow it', () => {
  fc.assert(
    fc.property(wishes, fc.integer({ min: 0, max: 30_000 }), (list, total) => {
      const result = allocate(list, total);
      const sum = result.reduce((all, one) => all + one, 0);
      const least = list.reduce((all, { lowest }) => all + lowest, 0);
      const most = list.reduce((all, { highest }) => all + highest, 0);
      assert.equal(sum, Math.min(most, Math.max(least, total)));
      for (const [index, { lowest, highest }] of list.entries()) {
        const value = result[index] ?? -1;
        assert.ok(Number.isInteger(value) && value >= lowest && value <= highest);
      }
    }),
  );
});
