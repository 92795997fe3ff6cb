// Packets of histories, by the family of their ends: segments, datagrams and chunks in the forms that a history describes, and ICMP errors.
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import { viewOf } from '../../../src/wire/bytes.js';
import { EtherType } from '../../../src/wire/ethernet.js';
import { encodeIcmp } from '../../../src/wire/icmp.js';
import { ChunkType, type SctpChunk } from '../../../src/wire/sctp.js';
import { endOf, IPV6, SERVERS } from '../fixtures/bed-addresses.js';
import { bytes, type Ends, type IpPart, ipPacket, patched, sctp, tcp, udp } from '../fixtures/packets.js';
import { type Icmp6Error, type Ipv6Part, icmp6, ipv6Packet, sctp6, tcp6, udp6 } from '../fixtures/packets6.js';
import type { Form } from './history.js';

const [MORE_FRAGMENTS, DONT_FRAGMENT] = [1, 2];
const LATER_OFFSET = 185;
const IPV6_BYTES = 40;
const [WRONG_TCP_SUM, WRONG_UDP_SUM, WRONG_ICMP_SUM, WRONG_SCTP_SUM] = [0xdead, 0xbeef, 0x1234, 0xdeadbeef] as const;

/** Of an address or `address:port`. A spoilt IPv6 address may have no `::`. */
export const isSix = (text: string): boolean => text.split(':').length > 2;

/** `address`: one of the packet's. */
export const etherTypeOf = (address: string): number => (isSix(address) ? EtherType.ipv6 : EtherType.ipv4);

const [ETHERTYPE_AT, IP_AT] = [12, 14] as const;
const PROTOCOL_AT = { four: IP_AT + 9, six: IP_AT + 6 } as const;

/** Which of IPv6 and SCTP an untagged frame without extension headers is of. */
export function labelsOf(frame: Uint8Array): readonly string[] {
  const six = viewOf(frame).getUint16(ETHERTYPE_AT) === EtherType.ipv6;
  const sctp = frame[six ? PROTOCOL_AT.six : PROTOCOL_AT.four] === IpProtocol.sctp;
  return [...(six ? ['IPv6'] : []), ...(sctp ? ['SCTP'] : [])];
}

/** `address:port`, IPv6 as `[address]:port`. */
export const endText = (address: string, port: number): string => (isSix(address) ? `[${address}]:${port}` : `${address}:${port}`);

function partOf({ ttl, dontFragment, options, fragment }: Form): IpPart {
  const flags = (dontFragment ? DONT_FRAGMENT : 0) | (fragment === 'first' ? MORE_FRAGMENTS : 0);
  return { ttl, flags, fragmentOffset: fragment === 'later' ? LATER_OFFSET : 0, options: new Uint8Array(options).fill(1) };
}

/** Of extension headers: the type, and what follows the byte with the next one's type. */
type Extension = readonly [number, readonly number[]];

/** Few options: one destination options header; many: hop by hop, and a routing header that is used up. Without DF an atomic fragment. */
function extensionsOf({ options, fragment, dontFragment }: Form): readonly Extension[] {
  const padding = [0, 1, 4, 0, 0, 0, 0];
  const found: Extension[] = [];
  if (options === 40) found.push([0, padding], [43, [0, 4, 0, 0, 0, 0, 0]]);
  if (options === 4) found.push([60, padding]);
  const word = fragment === 'later' ? LATER_OFFSET << 3 : fragment === 'first' ? 1 : 0;
  if (word !== 0 || (options === 4 && !dontFragment)) found.push([44, [0, word >> 8, word & 255, 0, 0, 0, 1]]);
  return found;
}

function part6Of(form: Form, protocol: number): Ipv6Part {
  const chain = extensionsOf(form);
  const types = [...chain.map(([type]) => type), protocol];
  const headers = Uint8Array.from(chain.flatMap(([, rest], index) => [types[index + 1] ?? protocol, ...rest]));
  return { hopLimit: form.ttl, extensions: { next: types[0] ?? protocol, headers } };
}

const headerOf = (form: Form): number => IPV6_BYTES + extensionsOf(form).length * 8;

function segment6(protocol: number, ends: Ends, letters: string, form: Form): Uint8Array {
  if (protocol === IpProtocol.sctp)
    return sctp6(ends, chunksOf(letters, bytes(form.data)), { ...part6Of(form, protocol), ...SCTP_SUMS[form.sum] });
  const part = { ...part6Of(form, protocol), data: dataOf(protocol, form) };
  if (protocol === IpProtocol.tcp)
    return tcp6(ends, letters, form.sum === 'wrong' ? { ...part, segment: { checksum: WRONG_TCP_SUM } } : part);
  const datagram = udp6(ends, part);
  if (form.sum === 'right') return datagram;
  const sum = form.sum === 'none' ? 0 : WRONG_UDP_SUM;
  return patched(datagram, headerOf(form) + 6, sum >> 8, sum & 255);
}

