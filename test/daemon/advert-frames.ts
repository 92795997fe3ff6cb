// Adverts as frames, for the socket filter run without a network: right ones of every kind, authenticated as time goes on, and changed ones.
import type { Address } from '../../src/model/address.js';
import type { VrrpInstance } from '../../src/model/keepalived/instance.js';
import { decodeAddress, encodeAddress } from '../../src/wire/address-bytes.js';
import { concat, viewOf } from '../../src/wire/bytes.js';
import { EtherType, encodeEthernet } from '../../src/wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../src/wire/ipv4.js';
import { encodeVrrp, type VrrpAdvert, type VrrpChecksum, vrrpChecksum } from '../../src/wire/vrrp.js';
import { encodeAh, hmacTrailer, passwordBytes } from '../../src/wire/vrrp-auth.js';
import { ip } from '../support/ip.js';
import { mutate, type Random, randomBytes } from '../support/mutate.js';

export const ETHERNET_BYTES = 14;
/** Addresses; the kernel tries programs on a page at most. */
const MOST_IPV6 = 150;
export const hmacKeys = [
  { id: 1, hex: '01'.repeat(32) },
  { id: 7, hex: '7f'.repeat(64) },
] as const;
const hmac = (mode: 'enforce' | 'permissive') =>
  ({ kind: 'hmac', keys: hmacKeys, activeKey: 7, antiReplay: 'monotonic', timeWindowUs: 30e6, mode }) as const;
const ah = { kind: 'ah', password: '1111' } as const;
const six = { family: 'inet6', version: 3, multicastGroup: ip('ff02::12') } as const;
const toPeer = (text: string): NonNullable<VrrpInstance['unicast']> => ({
  peers: [{ address: ip(text) }],
  ttl: 255,
  checkSource: false,
  faultNoPeer: false,
  oldChecksum: 'auto',
});
const unicast = toPeer('10.99.0.2');

/** Every kind of instance that the filter distinguishes; VRID 51. */
export const kinds: Readonly<Record<string, Partial<VrrpInstance>>> = {
  v2: { version: 2 },
  password: { version: 2, authentication: { kind: 'pass', password: '1111' } },
  ah: { version: 2, authentication: ah },
  'unicast ah': { version: 2, authentication: ah, unicast },
  v3: { version: 3 },
  'v3 without pseudo-header': { version: 3, v3ChecksumAsV2: true },
  'unicast v3': { version: 3, unicast },
  hmac: { version: 3, authentication: hmac('enforce') },
  'hmac v2': { version: 2, authentication: hmac('enforce') },
  'permissive hmac': { version: 3, authentication: hmac('permissive') },
  v6: six,
  'unicast v6': { ...six, unicast: toPeer('fe80::2') },
  'hmac v6': { ...six, authentication: hmac('enforce') },
};

export interface Sender {
  readonly instance: VrrpInstance;
  readonly source: Address;
  readonly destination: Address;
  /** AH's sequence, and the seconds of a stamp. */
  number: number;
}

export function senderFor(instance: VrrpInstance): Sender {
  const inet = instance.family === 'inet';
  const own = ip(inet ? '10.99.0.1' : 'fe80::1');
  const destination = instance.unicast === undefined ? instance.multicastGroup : own;
  return { instance, source: ip(inet ? '10.99.0.2' : 'fe80::2'), destination, number: 1_700_000_000 };
}

export interface Packet {
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly id: number;
  readonly protocol: number;
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
}

/** With an Ethernet header, as programs are tried. */
export function frame({ source, destination, ttl, id, protocol, options, payload }: Packet): Uint8Array {
  const inet = source.family === 'inet';
  const header = Uint8Array.of(0x60, 0, 0, 0, payload.length >> 8, payload.length & 0xff, protocol, ttl);
  return encodeEthernet({
    destination: '01:00:5e:00:00:12',
    source: '02:00:00:00:00:02',
    tags: [],
    etherType: inet ? EtherType.ipv4 : EtherType.ipv6,
    payload: inet
      ? encodeIpv4({ ...IPV4_DEFAULTS, tos: 0xc0, id, ttl, protocol, source, destination, options, payload })
      : concat(header, encodeAddress(source), encodeAddress(destination), payload),
  });
}

function sums(sender: Sender, random: Random): VrrpChecksum {
  const { instance, source, destination } = sender;
  if (instance.version === 2 || instance.v3ChecksumAsV2) return { kind: 'plain' };
  return { kind: instance.unicast !== undefined && instance.family === 'inet' && random(2) === 0 ? 'old' : 'pseudo', source, destination };
}

