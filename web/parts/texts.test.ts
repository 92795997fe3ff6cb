// Numbers and times as the dashboard prints them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ago, duration, milliseconds, shortNumber } from './texts.js';

test('a number has three digits and a unit', () => {
  const shown = [0, 7, 0.25, 12.5, 999, 1000, 1234, 12_345, 123_456, 1_234_567, '18446744073709551615'];
  assert.deepEqual(shown.map(shortNumber), ['0', '7', '0.25', '12.5', '999', '1 k', '1.23 k', '12.3 k', '123 k', '1.23 M', '18.4 E']);
});

test('a number that is rounded up to the next unit is printed in that', () => {
  assert.deepEqual([999.6, 999_600, 9.996, 99.96].map(shortNumber), ['1 k', '1 M', '10', '100']);
});

test('a duration has its two greatest units', () => {
  const shown = [-1, 0, 59.4, 59.6, 75, 3599.6, 3600, 86_399, 90_000].map(duration);
  assert.deepEqual(shown, ['0s', '0s', '59s', '1m0s', '1m15s', '1h0m', '1h0m', '23h59m', '1d1h']);
});

test('a time of a check is in milliseconds, short ones with a tenth', () => {
  assert.deepEqual([0.0004, 0.0031, 0.00996, 0.0123, 2.5].map(milliseconds), ['0.4 ms', '3.1 ms', '10 ms', '12 ms', '2500 ms']);
});

test('how long ago a moment is; one from the start is none', () => {
  assert.equal(ago('2026-11-27T11:00:00.000Z', Date.UTC(2026, 10, 27, 12)), '1h0m');
  assert.equal(ago(null, 0), '');
});
