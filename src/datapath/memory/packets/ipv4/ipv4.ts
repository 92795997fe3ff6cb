// What the rules for packets leave to IPv4: frames are written, and ICMP errors read and translated, as the datapath does.
import { IpProtocol } from '../../../../model/ip-protocol.js';
import { viewOf } from '../../../../wire/bytes.js';
import { internetChecksum } from '../../../../wire/checksum.js';
import { encodeIcmp, IcmpType, IcmpUnreachable, tosOfError } from '../../../../wire/icmp.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../../wire/ipv4.js';
import { overwrite, replaceHalf, replaceWord } from '../checksum.js';
import type { Endpoint } from '../endpoint.js';
import { answerTo, comesFromGroup, ETHERNET_BYTES } from '../ethernet.js';
import type { FamilyRules, Flaw, IcmpKind, Quoted } from '../family-rules.js';
import { headerBytes, ICMP_BYTES, MESSAGE_MAX_BYTES, quoteAt, quotedPacket, quoteOf } from '../icmp-quote.js';
import { addressOf, type Ip, readIpv4 } from '../ip.js';
import { isIpsec } from '../ipsec.js';
import type { Packet } from '../packet.js';
import { translateTransport } from '../translate-transport.js';
import { hasSourceRoute } from './options.js';
import { IPV4_BYTES } from './parse.js';

const [ID_AT, TTL_AT, SUM_AT, SOURCE_AT, DESTINATION_AT] = [4, 8, 10, 12, 16] as const;
/** Of the offending packet, from its IP header on. */
const QUOTE_MAX_BYTES = 548;
const PORTS_BYTES = 4;
const ERRORS: ReadonlySet<number> = new Set([IcmpType.unreachable, IcmpType.sourceQuench, IcmpType.timeExceeded]);
const KINDS: Readonly<Record<IcmpKind['what'], readonly [number, number]>> = {
  host: [IcmpType.unreachable, IcmpUnreachable.host],
  port: [IcmpType.unreachable, IcmpUnreachable.port],
  exceeded: [IcmpType.timeExceeded, 0],
  'too big': [IcmpType.unreachable, IcmpUnreachable.fragmentationNeeded],
};

/** RFC 791. */
const MTU_MIN = 68;

const numberOf = (ip: Ip): number => Number(ip);

/** RFC 1812 5.3.7: this network, loopback, multicast and above. */
export function isMartian(source: Ip): boolean {
  const first = numberOf(source) >>> 24;
  return first === 0 || first === 127 || first >= 224;
}

