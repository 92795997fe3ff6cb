import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../test/support/properties.js';
import { median, middleMean } from './median.js';

test('the middle of odd and even numbers of samples, in any order', () => {
  assert.equal(median([9, 1, 5]), 5);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test('at most half of the samples lie on either side', () => {
  fc.assert(
    fc.property(fc.array(fc.integer(), { minLength: 1 }), (samples) => {
      const middle = median(samples);
      assert.ok(samples.filter((x) => x < middle).length <= samples.length / 2);
      assert.ok(samples.filter((x) => x > middle).length <= samples.length / 2);
    }),
  );
});

test('the mean of the middle half: no sample of the outer quarters counts', () => {
  assert.equal(middleMean([1000, 4, 5, 0]), 4.5);
  assert.equal(middleMean([7]), 7);
  assert.ok(Number.isNaN(middleMean([])));
});
