// IPv4 packets (RFC 791).
//
//      0               1               2               3
//     +-------+-------+---------------+-------------------------------+
//     |version|  ihl  | type of serv. |         total length          |
//     +-------+-------+---------------+-----+-------------------------+
//     |        identification         |0 D M|     fragment offset     |
//     +---------------+---------------+-----+-------------------------+
//     | time to live  |   protocol    |        header checksum        |
//     +---------------+---------------+-------------------------------+
//     |                        source address                         |
//     |                      destination address                      |
//     |                   options, padded to 4 bytes …                |
//     +---------------------------------------------------------------+
import type { Address } from '../model/address.js';
import { decodeAddress, encodeAddress } from './address-bytes.js';
import { concat, viewOf } from './bytes.js';
import { internetChecksum } from './checksum.js';

export interface Ipv4Packet {
  readonly tos: number;
  readonly id: number;
  /** The three flag bits as a number: 2 = don't fragment, 1 = more fragments, 4 = reserved. */
  readonly flags: number;
  /** In units of 8 bytes, as on the wire. */
  readonly fragmentOffset: number;
  readonly ttl: number;
  readonly protocol: number;
  readonly source: Address;
  readonly destination: Address;
  /** Length must be a multiple of 4, at most 40. */
  readonly options: Uint8Array;
  readonly payload: Uint8Array;
  /** Absent on encode: computed. Decode always returns the field. */
  readonly checksum?: number;
  /** Absent on encode: the right one. Decode gives it only where a quoted packet was cut short. */
  readonly totalLength?: number;
}

/** Fields that most packets share; spread it and set the rest. */
export const IPV4_DEFAULTS = {
  tos: 0,
  id: 0,
  flags: 0,
  fragmentOffset: 0,
  ttl: 64,
  options: new Uint8Array(0),
} as const;

/** @throws RangeError for options that do not fit or addresses that are not IPv4 */
export function encodeIpv4(packet: Ipv4Packet): Uint8Array {
  if (packet.options.length % 4 !== 0 || packet.options.length > 40) {
    throw new RangeError(`IPv4 options of ${packet.options.length} bytes`);
  }
  if (packet.source.family !== 'inet' || packet.destination.family !== 'inet') {
    throw new RangeError('an IPv4 packet needs IPv4 addresses');
  }
  const header = new Uint8Array(20 + packet.options.length);
  const view = viewOf(header);
  view.setUint8(0, 0x40 | (header.length / 4));
  view.setUint8(1, packet.tos);
  view.setUint16(2, packet.totalLength ?? header.length + packet.payload.length);
  view.setUint16(4, packet.id);
  view.setUint16(6, (packet.flags << 13) | packet.fragmentOffset);
  view.setUint8(8, packet.ttl);
  view.setUint8(9, packet.protocol);
  header.set(encodeAddress(packet.source), 12);
  header.set(encodeAddress(packet.destination), 16);
  header.set(packet.options, 20);
  view.setUint16(10, packet.checksum ?? internetChecksum(header));
  return concat(header, packet.payload);
}

/**
 * The packet; bytes after its total length (Ethernet padding) are ignored. Undefined for another version, a header
 * that does not fit, or a total length that the bytes do not have. `quoted`: accept a payload that was cut short, as ICMP
 * errors quote packets; `totalLength` is then the original length.
 */
export function decodeIpv4(bytes: Uint8Array, quoted = false): Ipv4Packet | undefined {
  if (bytes.length < 20) return undefined;
  const view = viewOf(bytes);
  const headerLength = (view.getUint8(0) & 0x0f) * 4;
  const totalLength = view.getUint16(2);
  if (view.getUint8(0) >> 4 !== 4 || headerLength < 20 || headerLength > bytes.length || totalLength < headerLength) {
    return undefined;
  }
  const cut = totalLength > bytes.length;
  const source = decodeAddress(bytes.subarray(12, 16));
  const destination = decodeAddress(bytes.subarray(16, 20));
  if ((cut && !quoted) || source === undefined || destination === undefined) return undefined;
  return {
    tos: view.getUint8(1),
    id: view.getUint16(4),
    flags: view.getUint16(6) >> 13,
    fragmentOffset: view.getUint16(6) & 0x1fff,
    ttl: view.getUint8(8),
    protocol: view.getUint8(9),
    source,
    destination,
    options: bytes.slice(20, headerLength),
    payload: bytes.slice(headerLength, Math.min(totalLength, bytes.length)),
    checksum: view.getUint16(10),
    ...(cut ? { totalLength } : {}),
  };
}
