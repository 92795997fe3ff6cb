// What the BFD machine remembers: plain readonly values, shared between steps as far as nothing changed.
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { BfdState } from '../../wire/bfd.js';
import type { LogBudgets } from '../machine.js';
import type { Chance } from './chance.js';
import type { BfdRefusal } from './messages.js';

/** A session: RFC 5880 §6.8.1's state variables by their names, and when it is to act. */
export interface Session {
  readonly config: BfdInstance;
  /** It has a socket to send by. */
  readonly open: boolean;
  readonly state: BfdState;
  readonly remoteState: BfdState;
  /** Ours, never 0, unlike those of all other sessions. */
  readonly discriminator: number;
  /** 0: the neighbour's is not known. */
  readonly remoteDiscriminator: number;
  /** Numbers of BFD_DIAGNOSTICS. */
  readonly diagnostic: number;
  readonly remoteDiagnostic: number;
  /** What we say in packets. */
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  /** What the neighbour said last. 0 in remoteMinRxUs: it wants none. */
  readonly remoteMinTxUs: number;
  readonly remoteMinRxUs: number;
  readonly remoteMultiplier: number;
  readonly remoteDemand: boolean;
  /** A poll sequence runs (§6.5): P is set until F comes. */
  readonly polling: boolean;
  /** Until it ends these count instead of what we say (§6.8.3). */
  readonly heldTxUs: number | undefined;
  readonly heldRxUs: number | undefined;
  /** When the last packet was accepted, and sent. */
  readonly receivedAtUs: number | undefined;
  readonly sentAtUs: number | undefined;
  /** When the next periodic packet is due; undefined: none is to be sent. */
  readonly sendAtUs: number | undefined;
  readonly received: number;
  readonly sent: number;
  readonly wentUp: number;
  readonly wentDown: number;
}

export interface BfdMachine {
  readonly sessions: readonly Session[];
  readonly indexOfDiscriminator: ReadonlyMap<number, number>;
  readonly chance: Chance;
  /** Packets refused here or in the kernel. */
  readonly refused: Readonly<Partial<Record<BfdRefusal, number>>>;
  readonly budgets: LogBudgets;
}

export function initialBfd(): BfdMachine {
  return { sessions: [], indexOfDiscriminator: new Map(), chance: [1, 2, 3, 4], refused: {}, budgets: new Map() };
}
