// Rewriting a frame as the director does: addresses, ports, TTL, link addresses and the checksums with them, bit for bit as the kernel's
// helpers update them.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { fold } from '../../../wire/checksum.js';
import { type Mac, macBytes } from '../../../wire/ethernet.js';
import { ETHERNET_BYTES, type Packet } from './parse.js';

const [TTL_AT, IP_SUM_AT, SOURCE_AT, DESTINATION_AT] = [8, 10, 12, 16].map((at) => ETHERNET_BYTES + at) as [number, number, number, number];

/**
 * The kernel's csum_replace4(): RFC 1624 with a complement of 32 bits, so that a sum of 0 comes out as 0, never as 0xffff. A word of 16 bits
 * stands in the lower half.
 */
export function replaceWord(sum: number, before: number, after: number): number {
  const words = (~sum & 0xffff) + (~before & 0xffff) + (~(before >>> 16) & 0xffff) + (after & 0xffff) + (after >>> 16);
  return ~fold(0xffff + words) & 0xffff;
}

/** The kernel's csum_replace2(): its complement has 16 bits. */
function replaceHalf(sum: number, before: number, after: number): number {
  return ~fold((~sum & 0xffff) + (~before & 0xffff) + after) & 0xffff;
}

/** Where a packet goes or comes from instead. */
export interface Endpoint {
  readonly address: number;
  readonly port: number;
}

/** Another source or destination. UDP without a checksum stays without. */
export function translate(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void {
  const view = viewOf(frame);
  const l4 = ETHERNET_BYTES + packet.header;
  const udp = packet.protocol === IpProtocol.udp;
  const sumAt = l4 + (udp ? 6 : 16);
  const addressAt = source ? SOURCE_AT : DESTINATION_AT;
  const portAt = l4 + (source ? 0 : 2);
  const [address, port] = [view.getUint32(addressAt), view.getUint16(portAt)];
  const sum = view.getUint16(sumAt);
  if (!udp || sum !== 0) {
    const next = replaceWord(replaceWord(sum, address, to.address), port, to.port);
    view.setUint16(sumAt, udp && next === 0 ? 0xffff : next);
  }
  view.setUint16(IP_SUM_AT, replaceWord(view.getUint16(IP_SUM_AT), address, to.address));
  view.setUint32(addressAt, to.address);
  view.setUint16(portAt, to.port);
}

export function lowerTtl(frame: Uint8Array): void {
  const view = viewOf(frame);
  const before = view.getUint16(TTL_AT);
  const after = before - 0x100;
  view.setUint16(IP_SUM_AT, replaceHalf(view.getUint16(IP_SUM_AT), before, after));
  view.setUint16(TTL_AT, after);
}

export function setMacs(frame: Uint8Array, to: Mac, from: Mac): void {
  frame.set(macBytes(to), 0);
  frame.set(macBytes(from), 6);
}

/** A frame that enters the director's own stack by lo. */
export function handIn(frame: Uint8Array): void {
  frame.fill(0, 0, 6);
}
