// What the rules for packets leave to IPv4: frames are written, and ICMP errors read and translated, as the datapath does.
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { concat, viewOf } from '../../../../wire/bytes.js';
import { internetChecksum } from '../../../../wire/checksum.js';
import { encodeIcmp, IcmpType, IcmpUnreachable } from '../../../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../../wire/ipv4.js';
import { replaceHalf, replaceWord } from '../checksum.js';
import type { Endpoint } from '../endpoint.js';
import { comesFromGroup, ETHERNET_BYTES } from '../ethernet.js';
import type { FamilyRules, Flaw, IcmpKind, Quoted } from '../family-rules.js';
import { addressOf, type Ip, readIpv4 } from '../ip.js';
import type { Packet } from '../packet.js';
import { IPV4_BYTES } from './parse.js';

const [TTL_AT, SUM_AT, SOURCE_AT, DESTINATION_AT] = [8, 10, 12, 16] as const;
const ICMP_BYTES = 8;
/** Of the offending packet, from its IP header on. */
const QUOTE_MAX_BYTES = 128;
/** Longer messages are left to the stack. */
const MESSAGE_MAX_BYTES = 1536;
const ERRORS: ReadonlySet<number> = new Set([IcmpType.unreachable, IcmpType.sourceQuench, IcmpType.timeExceeded]);
const KINDS: Readonly<Record<IcmpKind['what'], readonly [number, number]>> = {
  host: [IcmpType.unreachable, IcmpUnreachable.host],
  port: [IcmpType.unreachable, IcmpUnreachable.port],
  exceeded: [IcmpType.timeExceeded, 0],
  'too big': [IcmpType.unreachable, IcmpUnreachable.fragmentationNeeded],
};

const numberOf = (ip: Ip): number => Number(ip);

/** RFC 1812 5.3.7: this network, loopback, multicast and above. */
export function isMartian(source: Ip): boolean {
  const first = numberOf(source) >>> 24;
  return first === 0 || first === 127 || first >= 224;
}

/** Writes a word, or a half of one, and brings the change into a checksum. */
function change(view: DataView, sumAt: number, at: number, size: 2 | 4, after: number): void {
  const before = size === 4 ? view.getUint32(at) : view.getUint16(at);
  view.setUint16(sumAt, replaceWord(view.getUint16(sumAt), before, after));
  if (size === 4) view.setUint32(at, after);
  else view.setUint16(at, after);
}

/** UDP without a checksum stays without. */
function translate(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void {
  const view = viewOf(frame);
  const l4 = ETHERNET_BYTES + packet.header;
  const udp = packet.protocol === IpProtocol.udp;
  const sumAt = l4 + (udp ? 6 : 16);
  const addressAt = ETHERNET_BYTES + (source ? SOURCE_AT : DESTINATION_AT);
  const portAt = l4 + (source ? 0 : 2);
  const [address, sum] = [numberOf(to.address), view.getUint16(sumAt)];
  if (!udp || sum !== 0) {
    const next = replaceWord(replaceWord(sum, view.getUint32(addressAt), address), view.getUint16(portAt), to.port);
    view.setUint16(sumAt, udp && next === 0 ? 0xffff : next);
  }
  change(view, ETHERNET_BYTES + SUM_AT, addressAt, 4, address);
  view.setUint16(portAt, to.port);
}

function lowerHops(frame: Uint8Array): void {
  const view = viewOf(frame);
  const [ttlAt, sumAt] = [ETHERNET_BYTES + TTL_AT, ETHERNET_BYTES + SUM_AT];
  const before = view.getUint16(ttlAt);
  const after = before - 0x100;
  view.setUint16(sumAt, replaceHalf(view.getUint16(sumAt), before, after));
  view.setUint16(ttlAt, after);
}

function mayBeAnswered(frame: Uint8Array, { source }: Packet, from: Ip): boolean {
  const isGroup = numberOf(from) >>> 28 === 0xe || from === 0xffffffff;
  return !isGroup && source !== 0 && !comesFromGroup(frame);
}

function errorFrame(frame: Uint8Array, packet: Packet, { what, mtu }: IcmpKind, from: Ip): Uint8Array {
  const [type, code] = KINDS[what];
  const body = frame.slice(ETHERNET_BYTES, ETHERNET_BYTES + Math.min(packet.length, QUOTE_MAX_BYTES));
  const error = encodeIpv4({
    ...IPV4_DEFAULTS,
    protocol: IpProtocol.icmp,
    source: addressOf(from),
    destination: addressOf(packet.source),
    payload: encodeIcmp({ type, code, rest: mtu, body }),
  });
  return concat(frame.subarray(6, 12), frame.subarray(0, 6), frame.subarray(12, ETHERNET_BYTES), error);
}

const quoteAt = ({ header }: Packet): number => ETHERNET_BYTES + header + ICMP_BYTES;

/** Of an error that quotes the beginning of a packet without IP options. */
function quoted(frame: Uint8Array, packet: Packet): Quoted | undefined {
  const view = viewOf(frame);
  const at = quoteAt(packet);
  if (frame.length < at + IPV4_BYTES + 4 || !ERRORS.has(view.getUint8(at - ICMP_BYTES)) || view.getUint8(at) !== 0x45) return undefined;
  if ((view.getUint16(at + 6) & 0x1fff) !== 0 || packet.length < packet.header) return undefined;
  return {
    from: { address: readIpv4(frame, at + SOURCE_AT), port: view.getUint16(at + IPV4_BYTES) },
    to: { address: readIpv4(frame, at + DESTINATION_AT), port: view.getUint16(at + IPV4_BYTES + 2) },
    protocol: view.getUint8(at + 9),
  };
}

/** The kernel's stack drops a wrong IP header before IPVS sees it; IPVS drops a wrong message. */
function flaw(frame: Uint8Array, packet: Packet): Flaw | undefined {
  const from = ETHERNET_BYTES + packet.header;
  if (internetChecksum(frame.subarray(ETHERNET_BYTES, from)) !== 0) return { verdict: 'pass', reason: 'bad_checksum' };
  const size = packet.length - packet.header;
  if (size > MESSAGE_MAX_BYTES || from + size > frame.length) return { verdict: 'pass' };
  return internetChecksum(frame.subarray(from, from + size)) === 0 ? undefined : { verdict: 'drop', reason: 'icmp_checksum' };
}

/** A quoted address and its header's checksum change together, so that of the quoted header only the port counts for ICMP's. */
function translateError(frame: Uint8Array, packet: Packet, inbound: boolean, to: Endpoint): void {
  const view = viewOf(frame);
  const at = quoteAt(packet);
  const address = numberOf(to.address);
  change(view, at + SUM_AT, at + (inbound ? SOURCE_AT : DESTINATION_AT), 4, address);
  change(view, at - ICMP_BYTES + 2, at + IPV4_BYTES + (inbound ? 0 : 2), 2, to.port);
  change(view, ETHERNET_BYTES + SUM_AT, ETHERNET_BYTES + (inbound ? DESTINATION_AT : SOURCE_AT), 4, address);
}

export const ipv4: FamilyRules = {
  errorsFromInterface: true,
  isMartian,
  isLinkLocal: () => false,
  translate,
  lowerHops,
  mayBeAnswered,
  errorFrame,
  quoted,
  flaw,
  translateError,
};
