// What the VRRP machine remembers of one instance.
import type { Address } from '../../../model/address.js';
import type { VrrpInstance } from '../../../model/keepalived/instance.js';
import type { LogBudgets } from '../../machine.js';
import type { VrrpState } from '../messages.js';
import type { Counters } from './counters.js';

/** The master that a backup follows. */
export interface KnownMaster {
  readonly address: Address;
  readonly priority: number;
  readonly receivedAtUs: number;
  /** Consecutive adverts that came as close together as fast mode sends them. */
  readonly fastRun: number;
}

/** The time of an advert, and a counter for adverts of the same time. */
export interface HmacStamp {
  /** Since 1970, in 1/65536 s. */
  readonly ticks: number;
  readonly counter: number;
}

/** It does not preempt while connections of these peers are missing here. */
export interface ConnectionsWait {
  readonly peers: readonly string[];
  readonly untilUs: number;
  /** By the wall clock as it was then, microseconds since 1970. */
  readonly untilWallUs: number;
}

/** Two masters at the same time, from the first sign of it to the last. */
export interface SplitEpisode {
  readonly sinceUs: number;
  readonly lastAtUs: number;
  /** How many signs were seen. */
  readonly evidence: number;
  /** When other hosts are probed again. */
  readonly probeAtUs: number;
  /** There was enough evidence, and it was logged. */
  readonly declared: boolean;
  /** The cause is only what ARP suggests. Received adverts give a better one, which is then logged, too. */
  readonly rough: boolean;
  readonly cause: string;
  readonly other: string;
}

export interface InstanceState {
  readonly config: VrrpInstance;
  /** Index of its sync group, -1: none. */
  readonly group: number;
  readonly state: VrrpState;
  /** The state it would have without its group. */
  readonly want: VrrpState;
  /** As configured, or 254 after another owner was met. */
  readonly basePriority: number;
  /** Effective: what adverts carry and timers use. */
  readonly priority: number;
  /** Base and weights, before they are cut to 1..254. */
  readonly totalPriority: number;
  /** Reasons to be in FAULT, as text; empty: fit. */
  readonly faults: readonly string[];
  /** A script with weight 0 has not answered yet. */
  readonly pending: boolean;
  /** What adverts come from; undefined: no such address on the interface. */
  readonly source: Address | undefined;
  /** The last source before it disappeared: over IPv4 priority 0 can still be sent from it, because we write the header. */
  readonly lastSource: Address | undefined;
  /** Own interval, or the master's (v3 backups). */
  readonly advertUs: number;
  /** Backup: when the master counts as gone. Master: when the next advert is due. */
  readonly timerAtUs: number | undefined;
  readonly addressesSet: boolean;
  readonly master: KnownMaster | undefined;
  /** When preempt_delay ends; undefined: it has not begun. */
  readonly preemptAtUs: number | undefined;
  /** undefined: it does not wait for connections; `over`: it has, as long as it may. */
  readonly connectionsWait: ConnectionsWait | 'over' | undefined;
  /** It leaves its addresses to its peers. A master sends priority 0 at `zeroAtUs` the next time, and nothing before `silentUntilUs`. */
  readonly release: { readonly zeroAtUs: number; readonly silentUntilUs: number } | undefined;
  /** Pending blocks of gratuitous ARP. */
  readonly garp: readonly { readonly atUs: number; readonly rounds: number }[];
  readonly refreshAtUs: number | undefined;
  readonly extraAtUs: number | undefined;
  readonly lastTransitionUs: number | undefined;
  /** When the last transition was, by the wall clock as it was then, microseconds since 1970; 0: there was none. */
  readonly lastTransitionWallUs: number;
  readonly packetId: number;
  /** AH: the highest sequence number that we sent or received, so that ours is also new to peers that keep one number for all senders. */
  readonly sequence: number;
  /** AH: the last sequence number of each sender. With one number for all, two masters would refuse each other's adverts for ever. */
  readonly sequencesSeen: ReadonlyMap<string, number>;
  /** auth_hmac: the stamp of our last advert. */
  readonly hmacSent: HmacStamp | undefined;
  /** auth_hmac: the newest stamp of each sender. */
  readonly hmacSeen: ReadonlyMap<string, HmacStamp>;
  /** Unicast v3: the peers compute the checksum as keepalived before 1.3.7 did. */
  readonly oldChecksum: boolean;
  readonly lowerReplyAtUs: number;
  readonly counters: Counters;
  readonly budgets: LogBudgets;
  readonly split: SplitEpisode | undefined;
}
