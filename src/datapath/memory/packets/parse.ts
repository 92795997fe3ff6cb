// A frame's headers as the director reads them: IPv4, TCP and UDP after Ethernet, with what is wrong with them.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { internetChecksum } from '../../../wire/checksum.js';
import { EtherType } from '../../../wire/ethernet.js';

export const ETHERNET_BYTES = 14;
export const IP_BYTES = 20;
/** The length of a packet that GRO made of more than 65,535 bytes, whose header has 0. */
const NO_LENGTH_BYTES = 0xffff;
const [MORE_AND_OFFSET, OFFSET, DONT_FRAGMENT] = [0x3fff, 0x1fff, 0x4000];

/** Addresses and ports in host order. */
export interface Packet {
  readonly source: number;
  readonly destination: number;
  /** 0 where there is no header of TCP or UDP: later fragments, other protocols. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly protocol: number;
  /** Of the IP packet, header included. */
  readonly length: number;
  /** Of the IP header. */
  readonly header: number;
  readonly ttl: number;
  readonly dontFragment: boolean;
  readonly fragment: boolean;
  /** TCP's. */
  readonly flags: number;
  /** What the counters add. */
  readonly bytes: number;
}

/**
 * `other`: nothing that is balanced; with a `packet` where it is IPv4. `bad`: lengths that do not fit; without a `packet` there is not even
 * an IP header.
 */
export type Parsed =
  | { readonly kind: 'ok' | 'fragment' | 'bad sum'; readonly packet: Packet }
  | { readonly kind: 'other' | 'bad'; readonly packet?: Packet };

function headersOf(frame: Uint8Array): Parsed {
  const view = viewOf(frame);
  if (frame.length < ETHERNET_BYTES + IP_BYTES) return { kind: 'bad' };
  const first = view.getUint8(ETHERNET_BYTES);
  const header = (first & 15) * 4;
  if (first >> 4 !== 4 || header < IP_BYTES) return { kind: 'bad' };
  const fragmentWord = view.getUint16(ETHERNET_BYTES + 6);
  const length = view.getUint16(ETHERNET_BYTES + 2) || NO_LENGTH_BYTES;
  const packet: Packet = {
    source: view.getUint32(ETHERNET_BYTES + 12),
    destination: view.getUint32(ETHERNET_BYTES + 16),
    sourcePort: 0,
    destinationPort: 0,
    protocol: view.getUint8(ETHERNET_BYTES + 9),
    length,
    header,
    ttl: view.getUint8(ETHERNET_BYTES + 8),
    dontFragment: (fragmentWord & DONT_FRAGMENT) !== 0,
    fragment: (fragmentWord & MORE_AND_OFFSET) !== 0,
    flags: 0,
    bytes: length,
  };
  if (packet.protocol !== IpProtocol.tcp && packet.protocol !== IpProtocol.udp) return { kind: 'other', packet };
  const at = ETHERNET_BYTES + header;
  const room = frame.length - at;
  if (packet.fragment && ((fragmentWord & OFFSET) !== 0 || room < 4)) return { kind: 'fragment', packet };
  const least = packet.fragment ? 4 : packet.protocol === IpProtocol.tcp ? 20 : 8;
  if (room < least) return { kind: 'bad', packet };
  const ends = { ...packet, sourcePort: view.getUint16(at), destinationPort: view.getUint16(at + 2) };
  if (packet.fragment) return { kind: 'fragment', packet: ends };
  if (packet.protocol === IpProtocol.udp) return { kind: length < header + 8 ? 'bad' : 'ok', packet: ends };
  const offset = (view.getUint8(at + 12) >> 4) * 4;
  const whole = { ...ends, flags: view.getUint8(at + 13) };
  return { kind: offset < 20 || length < header + offset ? 'bad' : 'ok', packet: whole };
}

/** With the IP header's checksum and the lengths validated. `gsoSize`: of a packet that is not cut yet; 0 for others. */
export function parseFrame(frame: Uint8Array, gsoSize: number): Parsed {
  if (frame.length < ETHERNET_BYTES || viewOf(frame).getUint16(12) !== EtherType.ipv4) return { kind: 'other' };
  const parsed = headersOf(frame);
  const { packet } = parsed;
  if (packet === undefined || (parsed.kind !== 'ok' && parsed.kind !== 'fragment')) return parsed;
  const end = ETHERNET_BYTES + packet.header;
  if (frame.length < end || internetChecksum(frame.subarray(ETHERNET_BYTES, end)) !== 0) return { kind: 'bad sum', packet };
  const room = frame.length - ETHERNET_BYTES;
  const counted = gsoSize > 0 ? { ...packet, bytes: room } : packet;
  if (parsed.kind !== 'ok' || packet.length <= room) return { kind: parsed.kind, packet: counted };
  if (packet.length !== NO_LENGTH_BYTES || gsoSize === 0) return { kind: 'bad', packet };
  return { kind: 'ok', packet: { ...counted, length: room } };
}

/** A source that cannot be answered (RFC 1812 5.3.7): this network, loopback, multicast and above. */
export function isMartian(source: number): boolean {
  const first = source >>> 24;
  return first === 0 || first === 127 || first >= 224;
}
