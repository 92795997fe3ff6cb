// A packet in a tunnel to a real server: IP in IP (RFC 2003, RFC 2473), GRE without a key (RFC 2784) and GUE (draft-ietf-intarea-gue, version 0).
//
//     ipip    outer IP   inner IP
//     gre     outer IP   GRE: flags (2), EtherType of the inner packet (2), with a checksum: it (2) and 2 bytes 0   inner IP
//     gue     outer IP   UDP   GUE: version and length 0 (1), inner protocol (1), 2 bytes 0                         inner IP
import type { Address, Family } from '../model/address.js';
import { IpProtocol } from '../model/ip-protocol.js';
import type { Tunnel } from '../model/service.js';
import { concat, viewOf } from './bytes.js';
import { internetChecksum } from './checksum.js';
import { EtherType } from './ethernet.js';
import { encodeIpv4, IPV4_DEFAULTS } from './ipv4.js';
import { encodeIpv6 } from './ipv6.js';
import { encodeUdp } from './udp.js';

/** The two ends of a tunnel. `sourcePort`: of GUE. */
export interface TunnelEnds {
  readonly tunnel: Tunnel;
  readonly source: Address;
  readonly destination: Address;
  readonly sourcePort: number;
}

const TTL = 64;
const DONT_FRAGMENT = 2;
const GRE_HAS_SUM = 0x8000;
const [GRE_BYTES, GRE_SUM_BYTES, UDP_BYTES, GUE_BYTES] = [4, 4, 8, 4] as const;

const protocolOf = (family: Family): number => (family === 'inet' ? IpProtocol.ipip : IpProtocol.ipv6);
const familyOf = (protocol: number | undefined): Family | undefined =>
  protocol === IpProtocol.ipip ? 'inet' : protocol === IpProtocol.ipv6 ? 'inet6' : undefined;

const isSummed = ({ checksum }: Tunnel): boolean => checksum !== 'nocsum';

function greOf(inner: Uint8Array, family: Family, tunnel: Tunnel): Uint8Array {
  const header = new Uint8Array(GRE_BYTES + (isSummed(tunnel) ? GRE_SUM_BYTES : 0));
  viewOf(header).setUint16(2, family === 'inet' ? EtherType.ipv4 : EtherType.ipv6);
  if (isSummed(tunnel)) viewOf(header).setUint16(0, GRE_HAS_SUM);
  const out = concat(header, inner);
  if (isSummed(tunnel)) viewOf(out).setUint16(GRE_BYTES, internetChecksum(out));
  return out;
}

function gueOf(inner: Uint8Array, family: Family, { tunnel, source, destination, sourcePort }: TunnelEnds): Uint8Array {
  const payload = concat(Uint8Array.of(0, protocolOf(family), 0, 0), inner);
  const datagram = { sourcePort, destinationPort: tunnel.port, payload, ...(isSummed(tunnel) ? {} : { checksum: 0 }) };
  return encodeUdp(datagram, source, destination);
}

/** `inner`: an IP packet of this family. The result is an IP packet of the family of the ends. */
export function encapsulate(inner: Uint8Array, family: Family, ends: TunnelEnds): Uint8Array {
  const { tunnel, source, destination } = ends;
  const [protocol, payload] = {
    ipip: () => [protocolOf(family), inner] as const,
    gre: () => [IpProtocol.gre, greOf(inner, family, tunnel)] as const,
    gue: () => [IpProtocol.udp, gueOf(inner, family, ends)] as const,
  }[tunnel.type]();
  if (destination.family === 'inet6') return encodeIpv6({ source, destination, protocol, hopLimit: TTL, payload });
  const flags = family === 'inet' ? DONT_FRAGMENT : 0;
  return encodeIpv4({ ...IPV4_DEFAULTS, ttl: TTL, flags, protocol, source, destination, payload });
}

/** What such a packet carries, by its protocol and payload; undefined: nothing, or it cannot be read. */
export function carriedIn(protocol: number, payload: Uint8Array): { readonly family: Family; readonly inner: Uint8Array } | undefined {
  const of = (family: Family | undefined, from: number) =>
    family === undefined ? undefined : ({ family, inner: payload.subarray(from) } as const);
  switch (protocol) {
    case IpProtocol.gre: {
      if (payload.length < GRE_BYTES) return undefined;
      const [flags, type] = [viewOf(payload).getUint16(0), viewOf(payload).getUint16(2)];
      const family = type === EtherType.ipv4 ? 'inet' : type === EtherType.ipv6 ? 'inet6' : undefined;
      return (flags & ~GRE_HAS_SUM) === 0 ? of(family, flags === 0 ? GRE_BYTES : GRE_BYTES + GRE_SUM_BYTES) : undefined;
    }
    case IpProtocol.udp:
      return payload[UDP_BYTES] === 0 ? of(familyOf(payload[UDP_BYTES + 1]), UDP_BYTES + GUE_BYTES) : undefined;
    default:
      return of(familyOf(protocol), 0);
  }
}
