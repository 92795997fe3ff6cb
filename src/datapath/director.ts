// What every datapath driver offers (ebpf; later: the kernel's IPVS): the table of one network namespace.

import type { Change } from '../model/change.js';
import type { DropCount, RecentDrops } from '../model/drops.js';
import type { Application } from '../model/proc-text.js';
import type {
  ConnectionEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
  Timeouts,
} from '../model/service.js';

/** The window of `recentDrops`, s, where none is asked for. */
export const DROP_WINDOW_S = 60;

/**
 * Whether new connections pass the host's packet filter before they are balanced. `auto`: where a rule may drop packets for a service, as it was
 * decided last.
 */
export type FirewallMode = 'auto' | 'honour' | 'fast';

/** What can be read of a table. Every method may throw a refusal (`isRefusal`) or a system error. */
export interface TableReader {
  /** `version`: the IPVS version shown to users; `connTabSize`: the size shown in the first line of a listing. */
  info(): { readonly version: readonly [number, number, number]; readonly connTabSize: number };
  /** The newest first. */
  services(): readonly ServiceEntry[];
  /** @throws WeirError service-missing */
  service(key: ServiceKey): ServiceEntry;
  timeouts(): Timeouts;
  totals(): Stats;
  connections(): Iterable<ConnectionEntry>;
  /** The same, each with whether another director has announced it. */
  connectionOrigins?(): Iterable<ConnectionEntry>;
  /** The keys of net.ipv4.vs that this driver supports, with their text values. */
  sysctls(): ReadonlyMap<string, string>;
  /** Packets dropped, or passed on unbalanced, since loading: each reason, also those with count 0. */
  dropCounts(): readonly DropCount[];
  /**
   * The same of about the last `seconds` (more than 0 and up to 70, 60 where absent), from snapshots that the datapath takes every 5 s by
   * itself. undefined: the loaded programs take none, since they are of an older build.
   */
  recentDrops(seconds?: number): RecentDrops | undefined;
  /** The helpers that are loaded. Absent: a driver that has none. */
  applications?(): readonly Application[];
  /** Whether new connections pass the host's packet filter before they are balanced. Absent: a driver that has no host. */
  passesFirewall?(): boolean;
  /** Absent as before. */
  firewallMode?(): FirewallMode;
  close(): void;
}

/** The six changes (model/change.ts), each by itself, and the removal of everything. */
export interface TableWriter {
  addService(spec: ServiceSpec): void;
  editService(spec: ServiceSpec): void;
  deleteService(key: ServiceKey): void;
  addDestination(service: ServiceKey, spec: DestinationSpec): void;
  editDestination(service: ServiceKey, spec: DestinationSpec): void;
  deleteDestination(service: ServiceKey, key: DestinationKey): void;
  /** Removes all services and destinations; connections and timeouts stay. */
  flush(): void;
}

/**
 * One director. Every change is whole or not at all; every method may throw a refusal (`isRefusal`) or a system error. Between calls
 * nothing is locked, so one that is open may wait for its user, or for another director's.
 */
export interface Director extends TableReader, TableWriter {
  /** @throws what this director refuses in a change by itself, whatever its table holds */
  check(change: Change): void;
  /** Zeroes the counters of one service, or of everything. */
  zero(service?: ServiceKey): void;
  setTimeouts(timeouts: Timeouts): void;
  /** @throws WeirError sysctl-unknown, sysctl-value */
  setSysctl(name: string, value: string): void;
  /** Applies all of `work` or none of it: if it throws, its changes are undone. @throws WeirError change-not-undone: the next command undoes them */
  atomically<T>(work: () => T): T;
  /** Decides for the mode `auto`, with others nothing happens. Returns whether new connections pass the packet filter now. Absent: no host. */
  decideFirewall?(passes: boolean): boolean;
  /** No other process changes the table while `work` runs. Each of its changes is atomic by itself. */
  exclusively<T>(work: () => T): T;
}
