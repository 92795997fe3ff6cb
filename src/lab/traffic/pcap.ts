// Parses captures of `tcpdump -i any`: pcap with link type LINUX_SLL2, which has the ifindex of each packet's port. Pure.
//
//      0               1               2               3
//     +-------------------------------+-------------------------------+
//     |         ether type            |           reserved            |
//     +-------------------------------+-------------------------------+
//     |                       interface index                         |
//     +-------------------------------+---------------+---------------+
//     |          ARPHRD type          |  packet type  | address length|
//     +-------------------------------+---------------+---------------+
//     |            link-layer address of the sender (8)               |
//     +---------------------------------------------------------------+

import { formatAddress } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { decodeAddress } from '../../wire/address-bytes.js';
import { decodeArp } from '../../wire/arp.js';
import { viewOf } from '../../wire/bytes.js';
import { EtherType, macText } from '../../wire/ethernet.js';
import { decodeIcmp, IcmpType, IcmpUnreachable } from '../../wire/icmp.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import { decodeIpv6 } from '../../wire/ipv6.js';
import { decodeTcp } from '../../wire/tcp.js';
import { decodeUdp } from '../../wire/udp.js';
import { type Inside, insideTunnel } from './tunnel.js';

export interface SeenPacket {
  readonly ifindex: number;
  /** The switch sent it out of this port; otherwise it came in there. */
  readonly outgoing: boolean;
  readonly mac: string;
  /** `tcp`, `udp`, `icmp`, `icmpv6`, `arp-request`, `arp-reply`, `neighbour-request`, `neighbour-reply`, or a number (`ip-47`, `ether-88cc`). */
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of `FSRPA`, in this order. */
  readonly flags?: string;
  /** Of a TCP segment: one that is sent again has the same. */
  readonly sequence?: number;
  /** Of an ICMP error about a packet that is too large: the size that it names. */
  readonly mtu?: number;
  /** The kind of tunnel that this packet is inside of, and the ends of the outer packet; all else here is of the inner one. */
  readonly tunnel?: Inside['tunnel'];
  readonly outerSource?: string;
  readonly outerDestination?: string;
  /** Length of the packet without the link-layer header. */
  readonly bytes: number;
}

const LINUX_SLL2 = 276;
const HEADER_BYTES = 20;
const OUTGOING = 4;
const FLAG_LETTERS = 'FSRPA';

type Described = Omit<SeenPacket, 'ifindex' | 'outgoing' | 'mac' | 'bytes'>;

type Ends = Pick<Described, 'source' | 'destination'>;

/** A packet in a tunnel; undefined: the outer one is of no tunnel, or its inner one was not captured. */
function describeInside(protocol: number, { source, destination }: Ends, transport: Uint8Array): Described | undefined {
  const inside = insideTunnel(protocol, transport);
  const packet = inside === undefined ? undefined : describeIp(inside.etherType, inside.packet);
  return inside === undefined || packet === undefined
    ? undefined
    : { ...packet, tunnel: inside.tunnel, outerSource: source, outerDestination: destination };
}

/** `transport`: what follows the header of IP; undefined: it is in another fragment. */
function describeTransport(protocol: number, ends: Ends, transport: Uint8Array | undefined): Described {
  const inside = transport === undefined ? undefined : describeInside(protocol, ends, transport);
  if (inside !== undefined) return inside;
  if (protocol === IpProtocol.tcp) {
    const segment = transport === undefined ? undefined : decodeTcp(transport);
    if (segment === undefined) return { protocol: 'tcp', ...ends };
    const { sourcePort, destinationPort, flags, sequence } = segment;
    return {
      protocol: 'tcp',
      ...ends,
      sourcePort,
      destinationPort,
      flags: [...FLAG_LETTERS].filter((_, bit) => (flags & (1 << bit)) !== 0).join(''),
      sequence,
    };
  }
  if (protocol === IpProtocol.udp) {
    const datagram = transport === undefined ? undefined : decodeUdp(transport);
    if (datagram === undefined) return { protocol: 'udp', ...ends };
    const { sourcePort, destinationPort } = datagram;
    return { protocol: 'udp', ...ends, sourcePort, destinationPort };
  }
  const mtu = protocol === IpProtocol.icmp && transport !== undefined ? mtuOf(transport) : undefined;
  return { protocol: NAMES.get(protocol) ?? `ip-${protocol}`, ...ends, ...(mtu === undefined ? {} : { mtu }) };
}

