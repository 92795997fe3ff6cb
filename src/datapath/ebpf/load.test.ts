import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultCapacity } from './load.js';

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
