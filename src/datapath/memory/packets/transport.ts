// What stands behind an IP header of either family: the ports, TCP's flags, SCTP's first chunks.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { viewOf } from '../../../wire/bytes.js';
import { ChunkType, SCTP_CHUNK_BYTES, SCTP_HEADER_BYTES } from '../../../wire/sctp.js';
import { sctpEvent } from '../../sctp-state.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { isIpsec, readIpsec } from './ipsec.js';
import type { FragmentPart, IpPacket, Packet, Parsed } from './packet.js';

const [TCP_BYTES, UDP_BYTES, PORTS_BYTES] = [20, 8, 4] as const;
const WHOLE_MAX_BYTES = 0xffff;
/** What the header of each balanced protocol has at least. */
const HEADER_BYTES: ReadonlyMap<number, number> = new Map([
  [IpProtocol.tcp, TCP_BYTES],
  [IpProtocol.udp, UDP_BYTES],
  [IpProtocol.sctp, SCTP_HEADER_BYTES],
]);
export const isBalanced = (protocol: number): boolean => HEADER_BYTES.has(protocol);

const NOTHING = {
  sourcePort: 0,
  destinationPort: 0,
  flags: 0,
  event: 'data',
  abortFollows: false,
  portless: false,
  data: new Uint8Array(),
} as const;

/** Is the chunk after that at `chunk` an ABORT? `end`: of the IP packet. */
function abortFollows(frame: Uint8Array, chunk: number, end: number): boolean {
  if (frame.length < chunk + SCTP_CHUNK_BYTES) return false;
  const length = viewOf(frame).getUint16(chunk + 2);
  const next = chunk + ((length + 3) & ~3);
  return length >= SCTP_CHUNK_BYTES && next + SCTP_CHUNK_BYTES <= Math.min(end, frame.length) && frame[next] === ChunkType.abort;
}

/** TCP's flags, what the first chunks of SCTP mean, or what a datagram carries. */
function meaningOf(frame: Uint8Array, { protocol, length }: Packet, at: number): Partial<Packet> {
  if (protocol === IpProtocol.tcp) return { flags: frame[at + 13] ?? 0 };
  if (protocol === IpProtocol.udp) return { data: frame.subarray(at + UDP_BYTES, ETHERNET_BYTES + length) };
  if (protocol !== IpProtocol.sctp) return {};
  const chunk = at + SCTP_HEADER_BYTES;
  const event = sctpEvent(frame[chunk] ?? 0);
  const isCookie = event === 'cookie-echo' || event === 'cookie-ack';
  return { event, abortFollows: isCookie && abortFollows(frame, chunk, ETHERNET_BYTES + length) };
}

/** The length of the transport header, with the chunk that SCTP must have. */
function lengthOf(frame: Uint8Array, protocol: number, at: number, least: number): number {
  if (protocol === IpProtocol.tcp) return ((frame[at + 12] ?? 0) >> 4) * 4;
  return protocol === IpProtocol.sctp ? least + SCTP_CHUNK_BYTES : least;
}

/** A fragment: the first one has ports, and is `readable` with the header that a whole packet must have. */
function readFragment(frame: Uint8Array, none: Packet, part: Omit<FragmentPart, 'readable'>, least: number): Parsed {
  const at = ETHERNET_BYTES + none.header;
  const room = frame.length - at;
  if (part.later || room < PORTS_BYTES) return { kind: 'fragment', packet: { ...none, part: { ...part, readable: false } } };
  const view = viewOf(frame);
  const packet = { ...none, sourcePort: view.getUint16(at), destinationPort: view.getUint16(at + 2) };
  const length = room < least ? 0 : lengthOf(frame, none.protocol, at, least);
  const readable = length >= least && none.length >= none.header + length && room >= (none.protocol === IpProtocol.sctp ? length : least);
  return { kind: 'fragment', packet: { ...packet, ...(readable ? meaningOf(frame, packet, at) : {}), part: { ...part, readable } } };
}

/** SCTP: how long the packet of a fragment is behind its IP header, which the last one shows. 0: it is another one. `at`: where it stands in the packet. */
export function wholeBy(at: number, more: boolean, { protocol, length, header }: IpPacket): number {
  const whole = at + length - header;
  return protocol !== IpProtocol.sctp || more || whole > WHOLE_MAX_BYTES ? 0 : whole;
}

/** Goes on after the IP header. `part`: of a fragment. AH and ESP are read without a header of their own. */
export function readTransport(frame: Uint8Array, ip: IpPacket, part: Omit<FragmentPart, 'readable'> | undefined): Parsed {
  const none: Packet = { ...ip, ...NOTHING };
  if (isIpsec(ip.family, ip.protocol)) return readIpsec(none);
  const least = HEADER_BYTES.get(ip.protocol);
  if (least === undefined && part?.behind) return { kind: 'fragment', packet: { ...none, part: { ...part, readable: false } } };
  if (least === undefined) return { kind: 'other', packet: none };
  const at = ETHERNET_BYTES + ip.header;
  if (part !== undefined) return readFragment(frame, none, part, least);
  if (frame.length - at < least) return { kind: 'bad', packet: none };
  const view = viewOf(frame);
  const packet = { ...none, sourcePort: view.getUint16(at), destinationPort: view.getUint16(at + 2) };
  const length = lengthOf(frame, ip.protocol, at, least);
  const isWhole = length >= least && ip.length >= ip.header + length;
  return { kind: isWhole ? 'ok' : 'bad', packet: { ...packet, ...meaningOf(frame, packet, at) } };
}