function translate(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void {
  const view = viewOf(frame);
  const at = ETHERNET_BYTES + (source ? SOURCE_AT : DESTINATION_AT);
  const address = numberOf(to.address);
  translateTransport(frame, packet, source, to, (sumAt) => {
    if (sumAt !== undefined) view.setUint16(sumAt, replaceWord(view.getUint16(sumAt), view.getUint32(at), address));
    overwrite(view, at, 4, address, ETHERNET_BYTES + SUM_AT);
  });
}

const renumber = (frame: Uint8Array, _packet: Packet, id: number): void =>
  overwrite(viewOf(frame), ETHERNET_BYTES + ID_AT, 2, id & 0xffff, ETHERNET_BYTES + SUM_AT);

function changeHops(frame: Uint8Array, change: -1 | 1): void {
  const view = viewOf(frame);
  const [ttlAt, sumAt] = [ETHERNET_BYTES + TTL_AT, ETHERNET_BYTES + SUM_AT];
  const before = view.getUint16(ttlAt);
  const after = before + change * 0x100;
  view.setUint16(sumAt, replaceHalf(view.getUint16(sumAt), before, after));
  view.setUint16(ttlAt, after);
}

function mayBeAnswered(frame: Uint8Array, { source }: Packet, from: Ip): boolean {
  const isGroup = numberOf(from) >>> 28 === 0xe || from === 0xffffffff;
  return !isGroup && source !== 0 && !comesFromGroup(frame);
}

const TOS_AT = ETHERNET_BYTES + 1;

function errorFrame(frame: Uint8Array, packet: Packet, { what, mtu }: IcmpKind, from: Ip): Uint8Array {
  const [type, code] = KINDS[what];
  const error = encodeIpv4({
    ...IPV4_DEFAULTS,
    tos: tosOfError(frame[TOS_AT] ?? 0),
    protocol: IpProtocol.icmp,
    source: addressOf(from),
    destination: addressOf(packet.source),
    payload: encodeIcmp({ type, code, rest: mtu, body: quoteOf(frame, packet, QUOTE_MAX_BYTES) }),
  });
  return answerTo(frame, error);
}

/** What an ICMP error quotes, if that is the beginning of a packet with ports. */
function quoted(frame: Uint8Array, packet: Packet): Quoted | undefined {
  const view = viewOf(frame);
  const at = quoteAt(packet);
  if (frame.length < at + IPV4_BYTES || !ERRORS.has(view.getUint8(at - ICMP_BYTES)) || view.getUint8(at) >> 4 !== 4) return undefined;
  const header = headerBytes(frame, at);
  if (header < IPV4_BYTES || frame.length < at + header + PORTS_BYTES) return undefined;
  if ((view.getUint16(at + 6) & 0x1fff) !== 0 || packet.length < packet.header) return undefined;
  const [source, destination] = [readIpv4(frame, at + SOURCE_AT), readIpv4(frame, at + DESTINATION_AT)];
  return quotedPacket(frame, { source, destination, protocol: view.getUint8(at + 9) }, at + header);
}

/** The kernel's stack drops a wrong IP header and a source route before IPVS sees them, and what is behind the message; IPVS drops a wrong one. */
function flaw(frame: Uint8Array, packet: Packet): Flaw | undefined {
  const from = ETHERNET_BYTES + packet.header;
  if (internetChecksum(frame.subarray(ETHERNET_BYTES, from)) !== 0) return { verdict: 'pass', reason: 'bad_checksum' };
  if (hasSourceRoute(frame.subarray(ETHERNET_BYTES + IPV4_BYTES, from))) return { verdict: 'pass' };
  const size = packet.length - packet.header;
  if (size < ICMP_BYTES + headerBytes(frame, quoteAt(packet)) + PORTS_BYTES || from + size > frame.length)
    return { verdict: 'pass', reason: 'bad_length' };
  if (size > MESSAGE_MAX_BYTES) return { verdict: 'pass' };
  return internetChecksum(frame.subarray(from, from + size)) === 0 ? undefined : { verdict: 'drop', reason: 'icmp_checksum' };
}

/** A quoted address and its header's checksum change together, so that of the quoted header only the port counts for ICMP's. */
function translateError(frame: Uint8Array, packet: Packet, inbound: boolean, to: Endpoint): void {
  const view = viewOf(frame);
  const at = quoteAt(packet);
  const address = numberOf(to.address);
  overwrite(view, at + (inbound ? SOURCE_AT : DESTINATION_AT), 4, address, at + SUM_AT);
  if (!isIpsec('inet', view.getUint8(at + 9))) {
    overwrite(view, at + headerBytes(frame, at) + (inbound ? 0 : 2), 2, to.port, at - ICMP_BYTES + 2);
  }
  overwrite(view, ETHERNET_BYTES + (inbound ? DESTINATION_AT : SOURCE_AT), 4, address, ETHERNET_BYTES + SUM_AT);
}

function lowerMtu(frame: Uint8Array, packet: Packet, by: number): void {
  const view = viewOf(frame);
  const at = quoteAt(packet) - ICMP_BYTES;
  const [type, code] = KINDS['too big'];
  const mtu = view.getUint16(at + 6);
  if (view.getUint8(at) === type && view.getUint8(at + 1) === code && mtu >= MTU_MIN + by) overwrite(view, at + 6, 2, mtu - by, at + 2);
}

export const ipv4: FamilyRules = {
  isMartian,
  isLinkLocal: () => false,
  translate,
  renumber,
  changeHops,
  mayBeAnswered,
  errorFrame,
  quoted,
  flaw,
  translateError,
  lowerMtu,
};
