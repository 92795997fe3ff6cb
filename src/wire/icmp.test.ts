// ICMP messages there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { byte, bytes, half, staysInside, survivesGarbage, word } from '../../test/support/wire-generators.js';
import { internetChecksum } from './checksum.js';
import { decodeIcmp, encodeIcmp, isIcmpError } from './icmp.js';

const message = fc.record({ type: byte, code: byte, rest: word, body: bytes(), checksum: half }, { noNullPrototype: true });

test('messages survive the round trip', () => {
  fc.assert(fc.property(message, (value) => assert.deepEqual(decodeIcmp(encodeIcmp(value)), value)));
});

test('a checksum left out is right', () => {
  fc.assert(fc.property(message, ({ checksum: _, ...value }) => assert.equal(internetChecksum(encodeIcmp(value)), 0)));
});

test('errors differ from requests and replies', () => {
  const errors = Array.from({ length: 256 }, (_, type) => type).filter(isIcmpError);
  assert.deepEqual(errors, [3, 4, 5, 11, 12]);
});

test('bad messages', () => {
  const sample = encodeIcmp({ type: 3, code: 3, rest: 0, body: new Uint8Array(28) });
  assert.equal(decodeIcmp(sample.subarray(0, 7)), undefined);
  survivesGarbage(decodeIcmp, sample);
  staysInside(decodeIcmp, sample);
});
