// Packets to servers behind tunnels: the outer headers as the datapath writes them. What it takes by chance is 0 here: the outer identification and
// the source port of UDP.
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { Tunnel } from '../../../model/service.js';
import { concat, viewOf } from '../../../wire/bytes.js';
import { fold, internetChecksum, pseudoHeaderSum, sumWords } from '../../../wire/checksum.js';
import { EtherType } from '../../../wire/ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from '../../../wire/ipv4.js';
import { encodeIpv6, IPV6_HEADER_BYTES } from '../../../wire/ipv6.js';
import { encodeUdp } from '../../../wire/udp.js';
import { ETHERNET_BYTES } from './ethernet.js';
import { addressOf, familyOf, type Ip } from './ip.js';
import type { Packet } from './packet.js';

const [OUTER_BYTES, UDP_BYTES, GUE_BYTES, GRE_BYTES, GRE_SUM_BYTES] = [20, 8, 4, 4, 4] as const;
const GRE_HAS_SUM = 0x8000;
const PATH_MAX = 0xffff;
/** The least that a path must carry (RFC 791, RFC 8200). */
const MTU_MIN = { inet: 68, inet6: 1280 } as const;
const [ECN, CE, ECT_0] = [3, 3, 2];
const DONT_FRAGMENT = 2;

/** `summed`: there is an outer checksum. */
export interface TunnelEnd {
  readonly tunnel: Tunnel;
  readonly server: Ip;
  readonly summed: boolean;
}

/** A packet that is cut later (GSO) gets none: no sum would be right for all parts. */
export const tunnelEnd = (tunnel: Tunnel, server: Ip, gsoSize: number): TunnelEnd => ({
  tunnel,
  server,
  summed: tunnel.type !== 'ipip' && tunnel.checksum !== 'nocsum' && gsoSize === 0,
});

function headerBytes({ tunnel, server, summed }: TunnelEnd): number {
  const behind = { ipip: 0, gue: UDP_BYTES + GUE_BYTES, gre: GRE_BYTES + (summed ? GRE_SUM_BYTES : 0) }[tunnel.type];
  return behind + (familyOf(server) === 'inet' ? OUTER_BYTES : IPV6_HEADER_BYTES);
}

/** How large a packet may be where the path takes `path` bytes; 0: too few are left. */
export function tunnelMtu(end: TunnelEnd, family: Packet['family'], path: number): number {
  const left = Math.min(path, PATH_MAX) - headerBytes(end);
  return left < MTU_MIN[family] ? 0 : left;
}

const innerProtocol = ({ family }: Packet): number => (family === 'inet' ? IpProtocol.ipip : IpProtocol.ipv6);

/** DSCP is copied, and ECN but for CE (RFC 3168, 9.1.1). */
function outerTos(inner: Uint8Array, { family }: Packet): number {
  const tos = family === 'inet' ? (inner[1] ?? 0) : (viewOf(inner).getUint16(0) >> 4) & 0xff;
  return (tos & ECN) === CE ? (tos & ~ECN) | ECT_0 : tos;
}

/**
 * Of the inner packet. TCP's and UDP's own checksum is taken for right, so that no data is read (lco_csum of the kernel); a fragment's is one of the
 * whole datagram.
 */
function innerSum(inner: Uint8Array, { protocol, header, family, source, destination, portless, fragment }: Packet): number {
  const plainHeader = family === 'inet' || header === IPV6_HEADER_BYTES;
  const hasSum = protocol === IpProtocol.tcp || (protocol === IpProtocol.udp && viewOf(inner).getUint16(header + 6) !== 0);
  if (portless || fragment || !plainHeader || !hasSum) return sumWords(inner);
  const pseudo = pseudoHeaderSum(addressOf(source), addressOf(destination), protocol, inner.length - header);
  return fold(sumWords(inner.subarray(0, header))) + (~fold(pseudo) & 0xffff);
}

function greOf(inner: Uint8Array, packet: Packet, summed: boolean): Uint8Array {
  const header = new Uint8Array(GRE_BYTES + (summed ? GRE_SUM_BYTES : 0));
  const view = viewOf(header);
  view.setUint16(2, packet.family === 'inet' ? EtherType.ipv4 : EtherType.ipv6);
  if (summed) {
    view.setUint16(0, GRE_HAS_SUM);
    view.setUint16(4, internetChecksum(header, innerSum(inner, packet)));
  }
  return concat(header, inner);
}

function gueOf(inner: Uint8Array, packet: Packet, { tunnel, server, summed }: TunnelEnd, source: Ip): Uint8Array {
  const gue = Uint8Array.of(0, innerProtocol(packet), 0, 0);
  const payload = concat(gue, inner);
  const datagram = { sourcePort: 0, destinationPort: tunnel.port, payload };
  const [from, to] = [addressOf(source), addressOf(server)];
  const bare = encodeUdp({ ...datagram, checksum: 0 }, from, to);
  if (!summed) return bare;
  const pseudo = pseudoHeaderSum(from, to, IpProtocol.udp, bare.length);
  const head = sumWords(bare.subarray(0, UDP_BYTES + GUE_BYTES));
  viewOf(bare).setUint16(6, internetChecksum(new Uint8Array(0), pseudo + head + innerSum(inner, packet)) || 0xffff);
  return bare;
}

/** `frame`: with the TTL lowered. `source`: outer. `keepsDf`: pmtu_disc. What is behind the packet in its frame stays there. */
export function encapsulated(frame: Uint8Array, packet: Packet, end: TunnelEnd, source: Ip, keepsDf: boolean): Uint8Array {
  const behind = ETHERNET_BYTES + packet.length;
  const inner = frame.subarray(ETHERNET_BYTES, behind);
  const { tunnel, server, summed } = end;
  const carried = { ipip: () => inner, gre: () => greOf(inner, packet, summed), gue: () => gueOf(inner, packet, end, source) }[
    tunnel.type
  ]();
  const protocol = { ipip: innerProtocol(packet), gre: IpProtocol.gre, gue: IpProtocol.udp }[tunnel.type];
  const outer = { protocol, source: addressOf(source), destination: addressOf(server), payload: carried };
  const [ttl, tos] = [packet.ttl - 1, outerTos(inner, packet)];
  const isInet = familyOf(server) === 'inet';
  const flags = packet.family === 'inet' && packet.dontFragment && keepsDf ? DONT_FRAGMENT : 0;
  const whole = isInet ? encodeIpv4({ ...IPV4_DEFAULTS, ...outer, tos, flags, ttl }) : encodeIpv6({ ...outer, hopLimit: ttl });
  if (!isInet) viewOf(whole).setUint16(0, (6 << 12) | (tos << 4));
  const ethernet = frame.slice(0, ETHERNET_BYTES);
  viewOf(ethernet).setUint16(ETHERNET_BYTES - 2, isInet ? EtherType.ipv4 : EtherType.ipv6);
  return concat(ethernet, whole, frame.subarray(behind));
}
