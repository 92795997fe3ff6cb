import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted, someOf } from './counted.js';

test('one has no s, none and many have', () => {
  assert.equal(counted(1, 'service'), '1 service');
  assert.equal(counted(0, 'service'), '0 services');
  assert.equal(counted(2, 'service'), '2 services');
  assert.equal(counted(1, 'address', 'addresses'), '1 address');
  assert.equal(counted(3, 'address', 'addresses'), '3 addresses');
});

test('a list is cut, and what is left out is counted', () => {
  assert.equal(someOf(['a', 'b'], 2), 'a, b');
  assert.equal(someOf(['a', 'b', 'c', 'd'], 2), 'a, b and 2 more');
  assert.equal(someOf([], 2), '');
});
