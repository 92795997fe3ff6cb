// Two ends of a WireGuard tunnel, set up by the kernel's own netlink family (linux/wireguard.h), since wg(8) may not be there.
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { native } from '../../src/sys/addon.js';
import { using } from '../../src/sys/fd.js';
import { NETLINK_GENERIC, Netlink } from '../../src/sys/netlink/netlink.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { decodeFamily, lookUpFamily } from '../../src/wire/ethtool.js';
import { type Attribute, encodeAttributes, nested, textAttribute } from '../../src/wire/netlink.js';
import type { Host } from '../support/netns-bed.js';

const PORT = 51820;
const SET_DEVICE = 1;
const DeviceAttribute = { name: 2, privateKey: 3, listenPort: 6, peers: 8 };
const PeerAttribute = { publicKey: 1, endpoint: 4, allowed: 9 };
const AllowedAttribute = { family: 1, address: 2, bits: 3 };
const [AF_INET, AF_INET6] = [2, 10];

interface Keys {
  readonly privateKey: Uint8Array;
  readonly publicKey: Uint8Array;
}

function newKeys(): Keys {
  const { privateKey } = generateKeyPairSync('x25519');
  const { d = '', x = '' } = privateKey.export({ format: 'jwk' });
  return { privateKey: Buffer.from(d, 'base64url'), publicKey: Buffer.from(x, 'base64url') };
}

function u16(type: number, value: number): Attribute {
  const payload = new Uint8Array(2);
  viewOf(payload).setUint16(0, value, true);
  return { type, payload };
}

/** struct sockaddr_in. */
function endpointOf(address: string): Uint8Array {
  const bytes = new Uint8Array(16);
  viewOf(bytes).setUint16(0, AF_INET, true);
  viewOf(bytes).setUint16(2, PORT);
  bytes.set(address.split('.').map(Number), 4);
  return bytes;
}

/** Every address of a family. */
const anyAddress = (family: number, bytes: number): Attribute =>
  nested(0, [
    u16(AllowedAttribute.family, family),
    { type: AllowedAttribute.address, payload: new Uint8Array(bytes) },
    { type: AllowedAttribute.bits, payload: Uint8Array.of(0) },
  ]);

function connect(host: Host, device: string, { privateKey }: Keys, peer: Keys, peerAddress: string): void {
  const description = encodeAttributes([
    textAttribute(DeviceAttribute.name, device),
    { type: DeviceAttribute.privateKey, payload: privateKey },
    u16(DeviceAttribute.listenPort, PORT),
    nested(DeviceAttribute.peers, [
      nested(0, [
        { type: PeerAttribute.publicKey, payload: peer.publicKey },
        { type: PeerAttribute.endpoint, payload: endpointOf(peerAddress) },
        nested(PeerAttribute.allowed, [anyAddress(AF_INET, 4), anyAddress(AF_INET6, 16)]),
      ]),
    ]),
  ]);
  const nsfd = native().open(`/run/netns/${host.namespace}`, 0);
  try {
    using(new Netlink(nsfd, NETLINK_GENERIC), (netlink) => {
      const family = decodeFamily(netlink.get(lookUpFamily('wireguard'), 'find wireguard')) ?? assert.fail('no wireguard');
      netlink.change({ type: family, flags: 0, payload: concat(Uint8Array.of(SET_DEVICE, 1, 0, 0), description) }, `set up ${device}`);
    });
  } finally {
    native().close(nsfd);
  }
}

/** The devices are there; each host is found at its IPv4 address. */
export function connectWireguard(device: string, ends: readonly [readonly [Host, string], readonly [Host, string]]): void {
  const [[one, oneAddress], [other, otherAddress]] = ends;
  const [oneKeys, otherKeys] = [newKeys(), newKeys()];
  connect(one, device, oneKeys, otherKeys, otherAddress);
  connect(other, device, otherKeys, oneKeys, oneAddress);
}
