// VRRP against frames that a real keepalived sent, and the properties of every codec.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import fc from '../../test/support/properties.js';
import { byte, ipv4, ipv6, staysInside, survivesGarbage } from '../../test/support/wire-generators.js';
import type { Address } from '../model/address.js';
import {
  decodeVrrpAddresses,
  decodeVrrpHeader,
  encodeVrrp,
  type VrrpAdvert,
  type VrrpChecksum,
  vrrpAuthData,
  vrrpChecksum,
  vrrpLength,
} from './vrrp.js';
import { decodeAh, decodeHmac, encodeAh, hmacTrailer, passwordBytes } from './vrrp-auth.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const sender = ip('10.99.0.1');
const group = ip('224.0.0.18');
const pseudo: VrrpChecksum = { kind: 'pseudo', source: sender, destination: group };
const v2: VrrpAdvert = { version: 2, vrid: 51, priority: 200, authType: 0, interval: 1, addresses: [ip('10.99.0.100')] };

test('frames of keepalived 2.2.7', () => {
  assert.equal(hex(encodeVrrp(v2, { kind: 'plain' })), '2133c80100010c030a6300640000000000000000');
  const pass = encodeVrrp({ ...v2, authType: 1, authData: passwordBytes('1111') }, { kind: 'plain' });
  assert.equal(hex(pass), '2133c8010101a8a00a6300643131313100000000');
  assert.equal(hex(encodeVrrp({ ...v2, version: 3, interval: 10 }, pseudo)), '3133c801000a11070a630064');
  const source = ip('fe80::c3c:f8ff:fe85:ac10');
  const six: VrrpChecksum = { kind: 'pseudo', source, destination: ip('ff02::12') };
  const addresses = [ip('fe80::99:100')];
  assert.equal(hex(encodeVrrp({ ...v2, version: 3, interval: 10, addresses }, six)), '3133c801000a58b6fe800000000000000000000000990100');
});

test('an AH packet of keepalived 2.2.7, made and opened', () => {
  const message = encodeVrrp({ ...v2, authType: 2 }, { kind: 'plain' });
  const envelope = { source: sender, destination: group, ttl: 255, id: 1, unicast: false };
  const encoded = encodeAh(passwordBytes('1111'), envelope, 1, message);
  assert.equal(hex(encoded), '700400000a63000100000001c05ee1983909ff692307ef722133c80102010a030a6300640000000000000000');
  assert.deepEqual(decodeAh(passwordBytes('1111'), envelope, encoded), { spi: 0x0a630001, sequence: 1, valid: true, message });
  assert.equal(decodeAh(passwordBytes('2222'), envelope, encoded)?.valid, false);
  assert.equal(decodeAh(passwordBytes('1111'), { ...envelope, ttl: 254 }, encoded)?.valid, false);
  assert.equal(decodeAh(passwordBytes('1111'), envelope, message), undefined);
});

test('the three v3 checksums differ where unicast makes them differ', () => {
  const over = { source: sender, destination: ip('10.99.0.2') };
  const message = encodeVrrp({ ...v2, version: 3, interval: 100 }, { kind: 'plain' });
  const sums = [{ kind: 'plain' as const }, { kind: 'pseudo' as const, ...over }, { kind: 'old' as const, ...over }];
  assert.equal(new Set(sums.map((kind) => vrrpChecksum(message, kind))).size, 3);
  assert.equal(vrrpChecksum(message, { kind: 'old', ...over }), vrrpChecksum(message, pseudo));
});

const adverts = fc
  .record({ version: fc.constantFrom(2 as const, 3 as const), vrid: byte, priority: byte, authType: fc.nat(2), interval: byte })
  .chain((head) =>
    fc.tuple(fc.constant(head), fc.array(head.version === 2 ? ipv4 : fc.constantFrom<Address>(sender), { maxLength: 20 }), fc.array(ipv6)),
  )
  .map(([head, four, six]): VrrpAdvert => {
    const authType = head.version === 2 ? head.authType : 0;
    return { ...head, authType, addresses: head.version === 3 && six.length > 0 ? six : four };
  });

