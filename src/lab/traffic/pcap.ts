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

import type { Address } from '../../model/address.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { decodeArp } from '../../wire/arp.js';
import { EtherType, macText } from '../../wire/ethernet.js';
import { decodeIpv4 } from '../../wire/ipv4.js';
import { decodeTcp } from '../../wire/tcp.js';
import { decodeUdp } from '../../wire/udp.js';

export interface SeenPacket {
  readonly ifindex: number;
  /** The switch sent it out of this port; otherwise it came in there. */
  readonly outgoing: boolean;
  readonly mac: string;
  /** `tcp`, `udp`, `icmp`, `arp-request`, `arp-reply`, or a number (`ip-47`, `ether-86dd`). */
  readonly protocol: string;
  readonly source: string;
  readonly destination: string;
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  /** Of `FSRPA`, in this order. */
  readonly flags?: string;
  /** Length of the packet without the link-layer header. */
  readonly bytes: number;
}

const LINUX_SLL2 = 276;
const HEADER_BYTES = 20;
const OUTGOING = 4;
const FLAG_LETTERS = 'FSRPA';

const dotted = ({ words }: Address): string => {
  const word = words[0] ?? 0;
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
};

type Described = Pick<SeenPacket, 'protocol' | 'source' | 'destination' | 'sourcePort' | 'destinationPort' | 'flags'>;

function describeIpv4(bytes: Uint8Array): Described | undefined {
  const packet = decodeIpv4(bytes, true);
  if (packet === undefined) return undefined;
  const ends = { source: dotted(packet.source), destination: dotted(packet.destination) };
  if (packet.protocol === IpProtocol.tcp) {
    const segment = packet.fragmentOffset === 0 ? decodeTcp(packet.payload) : undefined;
    return segment === undefined
      ? { protocol: 'tcp', ...ends }
      : {
          protocol: 'tcp',
          ...ends,
          sourcePort: segment.sourcePort,
          destinationPort: segment.destinationPort,
          flags: [...FLAG_LETTERS].filter((_, bit) => (segment.flags & (1 << bit)) !== 0).join(''),
        };
  }
  if (packet.protocol === IpProtocol.udp) {
    const datagram = packet.fragmentOffset === 0 ? decodeUdp(packet.payload) : undefined;
    return datagram === undefined
      ? { protocol: 'udp', ...ends }
      : {
          protocol: 'udp',
          ...ends,
          sourcePort: datagram.sourcePort,
          destinationPort: datagram.destinationPort,
        };
  }
  return { protocol: packet.protocol === IpProtocol.icmp ? 'icmp' : `ip-${packet.protocol}`, ...ends };
}

function describe(etherType: number, payload: Uint8Array): Described {
  const arp = etherType === EtherType.arp ? decodeArp(payload) : undefined;
  if (arp !== undefined) {
    return { protocol: `arp-${arp.operation}`, source: dotted(arp.senderAddress), destination: dotted(arp.targetAddress) };
  }
  const ipv4 = etherType === EtherType.ipv4 ? describeIpv4(payload) : undefined;
  return ipv4 ?? { protocol: `ether-${etherType.toString(16).padStart(4, '0')}`, source: '', destination: '' };
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
