// A segment of TCP without data in its IP packet, of either family, as a raw socket sends it and a packet socket receives it.
import { addressId } from '../model/identity.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { DestinationKey } from '../model/service.js';
import { assembleFilter, type FilterInstruction } from './classic-bpf.js';
import { decodeIpv4, encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { decodeIpv6, encodeIpv6, IPV6_HEADER_BYTES } from './ipv6.js';
import { decodeTcp, encodeTcp, TCP_DEFAULTS, TcpFlag } from './tcp.js';

/** `flags`: as TcpFlag. */
export interface BareSegment {
  readonly source: DestinationKey;
  readonly destination: DestinationKey;
  readonly sequence: number;
  readonly acknowledgement: number;
  readonly flags: number;
}

const HOP_LIMIT = 64;

export function encodeBareSegment({ source, destination, ...numbers }: BareSegment): Uint8Array {
  const ports = { sourcePort: source.port, destinationPort: destination.port };
  const payload = encodeTcp({ ...TCP_DEFAULTS, ...ports, ...numbers }, source.address, destination.address);
  const packet = { source: source.address, destination: destination.address, protocol: IpProtocol.tcp, payload };
  return source.address.family === 'inet' ? encodeIpv4({ ...IPV4_DEFAULTS, ...packet }) : encodeIpv6({ ...packet, hopLimit: HOP_LIMIT });
}

/** undefined: it is none, has data or options of IPv6, or is a fragment. */
export function decodeBareSegment(bytes: Uint8Array): BareSegment | undefined {
  const isIpv4 = (bytes[0] ?? 0) >>> 4 === 4;
  const ipv4 = isIpv4 ? decodeIpv4(bytes) : undefined;
  const packet = ipv4 ?? (isIpv4 ? undefined : decodeIpv6(bytes));
  if (packet === undefined || packet.protocol !== IpProtocol.tcp) return undefined;
  if (ipv4 !== undefined && (ipv4.fragmentOffset !== 0 || (ipv4.flags & 1) !== 0)) return undefined;
  const segment = decodeTcp(packet.payload);
  if (segment === undefined || segment.payload.length > 0) return undefined;
  const { sourcePort, destinationPort, sequence, acknowledgement, flags } = segment;
  return {
    source: { address: packet.source, port: sourcePort },
    destination: { address: packet.destination, port: destinationPort },
    sequence,
    acknowledgement,
    flags,
  };
}

/** One string for each pair of ends, by their order. Not for people. */
export const endsId = (source: DestinationKey, destination: DestinationKey): string =>
  `${addressId(source.address)}:${source.port} ${addressId(destination.address)}:${destination.port}`;

/** SKF_AD_OFF + SKF_AD_PKTTYPE of linux/filter.h, and what stands there of a packet that this host sends. */
const [PACKET_TYPE, OUTGOING] = [0xffff_f004, 4];
/** Bits of an IP length that nothing as short as a segment without data has. */
const [IPV4_LONG, IPV6_LONG] = [0xff80, 0xffc0];
const [IPV4_PROTOCOL_AT, IPV4_FRAGMENT_AT, IPV6_PROTOCOL_AT] = [9, 6, 6];
const OF_ENDS = TcpFlag.syn | TcpFlag.fin | TcpFlag.rst;
const WHOLE = 0xffff;
/** A program has 64 instructions. */
const FILTER_PORTS_MAX = 32;

const oneOf = (at: number, ports: readonly number[]): readonly FilterInstruction[] => [
  { do: 'loadHalfAt', k: at },
  ...ports.map((k): FilterInstruction => ({ do: 'ifEqual', k, ifSo: 'yes' })),
];

/**
 * Of IP packets without a link's header: short segments of TCP that came in, acknowledge, and neither begin nor end a connection; from these ports or
 * to those, unless there are more than a filter can name.
 */
export function bareSegmentFilter(from: readonly number[], to: readonly number[]): Uint8Array {
  const isNamed = from.length + to.length <= FILTER_PORTS_MAX;
  const ports: readonly FilterInstruction[] = isNamed ? [...oneOf(0, from), ...oneOf(2, to), { do: 'accept', k: 0 }] : [];
  return assembleFilter([
    { do: 'loadByte', k: PACKET_TYPE },
    { do: 'ifEqual', k: OUTGOING, ifSo: 'no' },
    { do: 'loadByte', k: 0 },
    { do: 'and', k: 0xf0 },
    { do: 'ifEqual', k: 0x60, ifSo: 'ipv6' },
    { do: 'ifEqual', k: 0x40, ifNot: 'no' },
    { do: 'loadByte', k: IPV4_PROTOCOL_AT },
    { do: 'ifEqual', k: IpProtocol.tcp, ifNot: 'no' },
    { do: 'loadHalf', k: IPV4_FRAGMENT_AT },
    { do: 'ifAny', k: 0x3fff, ifSo: 'no' },
    { do: 'loadHalf', k: 2 },
    { do: 'ifAny', k: IPV4_LONG, ifSo: 'no' },
    { do: 'headerLength', k: 0 },
    { do: 'loadByteAt', k: 13 },
    { do: 'ifAny', k: TcpFlag.ack, ifSo: 'tcp', ifNot: 'no' },
    { do: 'loadByte', k: IPV6_PROTOCOL_AT, label: 'ipv6' },
    { do: 'ifEqual', k: IpProtocol.tcp, ifNot: 'no' },
    { do: 'loadHalf', k: 4 },
    { do: 'ifAny', k: IPV6_LONG, ifSo: 'no' },
    { do: 'setIndex', k: IPV6_HEADER_BYTES },
    { do: 'loadByteAt', k: 13 },
    { do: 'ifAny', k: TcpFlag.ack, ifNot: 'no' },
    { do: 'ifAny', k: OF_ENDS, label: 'tcp', ifSo: 'no' },
    ...ports,
    { do: 'accept', k: WHOLE, label: 'yes' },
    { do: 'accept', k: 0, label: 'no' },
  ]);
}
