// What the BFD machine remembers: plain readonly values. Steps share what they do not change.
import type { BfdInstance } from '../../model/keepalived/trackers.js';
import type { BfdState } from '../../wire/bfd.js';
import type { Chance } from '../chance.js';
import type { LogBudgets } from '../machine.js';
import type { BfdRefusal } from './messages.js';

/** A session: the state variables of RFC 5880 §6.8.1 by their names, and its timers. */
export interface Session {
  readonly config: BfdInstance;
  /** It has a socket to send on. */
  readonly open: boolean;
  readonly state: BfdState;
  readonly remoteState: BfdState;
  /** Ours: never 0, unique among our sessions. */
  readonly discriminator: number;
  /** 0: the neighbour's is not known. */
  readonly remoteDiscriminator: number;
  /** Indices of BFD_DIAGNOSTICS. */
  readonly diagnostic: number;
  readonly remoteDiagnostic: number;
  /** The intervals in our packets. */
  readonly desiredMinTxUs: number;
  readonly requiredMinRxUs: number;
  /** From the neighbour's last packet. 0 in remoteMinRxUs: it wants no packets. */
  readonly remoteMinTxUs: number;
  readonly remoteMinRxUs: number;
  readonly remoteMultiplier: number;
  readonly remoteDemand: boolean;
  /** A poll sequence runs (§6.5): P is set until F comes. */
  readonly polling: boolean;
  /** While a poll runs, these count instead of the intervals in our packets (§6.8.3). */
  readonly heldTxUs: number | undefined;
  readonly heldRxUs: number | undefined;
  /** When the last packet was accepted, and when the last one was sent. */
  readonly receivedAtUs: number | undefined;
  readonly sentAtUs: number | undefined;
  /** When the next periodic packet is due; undefined: none is due. */
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
  /** Packets refused by the machine or by the socket filter. */
  readonly refused: Readonly<Partial<Record<BfdRefusal, number>>>;
  readonly budgets: LogBudgets;
}

export function initialBfd(): BfdMachine {
  return { sessions: [], indexOfDiscriminator: new Map(), chance: [1, 2, 3, 4], refused: {}, budgets: new Map() };
}
