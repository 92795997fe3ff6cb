// IPv6 packets without extension headers (RFC 8200 §3).
//
//      0               1               2               3
//     +---------------+---------------+---------------+---------------+
//     | version 6, class, flow label                                  |
//     |        payload length         |  next header  |   hop limit   |
//     |                        source (16), destination (16)          |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, viewOf } from './bytes.js';

export const IPV6_HEADER_BYTES = 40;
/** A fragment header (RFC 8200, 4.5). */
export const IPV6_FRAGMENT_BYTES = 8;
const AT = { length: 4, next: 6, hops: 7, source: 8, destination: 24 } as const;

export interface Ipv6Packet {
  readonly source: Address;
  readonly destination: Address;
  /** Of the payload: what IPv6 calls the next header. */
  readonly protocol: number;
  readonly hopLimit: number;
  readonly payload: Uint8Array;
}

export function encodeIpv6({ source, destination, protocol, hopLimit, payload }: Ipv6Packet): Uint8Array {
  const header = new Uint8Array(AT.source);
  const view = viewOf(header);
  view.setUint8(0, 0x60);
  view.setUint16(AT.length, payload.length);
  view.setUint8(AT.next, protocol);
  view.setUint8(AT.hops, hopLimit);
  return concat(header, encodeAddress(source), encodeAddress(destination), payload);
}

/** Undefined: it is none, or is cut off. `quoted`: from an ICMPv6 error, where the end may be missing. */
export function decodeIpv6(bytes: Uint8Array, quoted = false): Ipv6Packet | undefined {
  if (bytes.length < IPV6_HEADER_BYTES) return undefined;
  const view = viewOf(bytes);
  const end = IPV6_HEADER_BYTES + view.getUint16(AT.length);
  const source = decodeAddress(bytes.subarray(AT.source, AT.destination));
  const destination = decodeAddress(bytes.subarray(AT.destination, IPV6_HEADER_BYTES));
  if (view.getUint8(0) >>> 4 !== 6 || (end > bytes.length && !quoted) || source === undefined || destination === undefined)
    return undefined;
  const payload = bytes.slice(IPV6_HEADER_BYTES, end);
  return { source, destination, protocol: view.getUint8(AT.next), hopLimit: view.getUint8(AT.hops), payload };
}
