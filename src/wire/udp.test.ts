// UDP datagrams there and back, and the checksum that may be absent.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { udpChecksumIsRight } from '../../test/support/transport-checksum.js';
import { bytes, half, ipv4, staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { decodeUdp, encodeUdp } from './udp.js';

const datagram = fc.record({ sourcePort: half, destinationPort: half, payload: bytes(), checksum: half }, { noNullPrototype: true });
const here = { family: 'inet', words: [0x0a000001] } as const;

test('datagrams survive the round trip', () => {
  fc.assert(fc.property(datagram, ipv4, ipv4, (value, from, to) => assert.deepEqual(decodeUdp(encodeUdp(value, from, to)), value)));
});

test('a checksum left out is right and never zero, which would mean absent', () => {
  fc.assert(
    fc.property(datagram, ipv4, ipv4, ({ checksum: _, ...value }, from, to) => {
      const encoded = encodeUdp(value, from, to);
      assert.notEqual(decodeUdp(encoded)?.checksum, 0);
      assert.ok(udpChecksumIsRight(encoded, from, to));
    }),
  );
});

test('a sum of zero is sent as 0xffff', () => {
  // Ports chosen so that the words add up to 0xffff: 0a00+0001 twice, protocol 17, length 8 twice, and the rest in the port.
  const encoded = encodeUdp({ sourcePort: 0, destinationPort: 0xffff - 2 * 0x0a01 - 17 - 16, payload: new Uint8Array(0) }, here, here);
  assert.equal(decodeUdp(encoded)?.checksum, 0xffff);
});

test('bad datagrams', () => {
  const sample = encodeUdp({ sourcePort: 1, destinationPort: 2, payload: Uint8Array.of(1, 2, 3) }, here, here);
  assert.equal(decodeUdp(sample.subarray(0, 10)), undefined);
  assert.equal(decodeUdp(Object.assign(sample.slice(), { 5: 7 })), undefined, 'a length below the header');
  survivesGarbage(decodeUdp, sample);
  staysInside(decodeUdp, sample);
});
