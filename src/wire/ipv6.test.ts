// IPv6 packets there and back.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import { decodeIpv6, encodeIpv6 } from './ipv6.js';

const packet = { source: ip('fd00::1'), destination: ip('2001:db8::2'), protocol: 58, hopLimit: 64, payload: Uint8Array.of(1, 2, 3) };

test('a packet survives the round trip; bytes behind it are not its own', () => {
  const bytes = encodeIpv6(packet);
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    '6000000000033a40fd00000000000000000000000000000120010db8000000000000000000000002010203',
  );
  assert.deepEqual(decodeIpv6(bytes), packet);
  assert.deepEqual(decodeIpv6(Uint8Array.of(...bytes, 0, 0)), packet, 'Ethernet pads short frames');
});

test('what is cut off, or of another version', () => {
  const bytes = encodeIpv6(packet);
  assert.equal(decodeIpv6(bytes.subarray(0, -1)), undefined);
  assert.deepEqual(decodeIpv6(bytes.subarray(0, -1), true)?.payload, Uint8Array.of(1, 2));
  assert.equal(decodeIpv6(Uint8Array.of(0x40, ...bytes.subarray(1))), undefined);
  survivesGarbage(decodeIpv6, bytes);
  staysInside(decodeIpv6, bytes);
});
