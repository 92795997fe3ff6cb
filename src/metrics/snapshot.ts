// What an exposition is made of: everything that was read at one scrape, as values. Times: seconds since 1970.
import type { Counters } from '../control/vrrp/state/counters.js';
import type { PublishedServerAttempts } from '../host/published-attempts.js';
import type { PublishedBfd } from '../host/published-bfd.js';
import type { PublishedCheckCounts } from '../host/published-check-counts.js';
import type { PublishedServer } from '../host/published-checks.js';
import type { PublishedInstance, PublishedScript } from '../host/published-vrrp.js';
import type { SyncCounts } from '../host/sync/sync-counts.js';
import type { Classes, TimeClasses } from '../model/class-counts.js';
import type { DrainRecord } from '../model/drain/drain.js';
import type { DropCount } from '../model/drops.js';
import type { FindingSeverity } from '../model/finding.js';
import type { DumpedInstance } from '../model/keepalived/dumped-instance.js';
import type { ServiceEntry, Stats } from '../model/service.js';
import type { StreamStatus } from '../model/stream-node.js';
import type { DaemonRole } from '../model/sync-daemon.js';

/** Of the loaded datapath. */
export interface TableSnapshot {
  /** Names the build that runs; empty while programs are exchanged. */
  readonly build: string;
  readonly loadedAt: number;
  /** Changes of the table so far. */
  readonly generation: number;
  /** As ipvsadm shows them: less what -Z hid. */
  readonly totals: Stats;
  /** The newest first; counters since loading, whatever -Z hid. */
  readonly services: readonly ServiceEntry[];
  readonly drops: readonly DropCount[];
  /** In the connection tables, those of removed servers included. */
  readonly connections: { readonly active: number; readonly inactive: number };
  /** Of one connection table: what it is made for, and its places. */
  readonly capacity: number;
  readonly slots: number;
  /** Buckets of the connection table that have connections in later ones. */
  readonly spills: number;
  readonly templates: { readonly living: number; readonly slots: number };
  readonly interfaces: readonly InterfaceSnapshot[];
  /** Absent: of another build, which this one cannot read. */
  readonly drains?: DrainRecord;
  /** When each drain began, by id. */
  readonly drainsBegan: ReadonlyMap<string, number>;
}

export interface InterfaceSnapshot {
  readonly name: string;
  readonly tc: boolean;
  readonly xdp: boolean;
}

export interface InstanceSnapshot extends PublishedInstance {
  readonly counters: Counters;
  readonly dumped: DumpedInstance;
  /** There are signs of two masters. */
  readonly split: boolean;
}

export interface VrrpSnapshot {
  readonly instances: readonly InstanceSnapshot[];
  readonly scripts: readonly PublishedScript[];
  /** Absent: no process of VRRP runs, or one of an older build. */
  readonly lateness?: TimeClasses;
}

/** Changes of the table that the API was asked for. */
export interface ApplySnapshot {
  /** Changes of the plan that was made last; absent: none was made. */
  readonly planned?: number;
  readonly results: readonly { readonly result: 'applied' | 'unchanged' | 'refused' | 'failed'; readonly count: number }[];
  /** Of those that were applied, s. */
  readonly durations: Classes;
}

/** What weir doctor found when the API was asked for it last. */
export interface ExaminedSnapshot {
  readonly at: number;
  readonly findings: Readonly<Record<FindingSeverity, number>>;
}

export interface ApiSnapshot {
  readonly applies: ApplySnapshot;
  /** Absent: it was not asked for yet. */
  readonly examined?: ExaminedSnapshot;
  /** What is in the table otherwise than the process's document states, in lines of weir diff; absent: it has none. */
  readonly drift?: number;
  /** Requests that were refused over TCP before they were looked at, by reason. */
  readonly refused: Readonly<Record<string, number>>;
  readonly requests: readonly { readonly method: string; readonly route: string; readonly status: number; readonly count: number }[];
  readonly durations: readonly RouteDurations[];
}

/** How long answers took, from the request to their last byte, those that stay open apart; s. */
export interface RouteDurations extends Classes {
  readonly method: string;
  readonly route: string;
}

export interface Snapshot {
  /** Of the reading. */
  readonly at: number;
  readonly version: string;
  readonly kernel: string;
  /** Absent: nothing of this build's layout is loaded. */
  readonly table?: TableSnapshot;
  /** A daemon runs in this network namespace. */
  readonly daemonRuns: boolean;
  readonly vrrp: VrrpSnapshot;
  readonly checks: readonly PublishedServer[];
  /** Of each process that checks. */
  readonly checkCounts: readonly Pick<PublishedCheckCounts, 'daemon' | 'kinds' | 'lateness'>[];
  /** Of each server that is checked, by process. */
  readonly attempts: readonly PublishedServerAttempts[];
  readonly bfd: readonly Pick<PublishedBfd, 'sessions' | 'refused'>[];
  readonly sync: readonly { readonly role: DaemonRole; readonly counts: SyncCounts }[];
  readonly stream?: StreamStatus;
  /** Absent: this is not of the API's process. */
  readonly api?: ApiSnapshot;
  /** How long reading took so far: services and servers are read when they are first asked for. */
  seconds(): number;
}
