import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { wrrNumbers, wrrWeightAfter } from './wrr.js';

test('numbers of wrr: the gcd of the positive weights, and the largest less gcd - 1', () => {
  assert.deepEqual(wrrNumbers([4, 8, 12]), { gcd: 4, max: 9 });
  assert.deepEqual(wrrNumbers([5, 0, 3]), { gcd: 1, max: 5 });
  assert.deepEqual(wrrNumbers([0, 0]), { gcd: 1, max: 0 });
  assert.deepEqual(wrrNumbers([]), { gcd: 1, max: 0 });
  assert.deepEqual(wrrNumbers([2147483647]), { gcd: 2147483647, max: 1 });
});

test('one that joins can be reckoned from the numbers alone', () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 8 });
  fc.assert(
    fc.property(weights, fc.integer({ min: 0, max: 1000 }), (before, weight) => {
      const { gcd, max } = wrrNumbers(before);
      const others = max === 0 ? [] : [gcd, max + gcd - 1];
      assert.deepEqual(wrrNumbers([...others, weight]), wrrNumbers([...before, weight]));
    }),
  );
});

test('the current weight stays where it is within the new bounds, on a step of the gcd', () => {
  assert.equal(wrrWeightAfter(0, 1, 5), 5);
  assert.equal(wrrWeightAfter(9, 1, 5), 5);
  assert.equal(wrrWeightAfter(3, 1, 5), 3);
  assert.equal(wrrWeightAfter(6, 4, 9), 5);
});