/** Of "fragmentation needed" (RFC 1191). */
function mtuOf(bytes: Uint8Array): number | undefined {
  const message = decodeIcmp(bytes);
  const isAboutSize = message?.type === IcmpType.unreachable && message.code === IcmpUnreachable.fragmentationNeeded;
  return isAboutSize ? message.rest & 0xffff : undefined;
}

const NAMES: ReadonlyMap<number, string> = new Map([
  [IpProtocol.icmp, 'icmp'],
  [IpProtocol.icmpv6, 'icmpv6'],
]);

function describeIpv4(bytes: Uint8Array): Described | undefined {
  const packet = decodeIpv4(bytes, true);
  if (packet === undefined) return undefined;
  const ends = { source: formatAddress(packet.source), destination: formatAddress(packet.destination) };
  return describeTransport(packet.protocol, ends, packet.fragmentOffset === 0 ? packet.payload : undefined);
}

/** Packet too big (RFC 4443 §3.2): where its MTU lies. */
const TOO_BIG = 2;
const MTU_AT = 4;

/** Neighbour solicitations and advertisements (RFC 4861 §4.3, §4.4): where the address that they are about lies. */
const SOLICITATION = 135;
const ADVERTISEMENT = 136;
const TARGET = { begin: 8, end: 24 } as const;

function describeIpv6(bytes: Uint8Array): Described | undefined {
  const packet = decodeIpv6(bytes, true);
  if (packet === undefined) return undefined;
  const { protocol, payload } = packet;
  const ends = { source: formatAddress(packet.source), destination: formatAddress(packet.destination) };
  if (protocol !== IpProtocol.icmpv6) return describeTransport(protocol, ends, payload);
  if (payload[0] === TOO_BIG && payload.length >= MTU_AT + 4)
    return { protocol: 'icmpv6', ...ends, mtu: viewOf(payload).getUint32(MTU_AT) };
  const target = decodeAddress(payload.subarray(TARGET.begin, TARGET.end));
  if (target === undefined) return { protocol: 'icmpv6', ...ends };
  const about = formatAddress(target);
  if (payload[0] === SOLICITATION) return { protocol: 'neighbour-request', ...ends, destination: about };
  if (payload[0] === ADVERTISEMENT) return { protocol: 'neighbour-reply', ...ends, source: about };
  return { protocol: 'icmpv6', ...ends };
}

const describeIp = (etherType: number, bytes: Uint8Array): Described | undefined =>
  etherType === EtherType.ipv4 ? describeIpv4(bytes) : etherType === EtherType.ipv6 ? describeIpv6(bytes) : undefined;

function describe(etherType: number, payload: Uint8Array): Described {
  const arp = etherType === EtherType.arp ? decodeArp(payload) : undefined;
  if (arp !== undefined) {
    return { protocol: `arp-${arp.operation}`, source: formatAddress(arp.senderAddress), destination: formatAddress(arp.targetAddress) };
  }
  const packet = describeIp(etherType, payload);
  return packet ?? { protocol: `ether-${etherType.toString(16).padStart(4, '0')}`, source: '', destination: '' };
}

/** The packets of a capture file. An incomplete packet at its end is left out. @throws WeirError for another kind of file */
export function readPcap(file: Uint8Array): readonly SeenPacket[] {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 24) return [];
  const little = [0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0, true));
  if (!little && ![0xa1b2c3d4, 0xa1b23c4d].includes(view.getUint32(0))) throw new WeirError('capture-not-pcap');
  const linkType = view.getUint32(20, little) & 0xffff;
  if (linkType !== LINUX_SLL2) throw new WeirError('capture-link-type', { linkType, expected: LINUX_SLL2 });
  const packets: SeenPacket[] = [];
  for (let offset = 24; offset + 16 <= file.length; ) {
    const captured = view.getUint32(offset + 8, little);
    const bytes = view.getUint32(offset + 12, little) - HEADER_BYTES;
    const start = offset + 16;
    offset = start + captured;
    if (offset > file.length) break;
    if (captured >= HEADER_BYTES) {
      packets.push({
        ifindex: view.getUint32(start + 4),
        outgoing: view.getUint8(start + 10) === OUTGOING,
        mac: macText(file.subarray(start + 12, start + 18)),
        ...describe(view.getUint16(start), file.subarray(start + HEADER_BYTES, offset)),
        bytes,
      });
    }
  }
  return packets;
}
