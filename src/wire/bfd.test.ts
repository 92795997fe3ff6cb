import assert from 'node:assert/strict';
import { test } from 'node:test';
import { plainControl } from '../../test/support/bfd-control.js';
import fc from '../../test/support/properties.js';
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

const common: BfdControl = { ...plainControl, myDiscriminator: 0x49ed7939 };
const known = { ...common, yourDiscriminator: 0x49ed7939 };
const up = { ...known, state: 'up', desiredMinTxUs: 10_000 } as const;

/** How two keepalived 2.2.7 came up, as captured. (Started in one second they have the same discriminator.) */
const captured: Readonly<Record<string, BfdControl>> = {
  '2040051849ed793900000000000f42400000271000000000': common,
  '2080051849ed793949ed7939000f42400000271000000000': { ...known, state: 'init' },
  '20e0051849ed793949ed7939000027100000271000000000': { ...up, poll: true },
  '20d0051849ed793949ed7939000027100000271000000000': { ...up, final: true },
  '20c0051849ed793949ed7939000027100000271000000000': up,
};

test('what is written is read', () => {
  fc.assert(fc.property(control, (one) => assert.deepEqual(decodeBfd(encodeBfd(one)), { ...one })));
});

test('a handshake of keepalived’s, byte by byte', () => {
  for (const [hex, packet] of Object.entries(captured)) {
    assert.deepEqual(decodeBfd(Buffer.from(hex, 'hex')), packet);
    assert.equal(Buffer.from(encodeBfd(packet)).toString('hex'), hex);
  }
});

test('anything of 24 bytes has fields, anything shorter has none', () => {
  const sample = encodeBfd(up);
  survivesGarbage(decodeBfd, sample);
  staysInside(decodeBfd, sample);
  assert.equal(decodeBfd(sample.subarray(0, 23)), undefined);
  assert.deepEqual(decodeBfd(Uint8Array.of(...sample, 1, 2, 3)), up);
});
