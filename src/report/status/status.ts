// What `weir status` reports: plain values, so that its JSON is this shape. Moments are texts as of Date.toISOString.
import type { Holder } from '../../model/drain/holder.js';
import type { BfdSessionFacts } from '../../model/keepalived/bfd-session.js';
import type { RealServerHealth, VirtualServerHealth } from '../../model/keepalived/server-health.js';
import type { StreamStatus } from '../../model/stream-node.js';
import type { TcAlone } from '../../model/tc-alone.js';

export interface InterfaceStatus {
  readonly name: string;
  readonly ifindex: number;
  /** Attached to both hooks of tc, which is enough to balance. */
  readonly tc: boolean;
  readonly xdp: boolean;
  /** Attached at ingress, where the qdisc has no place for the program of egress (Linux before 6.6). */
  readonly ingressAlone: boolean;
}

export interface ServerStatus {
  /** `ADDRESS:PORT` */
  readonly server: string;
  /** That packets find. */
  readonly weight: number;
  readonly configuredWeight: number;
  /** The drains and overrides by which that is another weight, or would be. */
  readonly heldBy: readonly Holder[];
  /** It gets new connections: its weight is above 0, and its upper threshold not reached. */
  readonly inService: boolean;
  readonly active: number;
  readonly inactive: number;
}

export interface ServiceStatus {
  /** `TCP ADDRESS:PORT` */
  readonly service: string;
  readonly scheduler: string;
  /** Some server gets new connections. */
  readonly up: boolean;
  readonly servers: readonly ServerStatus[];
}

export interface TableStatus {
  readonly connections: number;
  readonly active: number;
  readonly inactive: number;
  /** What the table is made for: half its places. */
  readonly capacity: { readonly connections: number; readonly services: number; readonly destinations: number };
  /** The part of its places that is taken, 0 to 1. */
  readonly fill: number;
  readonly services: number;
  readonly destinations: number;
  /** A change that has begun and not ended: `pid` makes it; without one, the command that made it was killed. */
  readonly unfinishedChange: { readonly pid: number | null } | null;
}

export interface DropsStatus {
  readonly seconds: number;
  /** By reason, those that are not 0. */
  readonly counts: Readonly<Record<string, number>>;
}

export interface DatapathStatus {
  /** `other-tables`: another build's. `unfinished`: loading or unloading was interrupted. */
  readonly state: 'loaded' | 'absent' | 'other-tables' | 'unfinished';
  /** The programs that run: the beginning of their object's SHA-256; null: none, or those of two builds. */
  readonly build: string | null;
  /** Whose they are; null: none are. `mixed`: an exchange was interrupted. `bridging`: the connection table gets another size. */
  readonly programs: 'this' | 'other' | 'mixed' | 'bridging' | 'bridging-left' | null;
  /** When the tables were loaded. */
  readonly since: string | null;
  /** The interfaces that the datapath can be attached to. */
  readonly interfaces: readonly InterfaceStatus[];
  /** What goes by tc alone, though XDP is wanted for it. `obstacle`: of an interface; null: this kernel refuses a program. */
  readonly tcAlone: readonly (Pick<TcAlone, 'what' | 'why'> & { readonly obstacle: NonNullable<TcAlone['obstacle']> | null })[];
  /** Whether new connections pass the host's packet filter before they are balanced, and what chose it; null: not loaded. */
  readonly firewall: { readonly mode: 'auto' | 'honour' | 'fast'; readonly passes: boolean } | null;
  /** How much `weir load` would repair, besides interfaces that are not covered. */
  readonly repairsDue: number;
}

export interface InstanceStatus {
  readonly name: string;
  readonly state: 'MASTER' | 'BACKUP' | 'FAULT' | 'INIT';
  /** Of that state. */
  readonly since: string | null;
  readonly interface: string;
  readonly virtualRouterId: number;
  readonly priority: number;
  /** Why it is in FAULT. */
  readonly faults: readonly string[];
  /** It leaves its addresses to its peers: for a drain of this director, or by weir api POST /v1/instances/NAME/release. */
  readonly released: boolean;
  /** It does not preempt before it has the connections of these peers, or until then; null: it does not wait. */
  readonly waitsForConnections: { readonly of: readonly string[]; readonly until: string | null } | null;
}

/** A session of BFD, by what is in force: intervals in ms. */
export interface BfdSessionStatus extends BfdSessionFacts {
  readonly state: 'AdminDown' | 'Down' | 'Init' | 'Up';
  readonly remoteState: BfdSessionStatus['state'];
  readonly since: string | null;
  readonly transmitMs: number;
  /** 0: nothing was received from the neighbour. */
  readonly detectionMs: number;
}

/** `since` is null: from the start. */
export type RealHealthStatus = RealServerHealth<{ readonly since: string | null }>;

export interface HealthStatus extends VirtualServerHealth {
  readonly servers: readonly RealHealthStatus[];
}

export interface DaemonStatus {
  readonly pid: number;
  readonly program: 'weir' | 'keepalived';
  readonly file: string;
  readonly since: string | null;
  /** Of VRRP; null: it publishes none. */
  readonly instances: readonly InstanceStatus[] | null;
  /** Of its virtual servers; null: it publishes none. */
  readonly health: readonly HealthStatus[] | null;
  /** Its sessions of BFD; null: it publishes none. */
  readonly bfd: readonly BfdSessionStatus[] | null;
  /** Processes of it that serve layer 7, which `weir proxy status` asks; absent: none. */
  readonly proxies?: readonly number[];
  /** It publishes something in a format of another build of weir, which this one cannot read. */
  readonly otherBuild: boolean;
}

/** `wouldBreak`: connections that no peer has; null: not known, since no peer has all of the table. */
export interface SyncStatus extends StreamStatus {
  readonly wouldBreak: number | null;
}

export interface Status {
  readonly version: string;
  /** This program's build. */
  readonly build: string;
  readonly datapath: DatapathStatus;
  /** null: there is no table that this build can read. */
  readonly table: TableStatus | null;
  readonly services: readonly ServiceStatus[];
  /** null: there is no table, or its programs keep no history. */
  readonly drops: DropsStatus | null;
  /** weir's own stream to other nodes; null: no process of one runs here. */
  readonly stream: SyncStatus | null;
  readonly daemons: readonly DaemonStatus[];
  /** What of the weir.yaml that a daemon runs with is not on this host, and is for weir apply; null: not known. */
  readonly notApplied: readonly { readonly path: string; readonly missing: readonly string[] }[] | null;
}
