// Every decoder of this folder with bytes that an attacker chooses: valid messages with several numbers, lengths and ends changed.
// A decoder returns a value or undefined, reads nothing outside of its bytes, changes nothing in them, and ends, whatever a length field
// holds.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, randomBytes, randomFrom } from '../../test/support/mutate.js';
import { sampleStream } from '../../test/support/stream-records.js';
import { rawEntry, rawMessage, rawOldEntry, rawOldMessage, rawOption } from '../../test/support/sync-bytes.js';
import type { Address } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { decodeArp, encodeArp } from './arp.js';
import { decodeBfd } from './bfd.js';
import { concat } from './bytes.js';
import { decodeEthernet, encodeEthernet } from './ethernet.js';
import { decodeActiveFeatures, decodeFamily } from './ethtool.js';
import { decodeAuthenticatedHeartbeat, decodeHeartbeat, encodeAuthenticatedHeartbeat, encodeHeartbeat } from './heartbeat.js';
import { decodeIcmp } from './icmp.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { unsolicitedAdvertisement } from './ndisc.js';
import {
  attributeMap,
  decodeAttributes,
  decodeError,
  decodeMessages,
  encodeAttributes,
  encodeMessage,
  nested,
  textAttribute,
  textOf,
  u32Attribute,
  u32Of,
} from './netlink.js';
import { decodeInterfaceAddress } from './rtnetlink-address.js';
import { decodeLink } from './rtnetlink-link.js';
import { decodeNeighbour } from './rtnetlink-neighbour.js';
import { decodeRoute } from './rtnetlink-route.js';
import { StreamDecoder } from './sync/stream-decoder.js';
import { decodeSyncMessage } from './sync/sync-message.js';
import { decodeTcp } from './tcp.js';
import { decodeUdp } from './udp.js';
import { decodeVrrpAddresses, decodeVrrpHeader, encodeVrrp, vrrpAuthData, vrrpChecksum } from './vrrp.js';
import { decodeAh, decodeHmac, encodeAh, hmacTrailer, passwordBytes } from './vrrp-auth.js';
import { decodePolicy } from './xfrm.js';

const ROUNDS = 1500;
const key = new Uint8Array(32).fill(7);
const source: Address = { family: 'inet', words: [0x0a630001] };
const group: Address = { family: 'inet', words: [0xe0000012] };
const six: Address = { family: 'inet6', words: [0xfe800000, 0, 0, 1] };
const MAC = '02:00:00:00:00:01';
const envelope = { source, destination: group, ttl: 255, id: 1, unicast: false };
const advert = encodeVrrp(
  { version: 3, vrid: 51, priority: 100, authType: 0, interval: 100, addresses: [source, source] },
  { kind: 'plain' },
);
const old = encodeVrrp({ version: 2, vrid: 51, priority: 100, authType: 2, interval: 1, addresses: [source] }, { kind: 'plain' });
const heartbeat = { family: 'inet', vrid: 51, state: 'master', priority: 100 } as const;
const attributes = encodeAttributes([
  u32Attribute(1, 7),
  textAttribute(3, 'eth0'),
  nested(18, [textAttribute(1, 'macvlan'), nested(2, [u32Attribute(1, 1)])]),
  { type: 2, payload: encodeAddress(source) },
  { type: 4, payload: encodeAddress(six) },
]);
const fixed = (length: number): Uint8Array => concat(new Uint8Array(length), attributes);
const error = concat(new Uint8Array(20), encodeAttributes([textAttribute(1, 'No')]));

const engine = [rawOption(2, 'call'), rawOption(3, 'sip')];
const decodeSync = (bytes: Uint8Array): unknown => decodeSyncMessage(bytes, { syncId: 0 });

type Decode = (bytes: Uint8Array) => unknown;

