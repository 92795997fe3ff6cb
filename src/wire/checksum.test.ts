// The internet checksum against RFC examples.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fold, internetChecksum, sumWords } from './checksum.js';

test('the example of RFC 1071 section 3', () => {
  const example = Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7);
  assert.equal(fold(sumWords(example)), 0xddf2);
  assert.equal(internetChecksum(example), 0x220d);
});

test('a real IPv4 header sums to zero', () => {
  const header = Buffer.from('45000073000040004011b861c0a80001c0a800c7', 'hex');
  assert.equal(internetChecksum(header), 0);
});

test('an odd last byte counts as if padded with zero', () => {
  assert.equal(internetChecksum(Uint8Array.of(1, 2, 3)), internetChecksum(Uint8Array.of(1, 2, 3, 0)));
});

test('carries fold however many there are', () => {
  assert.equal(internetChecksum(new Uint8Array(65536).fill(0xff)), 0);
});
