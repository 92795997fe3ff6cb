// What one probe of VIP_CHECK knows: whom it asks, by which numbers, and what answered so far.
import type { Address } from '../../../model/address.js';
import type { Mac } from '../../../wire/ethernet.js';
import type { Hop } from './hop.js';

export interface Endpoint {
  readonly address: Address;
  readonly port: number;
}

export interface PathTarget {
  readonly method: 'route' | 'masq';
  readonly vip: Endpoint;
  readonly server: Endpoint;
}

/** Numbers that no other probe has: source ports (and identifiers of echoes) of ours, and 32 random bits for each SYN. */
export interface PathNumbers {
  readonly port: number;
  readonly lastPort: number;
  readonly sequence: number;
  readonly lastSequence: number;
}

/** What answered the questions that follow silence. */
export interface Signs {
  /** It answers a ping to the VIP: VS/DR alone. */
  readonly vipEcho: boolean;
  readonly serverEcho: boolean;
  /** It answers for its own address: ARP, or neighbour discovery. */
  readonly neighbour: boolean;
  /** VS/NAT: it accepts a connection from its own network. */
  readonly nearby: boolean;
  /** Who would send packets for the VIP on. */
  readonly forwarder?: Address;
}

export interface PathState {
  readonly target: PathTarget;
  readonly hop: Hop;
  readonly numbers: PathNumbers;
  /** Undefined: not known yet. */
  readonly mac: Mac | undefined;
  readonly isLast: boolean;
  readonly signs: Signs;
}
