// IPv4 packets there and back, and lengths that are wrong.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { byte, bytes, half, ipv4, options, staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { internetChecksum } from './checksum.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';

const packet = fc.record(
  {
    tos: byte,
    id: half,
    flags: fc.nat(7),
    fragmentOffset: fc.nat(0x1fff),
    ttl: byte,
    protocol: byte,
    source: ipv4,
    destination: ipv4,
    options,
    payload: bytes(),
    checksum: half,
  },
  { noNullPrototype: true },
);
const sample = encodeIpv4({
  ...IPV4_DEFAULTS,
  protocol: 17,
  payload: Uint8Array.of(1, 2, 3, 4),
  source: { family: 'inet', words: [0x0a000001] },
  destination: { family: 'inet', words: [0x0a000002] },
});

test('packets survive the round trip, wrong checksums included', () => {
  fc.assert(fc.property(packet, (value) => assert.deepEqual(decodeIpv4(encodeIpv4(value)), value)));
});

test('a checksum left out is computed', () => {
  assert.equal(internetChecksum(sample.subarray(0, 20)), 0);
});

test('padding behind the total length is left out', () => {
  const padded = new Uint8Array(60);
  padded.set(sample);
  assert.deepEqual(decodeIpv4(padded)?.payload, Uint8Array.of(1, 2, 3, 4));
});

test('a packet that is cut short decodes only as a quoted one, and keeps its length', () => {
  assert.equal(decodeIpv4(sample.subarray(0, 22)), undefined);
  const quoted = decodeIpv4(sample.subarray(0, 22), true);
  assert.equal(quoted?.totalLength, 24);
  assert.deepEqual(quoted?.payload, Uint8Array.of(1, 2));
  assert.deepEqual(quoted && encodeIpv4(quoted), sample.slice(0, 22));
});

test('bad packets', () => {
  const withByte = (at: number, value: number) => Object.assign(sample.slice(), { [at]: value });
  assert.equal(decodeIpv4(withByte(0, 0x65)), undefined, 'version 6');
  assert.equal(decodeIpv4(withByte(0, 0x44)), undefined, 'a header of 16 bytes');
  assert.equal(decodeIpv4(withByte(0, 0x4f)), undefined, 'a header longer than the packet');
  assert.equal(decodeIpv4(withByte(3, 19)), undefined, 'a total length below the header');
  survivesGarbage(decodeIpv4, sample);
  survivesGarbage((run) => decodeIpv4(run, true), sample);
  staysInside(decodeIpv4, sample);
});

test('options that do not fit are the caller’s mistake', () => {
  const value = decodeIpv4(sample);
  assert.ok(value);
  assert.throws(() => encodeIpv4({ ...value, options: new Uint8Array(3) }), RangeError);
  assert.throws(() => encodeIpv4({ ...value, options: new Uint8Array(44) }), RangeError);
});
