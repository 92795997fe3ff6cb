// VRRP adverts: version 2 (RFC 3768) and version 3 (RFC 9568), as keepalived and its peers put them on the wire.
//
//      0               1               2               3
//     +-------+-------+---------------+---------------+---------------+
//     |version| type 1| virtual rtr id|   priority    | address count |
//     +-------+-------+---------------+---------------+---------------+
//  v2 |  auth type    | interval (s)  |           checksum            |
//  v3 |0 0 0 0|     interval (cs)     |           checksum            |
//     +---------------+---------------+-------------------------------+
//     |              addresses (4 bytes each, inet6: 16) …            |
//     +---------------------------------------------------------------+
//  v2 |        8 bytes of authentication data, zeros without          |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, viewOf } from './bytes.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';

export const VRRP_ADVERTISEMENT = 1;
export const VRRP_HEADER_BYTES = 8;
/** v2 appends these, whatever its auth type. */
const VRRP_AUTH_BYTES = 8;
/** 12 bits of centiseconds */
export const V3_INTERVAL_MAX = 0xfff;
/** The priority of the router that owns the addresses (RFC 9568 §5.2.4). */
export const VRRP_OWNER_PRIORITY = 255;
export const AuthType = { none: 0, pass: 1, ah: 2 } as const;

/** 224.0.0.18, which the old form of the v3 checksum takes for the destination even of unicast. */
const oldChecksumDestination: Address = { family: 'inet', words: [0xe0000012] };

/**
 * What a checksum covers besides the message. `plain`: nothing (v2; v3 over IPv4 by RFC 9568 and `v3_checksum_as_v2`);
 * `pseudo`: source and destination (v3, keepalived's default and IPv6); `old`: the same with 224.0.0.18 for the destination
 * (keepalived up to 1.3.6).
 */
export type VrrpChecksum =
  | { readonly kind: 'plain' }
  | { readonly kind: 'pseudo' | 'old'; readonly source: Address; readonly destination: Address };

export interface VrrpHeader {
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority: number;
  readonly addressCount: number;
  /** v2; 0 in v3 */
  readonly authType: number;
  /** s (v2), cs (v3) */
  readonly interval: number;
  readonly checksum: number;
}

/** An advert to be sent; all addresses of one family. `authData`: v2 only, up to 8 bytes. */
export interface VrrpAdvert {
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  readonly authType: number;
  readonly interval: number;
  readonly addresses: readonly Address[];
  readonly authData?: Uint8Array;
}

/** Bytes of a whole message of `version` with `count` addresses. */
export function vrrpLength(version: number, family: Address['family'], count: number): number {
  return VRRP_HEADER_BYTES + count * (family === 'inet' ? 4 : 16) + (version === 2 ? VRRP_AUTH_BYTES : 0);
}

/** The checksum that the message should have; its checksum field counts as zero. */
export function vrrpChecksum(message: Uint8Array, over: VrrpChecksum): number {
  const zeroed = message.slice();
  viewOf(zeroed).setUint16(6, 0);
  if (over.kind === 'plain') return internetChecksum(zeroed);
  const destination = over.kind === 'old' ? oldChecksumDestination : over.destination;
  return internetChecksum(zeroed, pseudoHeaderSum(over.source, destination, IpProtocol.vrrp, message.length));
}

/** @throws RangeError for numbers that do not fit their fields, or more than 255 addresses */
export function encodeVrrp(advert: VrrpAdvert, over: VrrpChecksum): Uint8Array {
  const limit = advert.version === 2 ? 0xff : V3_INTERVAL_MAX;
  if (advert.addresses.length > 255 || advert.interval < 0 || advert.interval > limit || (advert.authData?.length ?? 0) > VRRP_AUTH_BYTES) {
    throw new RangeError(`a VRRP advert of ${advert.addresses.length} addresses, interval ${advert.interval}`);
  }
  const header = new Uint8Array(VRRP_HEADER_BYTES);
  const view = viewOf(header);
  view.setUint8(0, (advert.version << 4) | VRRP_ADVERTISEMENT);
  view.setUint8(1, advert.vrid);
  view.setUint8(2, advert.priority);
  view.setUint8(3, advert.addresses.length);
  view.setUint16(4, advert.version === 2 ? (advert.authType << 8) | advert.interval : advert.interval);
  const tail = new Uint8Array(advert.version === 2 ? VRRP_AUTH_BYTES : 0);
  if (advert.version === 2) tail.set(advert.authData ?? new Uint8Array(0));
  const message = concat(header, ...advert.addresses.map(encodeAddress), tail);
  viewOf(message).setUint16(6, vrrpChecksum(message, over));
  return message;
}

/** The first 8 bytes, of any version and type; undefined for fewer bytes. Fields of another version than 2 are read as v3's. */
export function decodeVrrpHeader(bytes: Uint8Array): VrrpHeader | undefined {
  if (bytes.length < VRRP_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const version = view.getUint8(0) >> 4;
  return {
    version,
    type: view.getUint8(0) & 0x0f,
    vrid: view.getUint8(1),
    priority: view.getUint8(2),
    addressCount: view.getUint8(3),
    authType: version === 2 ? view.getUint8(4) : 0,
    interval: version === 2 ? view.getUint8(5) : view.getUint16(4) & V3_INTERVAL_MAX,
    checksum: view.getUint16(6),
  };
}

/** The addresses after the header; fewer than its count where the bytes end earlier. */
export function decodeVrrpAddresses(bytes: Uint8Array, family: Address['family'], count: number): readonly Address[] {
  const size = family === 'inet' ? 4 : 16;
  const out: Address[] = [];
  for (let index = 0; index < count; index++) {
    const at = VRRP_HEADER_BYTES + index * size;
    const address = decodeAddress(bytes.subarray(at, at + size));
    if (address === undefined || address.family !== family) break;
    out.push(address);
  }
  return out;
}

/** The 8 bytes at the end of a v2 message with `count` IPv4 addresses; shorter where the bytes end earlier. */
export function vrrpAuthData(bytes: Uint8Array, count: number): Uint8Array {
  const at = VRRP_HEADER_BYTES + count * 4;
  return bytes.subarray(at, at + VRRP_AUTH_BYTES);
}