test('adverts survive the round trip and sum to zero', () => {
  fc.assert(
    fc.property(adverts, (advert) => {
      const family = advert.addresses[0]?.family ?? 'inet';
      const bytes = encodeVrrp(advert, { kind: 'plain' });
      assert.equal(bytes.length, vrrpLength(advert.version, family, advert.addresses.length));
      const header = decodeVrrpHeader(bytes) ?? assert.fail();
      const { version, vrid, priority, authType, interval } = advert;
      const { checksum, ...rest } = header;
      assert.deepEqual(rest, { version, type: 1, vrid, priority, addressCount: advert.addresses.length, authType, interval });
      assert.equal(vrrpChecksum(bytes, { kind: 'plain' }), checksum);
      assert.deepEqual(decodeVrrpAddresses(bytes, family, rest.addressCount), advert.addresses);
    }),
  );
});

test('what does not fit is refused or read as far as it goes', () => {
  assert.throws(() => encodeVrrp({ ...v2, interval: 256 }, { kind: 'plain' }), RangeError);
  assert.throws(() => encodeVrrp({ ...v2, version: 3, interval: 4096 }, { kind: 'plain' }), RangeError);
  assert.throws(() => encodeVrrp({ ...v2, addresses: Array.from({ length: 256 }, () => sender) }, { kind: 'plain' }), RangeError);
  const sample = encodeVrrp(v2, { kind: 'plain' });
  assert.equal(decodeVrrpHeader(sample.subarray(0, 7)), undefined);
  assert.deepEqual(decodeVrrpAddresses(sample.subarray(0, 12), 'inet', 9), v2.addresses);
  assert.equal(vrrpAuthData(sample, 1).length, 8);
  survivesGarbage(decodeVrrpHeader, sample);
  staysInside((bytes) => decodeVrrpAddresses(bytes, 'inet', 5), sample);
});

/** The two examples of draft-cassen-vrrp-auth-hmac: key 00 01 … 1f, VRID 51, priority 200, sequence 0x6800000080000000. */
const DRAFT = [
  { source: '198.51.100.10', length: 12, hex: '3133c80100644402c0000264010100006800000080000000 1b84bc4e8e43892dc6d98448f8ee2265' },
  {
    source: 'fe80::10',
    length: 24,
    hex: '3133c8010064a2e9fe800000000000000000000000000100 010100006800000080000000c8c56146ebfd66ee10ec4d8186461b78',
  },
];

test('trailers of auth_hmac as its draft has them', () => {
  const key = Uint8Array.from({ length: 32 }, (_, index) => index);
  for (const { source, length, hex: text } of DRAFT) {
    const bytes = new Uint8Array(Buffer.from(text.replace(' ', ''), 'hex'));
    const message = bytes.subarray(0, length);
    const fields = { keyId: 1, seconds: 0x68000000, subSecond: 0x8000, counter: 0 };
    assert.equal(hex(hmacTrailer(key, ip(source), message, fields)), hex(bytes.subarray(length)), source);
    assert.equal(decodeHmac(() => key, ip(source), bytes, length)?.valid(), true);
  }
});

test('a trailer of auth_hmac proves key, sender and message', () => {
  const key = new Uint8Array(32).fill(7);
  const fields = { keyId: 3, seconds: 1_700_000_000, subSecond: 500, counter: 9 };
  const message = encodeVrrp({ ...v2, version: 3, interval: 100 }, pseudo);
  const { length } = message;
  const encoded = new Uint8Array([...message, ...hmacTrailer(key, sender, message, fields)]);
  assert.equal(encoded.length, length + 28);
  const keyOf = (id: number): Uint8Array | undefined => (id === 3 ? key : undefined);
  const { valid: _, ...rest } = decodeHmac(keyOf, sender, encoded, length) ?? assert.fail();
  assert.deepEqual(rest, { ...fields, key });
  assert.equal(decodeHmac(keyOf, sender, encoded, length)?.valid(), true);
  assert.equal(decodeHmac(keyOf, ip('10.99.0.2'), encoded, length)?.valid(), false);
  assert.equal(decodeHmac(() => undefined, sender, encoded, length)?.valid(), false);
  fc.assert(
    fc.property(fc.nat(encoded.length * 8 - 1), (bit) => {
      const changed = encoded.slice();
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const covered = bit >> 3 !== 6 && bit >> 3 !== 7;
      assert.equal(decodeHmac(keyOf, sender, changed, length)?.valid() ?? false, !covered, 'the checksum alone is not covered');
    }),
  );
  survivesGarbage((bytes) => decodeHmac(keyOf, sender, bytes, Math.max(0, bytes.length - 28))?.valid(), encoded);
  assert.deepEqual(hex(passwordBytes('123456789')), '3132333435363738');
});