const decoders: readonly (readonly [string, Decode, Uint8Array])[] = [
  ['address', decodeAddress, encodeAddress(six)],
  ['ARP', decodeArp, encodeArp({ operation: 'request', senderMac: MAC, senderAddress: source, targetMac: MAC, targetAddress: source })],
  ['BFD', decodeBfd, Uint8Array.from([0x20, 0xc8, 3, 24, ...new Uint8Array(20).fill(1)])],
  [
    'Ethernet',
    decodeEthernet,
    encodeEthernet({ destination: MAC, source: MAC, tags: [{ tpid: 0x8100, tci: 5 }], etherType: 0x806, payload: advert }),
  ],
  ['ethtool features', decodeActiveFeatures, fixed(4)],
  ['ethtool family', decodeFamily, fixed(4)],
  ['heartbeat', decodeHeartbeat, encodeHeartbeat(heartbeat)],
  [
    'authenticated heartbeat',
    (bytes) => decodeAuthenticatedHeartbeat(bytes)?.isValidFor(key),
    encodeAuthenticatedHeartbeat(heartbeat, key, { sender: 1, stamp: 1n }),
  ],
  ['ICMP', decodeIcmp, Uint8Array.from([3, 4, 0, 0, ...new Uint8Array(28).fill(0x45)])],
  ['IPv4', decodeIpv4, encodeIpv4({ ...IPV4_DEFAULTS, protocol: 112, source, destination: group, payload: advert })],
  [
    'IPv4 quoted',
    (bytes) => decodeIpv4(bytes, true),
    encodeIpv4({ ...IPV4_DEFAULTS, options: new Uint8Array(8), protocol: 51, source, destination: group, payload: advert }),
  ],
  ['neighbour advertisement', decodeEthernet, unsolicitedAdvertisement(MAC, six, true)],
  ['netlink', decodeMessages, encodeMessage({ type: 16, flags: 2, sequence: 1, port: 0, payload: fixed(16) })],
  ['netlink attributes', decodeAttributes, attributes],
  ['netlink attribute map', (bytes) => [...(attributeMap(bytes) ?? [])].map(([, one]) => [u32Of(one), textOf(one)]), attributes],
  ['netlink error', (payload) => decodeError({ type: 2, flags: 0x200, sequence: 1, port: 0, payload }), error],
  ['netlink error, capped', (payload) => decodeError({ type: 2, flags: 0x300, sequence: 1, port: 0, payload }), error],
  ['link', decodeLink, fixed(16)],
  ['interface address', decodeInterfaceAddress, fixed(8)],
  ['neighbour', decodeNeighbour, fixed(12)],
  ['route', decodeRoute, fixed(12)],
  ['policy of IPsec', decodePolicy, fixed(168)],
  ['stream of weir', (bytes) => new StreamDecoder().push(bytes), sampleStream()],
  ['sync message', decodeSync, rawMessage([rawEntry({ options: engine }), rawEntry({ type: 1, options: engine })])],
  ['sync message of version 0', decodeSync, rawOldMessage([rawOldEntry({ flags: 0x600, options: [new Uint8Array(24)] }), rawOldEntry()])],
  ['TCP', decodeTcp, Uint8Array.from([...new Uint8Array(12), 0x80, ...new Uint8Array(19).fill(2)])],
  ['UDP', decodeUdp, Uint8Array.from([0, 1, 0, 2, 0, 12, 0, 0, 1, 2, 3, 4])],
  ['VRRP', decodeVrrpHeader, advert],
  ['VRRP addresses', (bytes) => decodeVrrpAddresses(bytes, 'inet', bytes[3] ?? 255), advert],
  ['VRRP IPv6 addresses', (bytes) => decodeVrrpAddresses(bytes, 'inet6', bytes[3] ?? 255), advert],
  ['VRRP password', (bytes) => vrrpAuthData(bytes, bytes[3] ?? 255), old],
  ['VRRP checksum', (bytes) => (bytes.length < 8 ? undefined : vrrpChecksum(bytes, { kind: 'plain' })), advert],
  ['AH', (bytes) => decodeAh(passwordBytes('1111'), envelope, bytes), encodeAh(passwordBytes('1111'), envelope, 1, old)],
  [
    'auth_hmac',
    (bytes) => decodeHmac(() => key, source, bytes, Math.max(0, bytes.length - 28))?.valid(),
    concat(advert, hmacTrailer(key, source, advert, { keyId: 1, seconds: 1, subSecond: 1, counter: 1 })),
  ],
];

/** These bytes as a window on a buffer of this filling. */
function framed(bytes: Uint8Array, filling: number): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 64).fill(filling);
  buffer.set(bytes, 32);
  return buffer.subarray(32, 32 + bytes.length);
}

for (const [name, decode, sample] of decoders) {
  test(`${name}: any bytes`, () => {
    const random = randomFrom(name.length * 7919);
    for (let round = 0; round < ROUNDS; round++) {
      const bytes = round % 8 === 0 ? randomBytes(random, random(100)) : mutate(sample, random);
      const before = bytes.join();
      const [one, other] = [framed(bytes, 0), framed(bytes, 0xff)];
      try {
        assert.deepEqual(decode(one), decode(other), 'it looks outside');
      } catch (thrown) {
        throw new Error(`round ${round}: ${Buffer.from(bytes).toString('hex')}`, { cause: thrown });
      }
      assert.equal(one.join(), before, 'it writes into what it reads');
    }
  });
}
