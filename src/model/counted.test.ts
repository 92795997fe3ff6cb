import assert from 'node:assert/strict';
import { test } from 'node:test';
import { counted } from './counted.js';

test('one has no s, none and many have', () => {
  assert.equal(counted(1, 'service'), '1 service');
  assert.equal(counted(0, 'service'), '0 services');
  assert.equal(counted(2, 'service'), '2 services');
  assert.equal(counted(1, 'address', 'addresses'), '1 address');
  assert.equal(counted(3, 'address', 'addresses'), '3 addresses');
});
