// A director in memory, with no packets: the table, its refusals and its orders, for tests and for trying commands.

import type { Change } from '../../model/change.js';
import { checkDestination } from '../../model/check-destination.js';
import { type DrainRecord, type DrainRemaining, holdsOf, isCounted, NO_DRAINS } from '../../model/drain/drain.js';
import { storedWeight } from '../../model/drain/effective-weight.js';
import type { DropCount, RecentDrops } from '../../model/drops.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { checkOnePacket } from '../../model/fullnat.js';
import { destinationId, serviceId } from '../../model/identity.js';
import type {
  ConnectionEntry,
  DestinationEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
  Timeouts,
} from '../../model/service.js';
import { acceptedDaemon, type DaemonRole, type DaemonSpec } from '../../model/sync-daemon.js';
import type { CpuStats } from '../cpu-stats.js';
import { type Director, DROP_WINDOW_S } from '../director.js';
import type { DrainTable } from '../drain-table.js';
import type { SyncDaemons } from '../sync-daemons.js';
import { isSysctlName, type SysctlHost, type SysctlName, sysctlNames, sysctls } from '../sysctls.js';
import { checkService } from './check-service.js';

/** All zero: a service or destination just made. */
export const noStats: Stats = {
  conns: 0n,
  inPackets: 0n,
  outPackets: 0n,
  inBytes: 0n,
  outBytes: 0n,
  connRate: 0n,
  inPacketRate: 0n,
  outPacketRate: 0n,
  inByteRate: 0n,
  outByteRate: 0n,
};

export interface MemoryOptions {
  /** Interfaces on which a synchronisation daemon may run. */
  readonly interfaces?: readonly string[];
  readonly connections?: readonly ConnectionEntry[];
  /** Since loading; `recentDrops` answers with the same. */
  readonly drops?: readonly DropCount[];
  /** What is left of a drain; default: nothing. */
  readonly remaining?: (drain: string) => DrainRemaining;
}

interface State {
  /** By `serviceId`, oldest first. */
  readonly services: ReadonlyMap<string, ServiceEntry>;
  readonly timeouts: Timeouts;
  /** The words of each. */
  readonly sysctls: ReadonlyMap<SysctlName, readonly number[]>;
  readonly daemons: readonly DaemonSpec[];
  readonly drains: DrainRecord;
}

const TIMEOUT_MAX_S = 86400 * 31;
/** What is known of an interface that is named. */
const USUAL_INTERFACE = { mtu: 1500, isUp: true } as const;

const SYSCTL_HOST: SysctlHost = { hz: 250, cpus: 1 };
const initialSysctls = new Map(sysctlNames.map((name) => [name, sysctls[name].initial]));

function idle(spec: DestinationSpec): DestinationEntry {
  return { spec, active: 0, inactive: 0, persistent: 0, stats: noStats };
}

