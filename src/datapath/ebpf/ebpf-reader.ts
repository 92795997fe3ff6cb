// What is read of the pinned eBPF tables of one namespace, beside writers (whole-read.ts).

import type { DrainRecord, DrainRemaining } from '../../model/drain/drain.js';
import type { DropCount, RecentDrops } from '../../model/drops.js';
import type { Application } from '../../model/proc-text.js';
import type { ConnectionEntry, ServiceEntry, ServiceKey, Stats, Timeouts } from '../../model/service.js';
import type { CpuStats } from '../cpu-stats.js';
import { DROP_WINDOW_S, type FirewallMode, type TableReader } from '../director.js';
import { Conf } from './abi.gen.js';
import { clockOf } from './recovery/batch.js';
import { drainRemaining } from './table/drain-counts.js';
import { readDrains } from './table/drain-record.js';
import { dropCounts, recentDrops } from './table/drop-history.js';
import { EndpointTable } from './table/endpoint-table.js';
import { anyPassesFirewall, asksFirewall, firewallMode } from './table/firewall.js';
import { applications } from './table/ftp.js';
import { readSysctls } from './table/sysctls.js';
import {
  connectionEntries,
  cpuTotals,
  liveService,
  originEntries,
  serviceEntries,
  serviceEntry,
  statsOf,
  timeoutsOf,
} from './table/table-entries.js';
import type { Tables } from './table/tables.js';
import { checkPresent, type ReadWait, readWhole } from './whole-read.js';

const IPVS_VERSION = [1, 2, 1] as const;

export class EbpfReader implements TableReader, CpuStats {
  constructor(
    readonly tables: Tables,
    protected readonly lockPath: string,
    protected readonly wait: ReadWait = {},
  ) {}

  info(): { readonly version: readonly [number, number, number]; readonly connTabSize: number } {
    return { version: IPVS_VERSION, connTabSize: 2 ** this.tables.conf.get(0, Conf.connTabBits) };
  }

  services(): readonly ServiceEntry[] {
    return this.reading(() => serviceEntries(this.tables));
  }

  service(key: ServiceKey): ServiceEntry {
    return this.reading(() => serviceEntry(this.tables, liveService(this.tables, new EndpointTable(this.tables), key)));
  }

  timeouts(): Timeouts {
    return this.reading(() => timeoutsOf(this.tables));
  }

  totals(): Stats {
    return statsOf(this.tables, 0);
  }

  totalsByCpu(): readonly Stats[] {
    return cpuTotals(this.tables);
  }

  connections(): Iterable<ConnectionEntry> {
    checkPresent(this.tables);
    return connectionEntries(this.tables, clockOf(this.tables));
  }

  connectionOrigins(): Iterable<ConnectionEntry> {
    checkPresent(this.tables);
    return originEntries(this.tables, clockOf(this.tables));
  }

  sysctls(): ReadonlyMap<string, string> {
    return readSysctls(this.tables.conf);
  }

  applications(): readonly Application[] {
    return this.reading(() => applications(this.tables));
  }

  passesFirewall(): boolean {
    return asksFirewall(this.tables) && anyPassesFirewall(this.tables);
  }

  firewallMode(): FirewallMode {
    return firewallMode(this.tables);
  }

  dropCounts(): readonly DropCount[] {
    return dropCounts(this.tables.drops);
  }

  recentDrops(seconds = DROP_WINDOW_S): RecentDrops | undefined {
    const { drops, dropHistory } = this.tables;
    return dropHistory === undefined ? undefined : recentDrops(drops, dropHistory, process.hrtime.bigint(), seconds);
  }

  drainRecord(): DrainRecord {
    return readDrains(this.tables);
  }

  drainRemaining(record: DrainRecord): ReadonlyMap<string, DrainRemaining> {
    return drainRemaining(this.tables, record, clockOf(this.tables));
  }

  close(): void {}

  /** What `work`, which may be run several times, finds. */
  protected reading<T>(work: () => T): T {
    return readWhole(this.tables, this.lockPath, this.wait, work);
  }
}
