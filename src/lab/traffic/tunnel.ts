// Packets inside tunnel packets: ipip (RFC 2003, RFC 4213), GRE (RFC 2784, RFC 2890) and GUE (draft-ietf-intarea-gue) to its registered port. Pure.
import { IpProtocol } from '../../model/ip-protocol.js';
import { viewOf } from '../../wire/bytes.js';
import { EtherType } from '../../wire/ethernet.js';
import type { TUNNELS } from '../definition/lab.js';

export interface Inside {
  readonly tunnel: (typeof TUNNELS)[number];
  readonly etherType: number;
  /** From its IP header on, as much as was captured. */
  readonly packet: Uint8Array;
}

const GRE_BYTES = 4;
/** The checksum, the key and the sequence number each take four bytes, where their flag is set. */
const GRE_PARTS = [0x8000, 0x2000, 0x1000];
/** The source route of RFC 1701, and the versions behind 0 (PPTP). */
const GRE_UNREAD = 0x4007;
const [UDP_BYTES, GUE_BYTES, GUE_PORT] = [8, 4, 6080];
/** Of the first byte: the version and the bit for control messages; the length of optional fields in words. */
const [GUE_UNREAD, GUE_WORDS] = [0xe0, 0x1f];

const etherTypeOf = (protocol: number): number | undefined =>
  protocol === IpProtocol.ipip ? EtherType.ipv4 : protocol === IpProtocol.ipv6 ? EtherType.ipv6 : undefined;

function insideGre(bytes: Uint8Array): Inside | undefined {
  if (bytes.length < GRE_BYTES) return undefined;
  const view = viewOf(bytes);
  const [flags, etherType] = [view.getUint16(0), view.getUint16(2)];
  if ((flags & GRE_UNREAD) !== 0 || (etherType !== EtherType.ipv4 && etherType !== EtherType.ipv6)) return undefined;
  const header = GRE_BYTES + 4 * GRE_PARTS.filter((part) => (flags & part) !== 0).length;
  return { tunnel: 'gre', etherType, packet: bytes.subarray(header) };
}

function insideGue(bytes: Uint8Array): Inside | undefined {
  if (bytes.length < UDP_BYTES + GUE_BYTES || viewOf(bytes).getUint16(2) !== GUE_PORT) return undefined;
  const [first = 0, protocol = 0] = bytes.subarray(UDP_BYTES);
  const etherType = etherTypeOf(protocol);
  if ((first & GUE_UNREAD) !== 0 || etherType === undefined) return undefined;
  return { tunnel: 'gue', etherType, packet: bytes.subarray(UDP_BYTES + GUE_BYTES + 4 * (first & GUE_WORDS)) };
}

/** What a packet of this protocol carries, `transport` being what follows its IP header; undefined: it is no tunnel's packet. */
export function insideTunnel(protocol: number, transport: Uint8Array): Inside | undefined {
  if (protocol === IpProtocol.gre) return insideGre(transport);
  if (protocol === IpProtocol.udp) return insideGue(transport);
  const etherType = etherTypeOf(protocol);
  return etherType === undefined ? undefined : { tunnel: 'ipip', etherType, packet: transport };
}
