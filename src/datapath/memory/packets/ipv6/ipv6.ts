// What the rules for packets leave to IPv6: frames are written, and ICMPv6 errors read and translated, as the datapath does.
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { concat, viewOf } from '../../../../wire/bytes.js';
import { internetChecksum, pseudoHeaderSum } from '../../../../wire/checksum.js';
import { encodeIcmpv6 } from '../../../../wire/icmpv6.js';
import { IPV6_HEADER_BYTES } from '../../../../wire/ipv6.js';
import { overwrite, replaceBytes } from '../checksum.js';
import type { Endpoint } from '../endpoint.js';
import { answerTo, comesFromGroup, ETHERNET_BYTES } from '../ethernet.js';
import type { FamilyRules, Flaw, IcmpKind, Quoted } from '../family-rules.js';
import { ICMP_BYTES, MESSAGE_MAX_BYTES, quoteAt, quotedPacket, quoteOf } from '../icmp-quote.js';
import { addressOf, type Ip, readIpv6, wordsOf, writeIp } from '../ip.js';
import { isIpsec } from '../ipsec.js';
import type { Packet } from '../packet.js';
import { translateTransport } from '../translate-transport.js';

const [HOP_LIMIT_AT, SOURCE_AT, DESTINATION_AT] = [7, 8, 24] as const;
const ADDRESS_BYTES = 16;
const HOP_LIMIT = 64;
/** Of the offending packet. */
const QUOTE_MAX_BYTES = 1232;
/** An error with the quoted header and its ports. */
const QUOTE_MIN_BYTES = ICMP_BYTES + IPV6_HEADER_BYTES + 4;
const BALANCED: ReadonlySet<number> = new Set([IpProtocol.tcp, IpProtocol.udp, IpProtocol.sctp, IpProtocol.esp]);
/** Unreachable, packet too big, time exceeded, parameter problem. */
const [FIRST_ERROR, LAST_ERROR] = [1, 4];
const KINDS: Readonly<Record<IcmpKind['what'], readonly [number, number]>> = {
  host: [1, 3],
  port: [1, 4],
  exceeded: [3, 0],
  'too big': [2, 0],
};

/** RFC 8200. */
const MTU_MIN = 1280;

/** Multicast, unspecified, loopback, and IPv4 addresses in IPv6's form. */
function isMartian(source: Ip): boolean {
  const [first = 0, second = 0, third = 0, last = 0] = wordsOf(source);
  if (first >>> 24 === 0xff) return true;
  return first === 0 && second === 0 && (third === 0xffff || (third === 0 && last <= 1));
}

const isLinkLocal = (address: Ip): boolean => (wordsOf(address)[0] ?? 0) >>> 22 === 0xfe80 >>> 6;

/** Overwrites an address. `sumAt`: a checksum that covers it. */
function readdress(frame: Uint8Array, at: number, to: Ip, sumAt: number | undefined): void {
  const before = frame.slice(at, at + ADDRESS_BYTES);
  writeIp(frame, at, to);
  if (sumAt === undefined) return;
  const view = viewOf(frame);
  view.setUint16(sumAt, replaceBytes(view.getUint16(sumAt), before, frame.subarray(at, at + ADDRESS_BYTES)));
}

function translate(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void {
  const at = ETHERNET_BYTES + (source ? SOURCE_AT : DESTINATION_AT);
  translateTransport(frame, packet, source, to, (sumAt) => readdress(frame, at, to.address, sumAt));
}

/** The ID is the last four bytes of the fragment header, behind which other extension headers may stand. */
const renumber = (frame: Uint8Array, { header, part }: Packet, id: number): void =>
  viewOf(frame).setUint32(ETHERNET_BYTES + (part?.ends ?? header) - 4, id);

function changeHops(frame: Uint8Array, change: -1 | 1): void {
  const view = viewOf(frame);
  view.setUint8(ETHERNET_BYTES + HOP_LIMIT_AT, view.getUint8(ETHERNET_BYTES + HOP_LIMIT_AT) + change);
}

function errorFrame(frame: Uint8Array, packet: Packet, { what, mtu }: IcmpKind, from: Ip): Uint8Array {
  const [type, code] = KINDS[what];
  const head = new Uint8Array(ICMP_BYTES);
  head.set([type, code], 0);
  viewOf(head).setUint32(4, mtu);
  const error = encodeIcmpv6(addressOf(from), addressOf(packet.source), HOP_LIMIT, concat(head, quoteOf(frame, packet, QUOTE_MAX_BYTES)));
  return answerTo(frame, error);
}

/** What an ICMPv6 error quotes, if that is the beginning of a packet without extension headers. */
function quoted(frame: Uint8Array, packet: Packet): Quoted | undefined {
  const at = quoteAt(packet);
  const ports = at + IPV6_HEADER_BYTES;
  if (frame.length < ports + 4) return undefined;
  const view = viewOf(frame);
  const type = view.getUint8(at - ICMP_BYTES);
  if (type < FIRST_ERROR || type > LAST_ERROR || view.getUint8(at) >> 4 !== 6) return undefined;
  const protocol = view.getUint8(at + 6);
  if (!BALANCED.has(protocol)) return undefined;
  const [source, destination] = [readIpv6(frame, at + SOURCE_AT), readIpv6(frame, at + DESTINATION_AT)];
  return quotedPacket(frame, { source, destination, protocol }, ports);
}

/** What is wrong with an ICMPv6 message: its length and its checksum must be right. */
function flaw(frame: Uint8Array, packet: Packet): Flaw | undefined {
  const from = ETHERNET_BYTES + packet.header;
  const size = packet.length - packet.header;
  if (size < QUOTE_MIN_BYTES || from + size > frame.length) return { verdict: 'pass', reason: 'bad_length' };
  if (size > MESSAGE_MAX_BYTES) return { verdict: 'pass' };
  const sum = pseudoHeaderSum(addressOf(packet.source), addressOf(packet.destination), IpProtocol.icmpv6, size);
  return internetChecksum(frame.subarray(from, from + size), sum) === 0 ? undefined : { verdict: 'drop', reason: 'icmp_checksum' };
}

function translateError(frame: Uint8Array, packet: Packet, inbound: boolean, to: Endpoint): void {
  const at = quoteAt(packet);
  const sumAt = at - ICMP_BYTES + 2;
  readdress(frame, ETHERNET_BYTES + (inbound ? DESTINATION_AT : SOURCE_AT), to.address, sumAt);
  readdress(frame, at + (inbound ? SOURCE_AT : DESTINATION_AT), to.address, sumAt);
  const view = viewOf(frame);
  if (!isIpsec('inet6', view.getUint8(at + 6))) overwrite(view, at + IPV6_HEADER_BYTES + (inbound ? 0 : 2), 2, to.port, sumAt);
}

function lowerMtu(frame: Uint8Array, packet: Packet, by: number): void {
  const view = viewOf(frame);
  const at = quoteAt(packet) - ICMP_BYTES;
  const [type] = KINDS['too big'];
  const mtu = view.getUint32(at + 4);
  if (view.getUint8(at) === type && mtu >= MTU_MIN + by) overwrite(view, at + 4, 4, mtu - by, at + 2);
}

export const ipv6: FamilyRules = {
  isMartian,
  isLinkLocal,
  translate,
  renumber,
  changeHops,
  mayBeAnswered: (frame) => !comesFromGroup(frame),
  errorFrame,
  quoted,
  flaw,
  translateError,
  lowerMtu,
};
