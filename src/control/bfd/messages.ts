// What goes into the BFD machine and what comes out. Time is monotonic microseconds, an argument of every step.
import type { Address } from '../../model/address.js';
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { BfdPort } from '../../wire/bfd.js';
import type { Chance } from '../chance.js';
import type { LogEffect } from '../machine.js';
import type { BFD_REASON_NAMES } from './refusals.gen.js';

/** Why a packet is refused: RFC 5880 §6.8.6 and RFC 5881 §5, in their order; `rate`, more than a neighbour may send, by the socket filter only. */
export type BfdRefusal = (typeof BFD_REASON_NAMES)[number];

export interface BfdReceived {
  /** The socket that received it. */
  readonly port: BfdPort;
  readonly source: Address;
  readonly sourcePort: number;
  readonly destination: Address;
  /** 0: not reported by the kernel. */
  readonly ttl: number;
  readonly bytes: Uint8Array;
}

export type BfdInput =
  /** The first input, with `chance`; later: a reload. */
  | { readonly kind: 'configure'; readonly sessions: readonly BfdInstance[]; readonly chance?: Chance }
  | { readonly kind: 'packet'; readonly packet: BfdReceived }
  /** Whether the session has a socket to send on. It sends nothing until then. */
  | { readonly kind: 'socket'; readonly name: string; readonly open: boolean }
  /** Packets that the kernel's socket filter dropped since the last report. */
  | { readonly kind: 'filtered'; readonly counts: Readonly<Partial<Record<BfdRefusal, number>>> }
  | { readonly kind: 'wake' }
  /** The last input. Neighbours are informed, clients are not: they end, too. */
  | { readonly kind: 'stop' };

export type BfdEffect =
  | { readonly kind: 'send'; readonly name: string; readonly bytes: Uint8Array }
  /** It went up or down, for VRRP and the checker. The initial state is not reported. */
  | { readonly kind: 'event'; readonly name: string; readonly up: boolean }
  | LogEffect;
