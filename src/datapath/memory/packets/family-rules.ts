// What the rules for packets leave to an address family: how frames are read and written. Which rule applies is the same for both.
import type { Endpoint } from './endpoint.js';
import type { Ip } from './ip.js';
import type { Packet } from './packet.js';
import type { Reason } from './reason.js';

/** What an ICMP error reports. `mtu`: of `too big`; 0 for others. */
export interface IcmpKind {
  readonly what: 'host' | 'port' | 'exceeded' | 'too big';
  readonly mtu: number;
}

/** The packet that an ICMP error quotes. */
export interface Quoted {
  readonly from: Endpoint;
  readonly to: Endpoint;
  readonly protocol: number;
  /** AH or ESP, which is never scheduled. */
  readonly portless?: true;
}

/** What is wrong with an ICMP error about a connection: `pass`, or with a reason `drop`. */
export interface Flaw {
  readonly verdict: 'pass' | 'drop';
  readonly reason?: Reason;
}

export interface FamilyRules {
  /** A source that cannot be answered. */
  isMartian(source: Ip): boolean;
  /** An address that means nothing beyond its link. */
  isLinkLocal(address: Ip): boolean;
  /** Another source or destination. */
  translate(frame: Uint8Array, packet: Packet, source: boolean, to: Endpoint): void;
  /** Another ID, of as many bits as it has: of IPv6 that of a fragment. */
  renumber(frame: Uint8Array, packet: Packet, id: number): void;
  /** `change`: -1 where the packet is forwarded; 1 takes that back. */
  changeHops(frame: Uint8Array, change: -1 | 1): void;
  /** Errors are sent about packets to and from single stations only. `from`: the sender of the error. */
  mayBeAnswered(frame: Uint8Array, packet: Packet, from: Ip): boolean;
  errorFrame(frame: Uint8Array, packet: Packet, kind: IcmpKind, from: Ip): Uint8Array;
  /** undefined: it is no error that may be about a connection. */
  quoted(frame: Uint8Array, packet: Packet): Quoted | undefined;
  flaw(frame: Uint8Array, packet: Packet): Flaw | undefined;
  /** An ICMP error. `inbound`: towards the server, by whose endpoint the quoted source is replaced; else the quoted destination is. */
  translateError(frame: Uint8Array, packet: Packet, inbound: boolean, to: Endpoint): void;
  /** An ICMP error that names an MTU names one that is less by so many bytes. */
  lowerMtu(frame: Uint8Array, packet: Packet, by: number): void;
}