/** The next advert of a sender: right, but for the priority and the list, which may be any. */
export function nextAdvert(sender: Sender, random: Random): Packet {
  const { instance, source, destination } = sender;
  const { authentication, version } = instance;
  sender.number += 1;
  const own = instance.addresses.map(({ address }) => address);
  const some = Array.from({ length: random(8) === 0 ? random(source.family === 'inet' ? 256 : MOST_IPV6) : random(12) }, () => source);
  const fields: VrrpAdvert = {
    version,
    vrid: instance.vrid,
    priority: random(256),
    authType: version === 2 ? { none: 0, pass: 1, ah: 2, hmac: 0 }[authentication.kind] : 0,
    interval: version === 2 ? 1 : 100,
    addresses: random(2) === 0 ? own : some,
    ...(authentication.kind === 'pass' ? { authData: passwordBytes(authentication.password) } : {}),
  };
  const message = encodeVrrp(fields, sums(sender, random));
  const packet = { source, destination, ttl: 255, id: random(0x10000), options: new Uint8Array(random(8) === 0 ? 4 : 0) };
  if (authentication.kind === 'ah') {
    const envelope = { ...packet, unicast: instance.unicast !== undefined };
    return { ...packet, protocol: 51, payload: encodeAh(passwordBytes(authentication.password), envelope, sender.number, message) };
  }
  const signs = authentication.kind === 'hmac' && (authentication.mode === 'enforce' || random(2) === 0);
  return { ...packet, protocol: 112, payload: signs ? signed(sender, message, random) : message };
}

function signed({ source, destination, number }: Sender, message: Uint8Array, random: Random): Uint8Array {
  const { id, hex } = hmacKeys[random(hmacKeys.length)] ?? hmacKeys[0];
  const key = Uint8Array.from(Buffer.from(hex, 'hex'));
  const whole = concat(
    message,
    hmacTrailer(key, source, message, { keyId: id, seconds: number, subSecond: random(0x10000), counter: random(9) }),
  );
  if (source.family === 'inet6') viewOf(whole).setUint16(6, vrrpChecksum(whole, { kind: 'pseudo', source, destination }));
  return whole;
}

/** A frame of this packet with something wrong, or a few things; sometimes with nothing that matters. */
export function changed(packet: Packet, random: Random): Uint8Array {
  const all = frame(packet);
  const header = packet.source.family === 'inet' ? 20 + packet.options.length : 40;
  switch (random(8)) {
    case 0:
      return all;
    case 1:
      return frame({ ...packet, ttl: random(256) });
    case 2:
      return frame({ ...packet, payload: mutate(packet.payload, random) });
    case 3:
      return frame({ ...packet, payload: randomBytes(random, random(120)) });
    case 4: {
      const at = ETHERNET_BYTES + header + random(packet.payload.length);
      return all.map((byte, index) => (index === at ? byte ^ (1 << random(8)) : byte));
    }
    case 5:
      return frame({ ...packet, protocol: packet.protocol === 51 ? 112 : 51 });
    case 6:
      return resummed(packet, random);
    default:
      return wholeHeader(mutate(all, random, ETHERNET_BYTES), all, header);
  }
}

/** Frames without an IP header never come to such a socket. */
const wholeHeader = (bytes: Uint8Array, right: Uint8Array, header: number): Uint8Array =>
  bytes.length < ETHERNET_BYTES + header ? right : bytes;

/** Another field in VRRP's header, with the checksum made right. */
function resummed(packet: Packet, random: Random): Uint8Array {
  const at = packet.protocol === 51 ? 24 : 0;
  const payload = packet.payload.slice();
  payload[at + random(6)] = random(256);
  const message = payload.subarray(at);
  const { source, destination } = packet;
  const over: VrrpChecksum = (message[0] ?? 0) >> 4 === 2 ? { kind: 'plain' } : { kind: 'pseudo', source, destination };
  if (message.length >= 8) viewOf(message).setUint16(6, vrrpChecksum(message, over));
  return frame({ ...packet, payload });
}

/** A captured advert with a number that is still to come and everything right but the digest. */
export function withNextNumber(advert: Uint8Array): Uint8Array {
  const out = advert.slice();
  const six = viewOf(out).getUint16(12) === EtherType.ipv6;
  const at = ETHERNET_BYTES + (six ? 40 : 20);
  const ah = !six && out[ETHERNET_BYTES + 9] === 51;
  const numberAt = ah ? at + 8 : out.length - 24;
  viewOf(out).setUint32(numberAt, viewOf(out).getUint32(numberAt) + 1000);
  if (six) {
    const [source, destination] = [out.slice(ETHERNET_BYTES + 8, ETHERNET_BYTES + 24), out.slice(ETHERNET_BYTES + 24, at)].map(
      decodeAddress,
    );
    if (source === undefined || destination === undefined) throw new Error('no addresses');
    viewOf(out).setUint16(at + 6, vrrpChecksum(out.subarray(at), { kind: 'pseudo', source, destination }));
  }
  return out;
}
