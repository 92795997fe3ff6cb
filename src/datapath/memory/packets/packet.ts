// A packet as the rules see it: what its headers have, and what is wrong with them.
import type { Family } from '../../../model/address.js';
import type { SctpEvent } from '../../sctp-state.js';
import type { Endpoint, Tuple } from './endpoint.js';
import type { Ip } from './ip.js';

/** Of a fragment, in the whole packet: where its bytes begin and end. `to` undefined: the last one. */
export interface FragmentSpan {
  readonly from: number;
  readonly to: number | undefined;
}

/**
 * Of a fragment. `later`: not the first one. `readable`: the first one, with the whole header of its transport. `whole`: how long the packet is behind its
 * IP header, where that is known; 0: it is not.
 */
export interface FragmentPart {
  readonly id: number;
  readonly later: boolean;
  readonly readable: boolean;
  readonly whole: number;
  /** Of IPv6: where the fragment header ends. */
  readonly ends: number;
  /** Another extension header stands behind it: what the packet carries is in its first fragment alone. */
  readonly behind: boolean;
  /** Its bytes in the whole packet. */
  readonly span: FragmentSpan;
  /** What no fragment may have that is balanced: a source route. */
  readonly passes: boolean;
}

/** What its IP header has, with IPv6's extension headers. */
export interface IpPacket {
  readonly family: Family;
  readonly source: Ip;
  readonly destination: Ip;
  readonly protocol: number;
  /** Of the IP packet, header included. */
  readonly length: number;
  /** Of the IP header, with options or extension headers. */
  readonly header: number;
  /** IPv6: the hop limit. */
  readonly ttl: number;
  /** IPv6: always. */
  readonly dontFragment: boolean;
  readonly fragment: boolean;
  /** It is cut into segments only later (GSO). */
  readonly isLarge: boolean;
  /** What the counters add. */
  readonly bytes: number;
}

/** Ports in host order. */
export interface Packet extends IpPacket {
  /** 0 where there is no header of TCP, UDP or SCTP: later fragments, other protocols. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** TCP's. */
  readonly flags: number;
  /** What the first chunk of SCTP means. */
  readonly event: SctpEvent;
  /** The first chunk is a COOKIE ECHO or COOKIE ACK, and the next one an ABORT. */
  readonly abortFollows: boolean;
  /** AH or ESP: `protocol` and ports are those of the connection that it belongs to, of its key exchange (ipsec.ts). */
  readonly portless: boolean;
  /** Where `fragment` is set. */
  readonly part?: FragmentPart;
  /** What a datagram of UDP carries. */
  readonly data: Uint8Array;
}

export const sourceOf = ({ source, sourcePort }: Packet): Endpoint => ({ address: source, port: sourcePort });
export const targetOf = ({ destination, destinationPort }: Packet): Endpoint => ({ address: destination, port: destinationPort });
/** The tuple of a packet that its client sends. */
export const fromClient = (packet: Packet): Tuple => ({
  client: sourceOf(packet),
  virtual: targetOf(packet),
  protocol: packet.protocol,
});

/**
 * `other`: nothing that is balanced; with a `packet` where it is IP. `bad`: lengths that do not fit; without a `packet` there is not even
 * an IP header.
 */
export type Parsed =
  | { readonly kind: 'ok' | 'fragment' | 'bad sum'; readonly packet: Packet }
  | { readonly kind: 'other' | 'bad'; readonly packet?: Packet };