/** The chunks of a packet of SCTP for the letters of TCP's flags. */
const CHUNKS: Readonly<Record<string, readonly number[]>> = {
  S: [ChunkType.init],
  SA: [ChunkType.initAck],
  A: [ChunkType.cookieEcho],
  PA: [ChunkType.cookieAck, ChunkType.data],
  P: [ChunkType.data, ChunkType.abort],
  FA: [ChunkType.shutdown],
  F: [ChunkType.shutdownAck],
  SFA: [ChunkType.error],
  RA: [ChunkType.abort],
  R: [ChunkType.cookieEcho, ChunkType.abort],
};

const SCTP_SUMS = { right: {}, wrong: { sctpChecksum: WRONG_SCTP_SUM }, none: { sctpChecksum: 0 } } as const;

/** The data are the first chunk's. */
const chunksOf = (letters: string, data: Uint8Array): readonly SctpChunk[] =>
  (CHUNKS[letters] ?? [ChunkType.shutdownComplete]).map((type, k) => (k === 0 ? { type, value: data } : { type }));

const dataOf = (protocol: number, { data, message }: Form): Uint8Array =>
  protocol === IpProtocol.udp && message !== '' ? Buffer.from(message, 'latin1') : bytes(data);

/** A packet of TCP, UDP or SCTP. */
export function segment(protocol: number, ends: Ends, letters: string, form: Form): Uint8Array {
  if (isSix(ends.from)) return segment6(protocol, ends, letters, form);
  if (protocol === IpProtocol.sctp) return sctp(ends, chunksOf(letters, bytes(form.data)), { ...partOf(form), ...SCTP_SUMS[form.sum] });
  const part = { ...partOf(form), data: dataOf(protocol, form) };
  if (protocol === IpProtocol.tcp)
    return tcp(ends, letters, form.sum === 'wrong' ? { ...part, segment: { checksum: WRONG_TCP_SUM } } : part);
  const udpChecksum = form.sum === 'none' ? 0 : form.sum === 'wrong' ? WRONG_UDP_SUM : undefined;
  return udp(ends, udpChecksum === undefined ? part : { ...part, udpChecksum });
}

const ESP_BYTES = 24;

/** ESP between the addresses of two ends. */
export function esp({ from, to }: Ends, form: Form): Uint8Array {
  const [source, target] = [endOf(from).address, endOf(to).address];
  const payload = bytes(ESP_BYTES + form.data);
  if (isSix(source)) return ipv6Packet(source, target, IpProtocol.esp, payload, part6Of(form, IpProtocol.esp));
  return ipPacket(source, target, IpProtocol.esp, payload, partOf(form));
}

/** By the type of IPv4's. */
const TYPES6: Readonly<Record<number, number>> = { 3: 1, 4: 2, 5: 137, 11: 3 };

/** An error about a packet of a connection, by a host on the way, to the packet's sender. That of IPv6 without `dontFragment`: by its link-local address. */
export function icmpAbout(protocol: number, about: Ends, type: number, form: Form): Uint8Array {
  const to = endOf(about.from).address;
  const options = isSix(to) ? 0 : form.options;
  const quoted = segment(protocol, about, 'A', { ...form, options, dontFragment: true, fragment: 'whole' });
  if (!isSix(to)) {
    const wrong = form.sum === 'wrong' ? { checksum: WRONG_ICMP_SUM } : {};
    const message = encodeIcmp({ type, code: 1, rest: 0, body: quoted.slice(0, 28 + options + form.data), ...wrong });
    return ipPacket(SERVERS[0], to, IpProtocol.icmp, message, partOf(form));
  }
  const error: Icmp6Error = { type: TYPES6[type] ?? 1, code: 0, rest: 1280 };
  const from = form.dontFragment ? IPV6.servers[0] : 'fe80::b';
  const message = icmp6(from, to, error, quoted.slice(0, IPV6_BYTES + 8 + form.data), part6Of(form, IpProtocol.icmpv6));
  return form.sum === 'wrong' ? patched(message, headerOf(form) + 2, WRONG_ICMP_SUM >> 8, WRONG_ICMP_SUM & 255) : message;
}
