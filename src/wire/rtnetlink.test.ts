// Links, addresses, routes and neighbours there and back, and what bad bytes do.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { byte, half, ipv4, ipv6, mac, staysInside, survivesGarbage, word } from '../../test/support/wire-generators.js';
import type { Address } from '../model/address.js';
import { decodeInterfaceAddress, encodeInterfaceAddress } from './rtnetlink-address.js';
import { decodeLink, encodeLinkChange, LinkFlag } from './rtnetlink-link.js';
import { decodeNeighbour, encodeNeighbour } from './rtnetlink-neighbour.js';
import { decodeRoute, encodeRoute } from './rtnetlink-route.js';

const plain = { noNullPrototype: true } as const;
const here: Address = { family: 'inet', words: [0x0a000001] };

test('addresses survive the round trip', () => {
  const value = fc
    .constantFrom(ipv4, ipv6)
    .chain((address) =>
      fc.record(
        {
          ifindex: word,
          address,
          prefixLength: byte,
          scope: byte,
          flags: word,
          label: fc.constantFrom('lo:0', 'eth0'),
          broadcast: address,
          peer: address,
        },
        { ...plain, requiredKeys: ['ifindex', 'address', 'prefixLength', 'scope', 'flags'] },
      ),
    )
    .filter(({ address, peer }) => peer?.words.join() !== address.words.join());
  fc.assert(fc.property(value, (one) => assert.deepEqual(decodeInterfaceAddress(encodeInterfaceAddress(one)), one)));
});

test('routes survive the round trip', () => {
  const value = fc.constantFrom('inet' as const, 'inet6' as const).chain((family) => {
    const address = family === 'inet' ? ipv4 : ipv6;
    return fc.record(
      {
        family: fc.constant(family),
        destination: address,
        prefixLength: byte,
        table: word,
        protocol: byte,
        scope: byte,
        type: byte,
        ifindex: word,
        gateway: address,
        priority: word,
        preferredSource: address,
      },
      { ...plain, requiredKeys: ['family', 'prefixLength', 'table', 'protocol', 'scope', 'type'] },
    );
  });
  fc.assert(fc.property(value, (one) => assert.deepEqual(decodeRoute(encodeRoute(one)), one)));
});

test('neighbours survive the round trip', () => {
  const value = fc.record(
    { ifindex: word, address: fc.oneof(ipv4, ipv6), state: half, flags: byte, mac },
    { ...plain, requiredKeys: ['ifindex', 'address', 'state', 'flags'] },
  );
  fc.assert(fc.property(value, (one) => assert.deepEqual(decodeNeighbour(encodeNeighbour(one)), one)));
});

test('a link in a request has the form of a link in an answer', () => {
  const payload = encodeLinkChange({ ifindex: 7, name: 'br0', kind: 'bridge', up: true, mtu: 1400, mac: '02:00:00:00:00:07', master: 3 });
  assert.deepEqual(decodeLink(payload), {
    ifindex: 7,
    name: 'br0',
    flags: LinkFlag.up,
    hardware: 0,
    mtu: 1400,
    mac: '02:00:00:00:00:07',
    master: 3,
    kind: 'bridge',
  });
});

test('bad bytes', () => {
  const samples = [
    [decodeInterfaceAddress, encodeInterfaceAddress({ ifindex: 1, address: here, prefixLength: 32, scope: 0, flags: 0x80, label: 'lo:0' })],
    [decodeLink, encodeLinkChange({ ifindex: 7, name: 'br0', kind: 'bridge' })],
    [
      decodeRoute,
      encodeRoute({ family: 'inet', destination: here, prefixLength: 32, table: 254, protocol: 3, scope: 253, type: 1, ifindex: 1 }),
    ],
    [decodeNeighbour, encodeNeighbour({ ifindex: 1, address: here, state: 2, flags: 0, mac: '02:00:00:00:00:07' })],
  ] as const;
  for (const [decode, sample] of samples) {
    assert.ok(decode(sample));
    assert.equal(decode(sample.subarray(0, 7)), undefined);
    survivesGarbage(decode, sample);
    staysInside<unknown>(decode, sample);
  }
  assert.equal(decodeInterfaceAddress(new Uint8Array(8)), undefined, 'no address at all');
  assert.equal(decodeRoute(new Uint8Array(12)), undefined, 'no family');
});