/** The table of one namespace, in memory. Its state is a value, so a change is whole or not at all. */
export class MemoryDirector implements Director, SyncDaemons, CpuStats, DrainTable {
  #state: State = {
    services: new Map(),
    timeouts: { tcp: 900, tcpFin: 120, udp: 300 },
    sysctls: initialSysctls,
    daemons: [],
    drains: NO_DRAINS,
  };
  readonly #options: MemoryOptions;

  constructor(options: MemoryOptions = {}) {
    this.#options = options;
  }

  info(): { readonly version: readonly [number, number, number]; readonly connTabSize: number } {
    return { version: [1, 2, 1], connTabSize: 4096 };
  }

  services(): readonly ServiceEntry[] {
    return [...this.#state.services.values()].reverse().map((entry) => this.#held(entry));
  }

  service(key: ServiceKey): ServiceEntry {
    const entry = this.#state.services.get(serviceId(key));
    if (entry === undefined) throw new WeirError('service-missing');
    return this.#held(entry);
  }

  #held({ destinations, ...service }: ServiceEntry): ServiceEntry {
    const holdOf = holdsOf(this.#state.drains);
    const withHold = ({ held: _before, ...entry }: DestinationEntry): DestinationEntry => {
      const hold = holdOf(service.spec.key, entry.spec);
      if (hold === undefined) return entry;
      const { weight } = storedWeight(entry.spec.weight, 0, hold);
      return { ...entry, held: { released: hold.released, ...(weight === 0 ? {} : { weight }) } };
    };
    return { ...service, destinations: destinations.map(withHold) };
  }

  drainRecord(): DrainRecord {
    return this.#state.drains;
  }

  setDrainRecord(drains: DrainRecord): void {
    this.#state = { ...this.#state, drains };
  }

  drainRemaining({ drains }: DrainRecord): ReadonlyMap<string, DrainRemaining> {
    const none: DrainRemaining = { open: 0, over: 0, byState: {}, persistent: 0, idleMaxS: null };
    return new Map(drains.filter(isCounted).map(({ id }) => [id, this.#options.remaining?.(id) ?? none]));
  }

  check(change: Change): void {
    switch (change.kind) {
      case 'add-service':
      case 'edit-service':
        checkService(change.spec);
        return;
      case 'add-destination':
      case 'edit-destination':
        checkDestination(change.service, change.spec);
    }
  }

  addService(spec: ServiceSpec): void {
    if (this.#state.services.has(serviceId(spec.key))) throw new WeirError('service-exists');
    checkService(spec);
    this.#put({ spec, stats: noStats, destinations: [] });
  }

  editService(spec: ServiceSpec): void {
    const entry = this.service(spec.key);
    checkService(spec);
    checkOnePacket(
      spec,
      entry.destinations.map((each) => each.spec),
    );
    this.#put({ ...entry, spec });
  }

  deleteService(key: ServiceKey): void {
    this.service(key);
    const services = new Map(this.#state.services);
    services.delete(serviceId(key));
    this.#state = { ...this.#state, services };
  }

  addDestination(service: ServiceKey, spec: DestinationSpec): void {
    const entry = this.service(service);
    checkDestination(service, spec);
    checkOnePacket(entry.spec, [spec]);
    if (this.#find(entry, spec) !== undefined) throw new WeirError('destination-exists');
    this.#put({ ...entry, destinations: [idle(spec), ...entry.destinations] });
  }

  editDestination(service: ServiceKey, spec: DestinationSpec): void {
    const entry = this.service(service);
    checkDestination(service, spec);
    checkOnePacket(entry.spec, [spec]);
    const old = this.#find(entry, spec);
    if (old === undefined) throw new WeirError('destination-missing');
    this.#put({ ...entry, destinations: entry.destinations.map((each) => (each === old ? { ...old, spec } : each)) });
  }

  deleteDestination(service: ServiceKey, key: DestinationKey): void {
    const entry = this.service(service);
    const old = this.#find(entry, key);
    if (old === undefined) throw new WeirError('destination-missing');
    this.#put({ ...entry, destinations: entry.destinations.filter((each) => each !== old) });
  }

  flush(): void {
    this.#state = { ...this.#state, services: new Map() };
  }

  zero(service?: ServiceKey): void {
    const entries = service === undefined ? this.services() : [this.service(service)];
    for (const entry of entries) {
      this.#put({ ...entry, stats: noStats, destinations: entry.destinations.map((each) => ({ ...each, stats: noStats })) });
    }
  }

  timeouts(): Timeouts {
    return this.#state.timeouts;
  }

  setTimeouts(timeouts: Timeouts): void {
    for (const value of [timeouts.tcp, timeouts.tcpFin, timeouts.udp]) {
      if (value < 0 || value > TIMEOUT_MAX_S) throw new WeirError('timeout-range', { max: TIMEOUT_MAX_S });
    }
    const old = this.#state.timeouts;
    const next = { tcp: timeouts.tcp || old.tcp, tcpFin: timeouts.tcpFin || old.tcpFin, udp: timeouts.udp || old.udp };
    this.#state = { ...this.#state, timeouts: next };
  }

  totals(): Stats {
    return noStats;
  }

  totalsByCpu(): readonly Stats[] {
    return [noStats];
  }

  connections(): Iterable<ConnectionEntry> {
    return this.#options.connections ?? [];
  }

  dropCounts(): readonly DropCount[] {
    return this.#options.drops ?? [];
  }

  recentDrops(seconds = DROP_WINDOW_S): RecentDrops {
    return { seconds, counts: this.dropCounts() };
  }

  sysctls(): ReadonlyMap<string, string> {
    return new Map([...this.#state.sysctls].map(([name, words]) => [name, sysctls[name].form.text(words, SYSCTL_HOST)]));
  }

  setSysctl(name: string, value: string): void {
    if (!isSysctlName(name)) throw new WeirError('sysctl-unknown', { name });
    const words = sysctls[name].form.parse(value, this.#state.sysctls.get(name) ?? [], SYSCTL_HOST);
    if (words === undefined) throw new WeirError('sysctl-value', { name, value });
    this.#state = { ...this.#state, sysctls: new Map(this.#state.sysctls).set(name, words) };
  }

  exclusively<T>(work: () => T): T {
    return work();
  }

  atomically<T>(work: () => T): T {
    const before = this.#state;
    try {
      return work();
    } catch (error) {
      this.#state = before;
      throw error;
    }
  }

  daemons(): readonly DaemonSpec[] {
    return this.#state.daemons;
  }

  startDaemon(spec: DaemonSpec): void {
    const { interfaces = [] } = this.#options;
    const running = this.#state.daemons.map(({ role }) => role);
    const settings = acceptedDaemon(spec, { interface: (name) => (interfaces.includes(name) ? USUAL_INTERFACE : undefined), running });
    const daemons = [...this.#state.daemons, settings].sort((a, b) => (a.role < b.role ? 1 : -1));
    this.#state = { ...this.#state, daemons };
  }

  stopDaemon(role: DaemonRole): void {
    const daemons = this.#state.daemons.filter((daemon) => daemon.role !== role);
    if (daemons.length === this.#state.daemons.length) throw new WeirError('sync-daemon-missing');
    this.#state = { ...this.#state, daemons };
  }

  close(): void {}

  #find(entry: ServiceEntry, key: DestinationKey): DestinationEntry | undefined {
    const id = destinationId(key);
    return entry.destinations.find(({ spec }) => destinationId(spec) === id);
  }

  #put(entry: ServiceEntry): void {
    this.#state = { ...this.#state, services: new Map(this.#state.services).set(serviceId(entry.spec.key), entry) };
  }
}
