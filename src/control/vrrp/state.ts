// What the VRRP machine remembers: plain readonly values, shared between steps as far as nothing changed.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { SyncGroup, VrrpInstance } from '../../model/keepalived/instance.js';
import type { LogBudget } from '../log-budget.js';
import type { LostLink } from './interfaces/virtual-interfaces.js';
import type { InterfaceFacts, LostStatic, VrrpState } from './messages.js';
import type { SplitEpisode } from './receive/split-brain.js';
import type { HeldLink } from './track/interfaces.js';
import type { ScriptState } from './track/script-state.js';

/** Counted since the start or the last `clearCounters`; the first fourteen are keepalived.stats. */
export interface Counters {
  readonly advertsReceived: number;
  readonly advertsSent: number;
  readonly becameMaster: number;
  readonly releasedMaster: number;
  readonly lengthErrors: number;
  readonly ttlErrors: number;
  readonly typeErrors: number;
  readonly intervalErrors: number;
  readonly addressListErrors: number;
  readonly authTypeErrors: number;
  readonly authMismatches: number;
  readonly authFailures: number;
  readonly zeroPriorityReceived: number;
  readonly zeroPrioritySent: number;
  readonly versionErrors: number;
  readonly checksumErrors: number;
  readonly notPeerErrors: number;
  readonly castErrors: number;
  /** AH */
  readonly replays: number;
  readonly hmacMissing: number;
  readonly hmacMalformed: number;
  readonly hmacUnknownKeys: number;
  readonly hmacInvalid: number;
  readonly hmacStale: number;
  readonly hmacReplays: number;
  /** auth_hmac: believed, but the clocks are more than half of time_window apart. */
  readonly clockSkews: number;
  /** owner_ignore_adverts */
  readonly ignoredByOwner: number;
  readonly conflicts: number;
  /** Dropped by the socket's filter before the machine saw them. */
  readonly filtered: number;
}

export const NO_COUNTERS: Counters = {
  advertsReceived: 0,
  advertsSent: 0,
  becameMaster: 0,
  releasedMaster: 0,
  lengthErrors: 0,
  ttlErrors: 0,
  typeErrors: 0,
  intervalErrors: 0,
  addressListErrors: 0,
  authTypeErrors: 0,
  authMismatches: 0,
  authFailures: 0,
  zeroPriorityReceived: 0,
  zeroPrioritySent: 0,
  versionErrors: 0,
  checksumErrors: 0,
  notPeerErrors: 0,
  castErrors: 0,
  replays: 0,
  hmacMissing: 0,
  hmacMalformed: 0,
  hmacUnknownKeys: 0,
  hmacInvalid: 0,
  hmacStale: 0,
  hmacReplays: 0,
  clockSkews: 0,
  ignoredByOwner: 0,
  conflicts: 0,
  filtered: 0,
};

/** Whose adverts a backup follows. */
export interface KnownMaster {
  readonly address: Address;
  readonly priority: number;
  readonly heardAtUs: number;
  /** Adverts in a row that came as close together as fast mode sends them. */
  readonly fastRun: number;
}

/** When an advert was stamped; adverts of one time are counted. */
export interface HmacStamp {
  /** Since 1970, in 1/65536 s. */
  readonly ticks: number;
  readonly counter: number;
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
  /** The one before it went: a goodbye can still be said in its name (IPv4: the header is ours). */
  readonly lastSource: Address | undefined;
  /** Own interval, or the master's (v3 backups). */
  readonly advertUs: number;
  /** Backup: when the master counts as gone. Master: when the next advert is due. */
  readonly timerAtUs: number | undefined;
  readonly addressesSet: boolean;
  readonly master: KnownMaster | undefined;
  /** preempt_delay counts until then; undefined: not begun. */
  readonly preemptAtUs: number | undefined;
  /** Blocks of gratuitous ARP to come. */
  readonly garp: readonly { readonly atUs: number; readonly rounds: number }[];
  readonly refreshAtUs: number | undefined;
  readonly extraAtUs: number | undefined;
  readonly lastTransitionUs: number | undefined;
  readonly packetId: number;
  /** AH's sequence number: the last one used by us or seen of anybody, so that ours are new to all who know only one count. */
  readonly sequence: number;
  /** AH: the last one of each sender. Between two masters one count would refuse each other's adverts for ever. */
  readonly sequencesSeen: ReadonlyMap<string, number>;
  /** auth_hmac: ours. */
  readonly hmacSent: HmacStamp | undefined;
  /** auth_hmac: the newest stamp of each sender. */
  readonly hmacSeen: ReadonlyMap<string, HmacStamp>;
  /** Unicast v3: the peers sum as keepalived before 1.3.7 did. */
  readonly oldChecksum: boolean;
  readonly lowerReplyAtUs: number;
  readonly counters: Counters;
  readonly budgets: ReadonlyMap<string, LogBudget>;
  readonly split: SplitEpisode | undefined;
}

export interface GroupState {
  readonly config: SyncGroup;
  /** Indices of its instances. */
  readonly members: readonly number[];
  readonly state: VrrpState;
}

/** Results of what is watched, by name; a name that is absent has not been heard of. */
export interface TrackerResults {
  readonly scripts: ReadonlyMap<string, ScriptState>;
  readonly files: ReadonlyMap<string, number>;
  /** How many run. */
  readonly processes: ReadonlyMap<string, number>;
  readonly bfds: ReadonlyMap<string, boolean>;
}

export interface VrrpMachine {
  readonly configuration: KeepalivedConfiguration | undefined;
  readonly interfaces: ReadonlyMap<string, InterfaceFacts>;
  /** Interfaces whose going up or down does not count yet. */
  readonly heldLinks: ReadonlyMap<string, HeldLink>;
  /** Macvlans and ipvlans of ours that do not work, by name. */
  readonly lostLinks: ReadonlyMap<string, LostLink>;
  /** Static objects of track groups that are not there and cannot be put back. */
  readonly lostStatics: readonly LostStatic[];
  readonly instances: readonly InstanceState[];
  readonly groups: readonly GroupState[];
  readonly trackers: TrackerResults;
  readonly indexOfName: ReadonlyMap<string, number>;
  /** Interface, family and VRID (see `packetKey`) to instances. */
  readonly indexOfPacket: ReadonlyMap<string, readonly number[]>;
  /** vrrp_startup_delay: nothing is heard before. */
  readonly deafUntilUs: number;
  readonly wallOffsetUs: number | undefined;
  readonly promisedUs: number | undefined;
  readonly lateWakes: number;
  readonly stopped: boolean;
  readonly budgets: ReadonlyMap<string, LogBudget>;
}

export function initialState(): VrrpMachine {
  return {
    configuration: undefined,
    interfaces: new Map(),
    heldLinks: new Map(),
    lostLinks: new Map(),
    lostStatics: [],
    instances: [],
    groups: [],
    trackers: { scripts: new Map(), files: new Map(), processes: new Map(), bfds: new Map() },
    indexOfName: new Map(),
    indexOfPacket: new Map(),
    deafUntilUs: 0,
    wallOffsetUs: undefined,
    promisedUs: undefined,
    lateWakes: 0,
    stopped: false,
    budgets: new Map(),
  };
}

export function packetKey(interfaceName: string, family: Address['family'], vrid: number): string {
  return `${interfaceName}/${family}/${vrid}`;
}
