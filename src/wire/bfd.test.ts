import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { staysInside, survivesGarbage, word } from '../../test/support/wire-generators.js';
import { BFD_STATES, type BfdControl, decodeBfd, encodeBfd } from './bfd.js';

const control: fc.Arbitrary<BfdControl> = fc.record({
  version: fc.nat(7),
  diagnostic: fc.nat(31),
  state: fc.constantFrom(...BFD_STATES),
  poll: fc.boolean(),
  final: fc.boolean(),
  controlPlaneIndependent: fc.boolean(),
  authenticated: fc.boolean(),
  demand: fc.boolean(),
  multipoint: fc.boolean(),
  multiplier: fc.nat(255),
  length: fc.nat(255),
  myDiscriminator: word,
  yourDiscriminator: word,
  desiredMinTxUs: word,
  requiredMinRxUs: word,
  requiredMinEchoRxUs: word,
});

/** A session that is up and polls: 10 ms both ways, multiplier 5. */
const POLLING = '20e005181a2b3c4d5e6f70810000271000002710' + '00000000';
const upPolling: BfdControl = {
  version: 1,
  diagnostic: 0,
  state: 'up',
  poll: true,
  final: false,
  controlPlaneIndependent: false,
  authenticated: false,
  demand: false,
  multipoint: false,
  multiplier: 5,
  length: 24,
  myDiscriminator: 0x1a2b3c4d,
  yourDiscriminator: 0x5e6f7081,
  desiredMinTxUs: 10_000,
  requiredMinRxUs: 10_000,
  requiredMinEchoRxUs: 0,
};

test('what is written is read', () => {
  fc.assert(fc.property(control, (one) => assert.deepEqual(decodeBfd(encodeBfd(one)), { ...one })));
});

test('a packet, byte by byte', () => {
  assert.equal(Buffer.from(encodeBfd(upPolling)).toString('hex'), POLLING);
  assert.deepEqual(decodeBfd(Buffer.from(POLLING, 'hex')), upPolling);
});

test('anything of 24 bytes has fields, anything shorter has none', () => {
  const sample = encodeBfd(upPolling);
  survivesGarbage(decodeBfd, sample);
  staysInside(decodeBfd, sample);
  assert.equal(decodeBfd(sample.subarray(0, 23)), undefined);
  assert.deepEqual(decodeBfd(Uint8Array.of(...sample, 1, 2, 3)), upPolling);
});
