import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bucketsFor, defaultCapacity } from './object.js';

test('counters of all possible CPUs stay within 128 MB', () => {
  for (const [cpus, destinations] of [
    [1, 65536],
    [32, 65536],
    [33, 32768],
    [128, 16384],
    [1024, 2048],
  ] as const) {
    assert.equal(defaultCapacity(cpus).maxDestinations, destinations, `${cpus} CPUs`);
  }
});

test('a table is made for twice its connections, rounded up to a power of two', () => {
  assert.equal(bucketsFor(1 << 20), 1 << 19);
  assert.equal(bucketsFor(100_000), 1 << 16);
  assert.equal(bucketsFor(131_072), 1 << 16);
  assert.equal(bucketsFor(131_073), 1 << 17);
});
