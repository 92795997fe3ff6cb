// ARP messages there and back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { ipv4, mac, staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { decodeArp, encodeArp } from './arp.js';
import { ZERO_MAC } from './ethernet.js';

const message = fc.record(
  {
    operation: fc.constantFrom('request' as const, 'reply' as const),
    senderMac: mac,
    senderAddress: ipv4,
    targetMac: mac,
    targetAddress: ipv4,
  },
  { noNullPrototype: true },
);
const probe = {
  operation: 'request',
  senderMac: '02:00:00:00:00:01',
  senderAddress: { family: 'inet', words: [0] },
  targetMac: ZERO_MAC,
  targetAddress: { family: 'inet', words: [0xc0a80001] },
} as const;

test('messages survive the round trip', () => {
  fc.assert(fc.property(message, (value) => assert.deepEqual(decodeArp(encodeArp(value)), value)));
});

test('a probe as RFC 5227 wants it', () => {
  assert.equal(Buffer.from(encodeArp(probe)).toString('hex'), '000108000604000102000000000100000000000000000000c0a80001');
});

test('bad messages', () => {
  const sample = encodeArp(probe);
  assert.equal(decodeArp(sample.subarray(0, 27)), undefined);
  assert.equal(decodeArp(Object.assign(sample.slice(), { 7: 3 })), undefined, 'reverse ARP');
  assert.equal(decodeArp(Object.assign(sample.slice(), { 1: 6 })), undefined, 'other hardware');
  survivesGarbage(decodeArp, sample);
  staysInside(decodeArp, sample);
});
