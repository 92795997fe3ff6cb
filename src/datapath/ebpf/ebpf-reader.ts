// What is read of the pinned eBPF tables of one namespace, beside writers (whole-read.ts).
import type { ConnectionEntry, ServiceEntry, ServiceKey, Stats, Timeouts } from '../../model/service.js';
import type { CpuStats } from '../cpu-stats.js';
import type { TableReader } from '../director.js';
import { Conf, Drops, REASONS } from './abi.gen.js';
import { clockOf } from './recovery/batch.js';
import { EndpointTable } from './table/endpoint-table.js';
import { readSysctls } from './table/sysctls.js';
import { connectionEntries, cpuTotals, liveService, serviceEntries, serviceEntry, statsOf, timeoutsOf } from './table/table-entries.js';
import type { Tables } from './table/tables.js';
import { checkPresent, type ReadWait, readWhole } from './whole-read.js';

const IPVS_VERSION = [1, 2, 1] as const;

export interface DropCount {
  readonly key: string;
  readonly text: string;
  readonly count: bigint;
}

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

  sysctls(): ReadonlyMap<string, string> {
    return readSysctls(this.tables.conf);
  }

  /** Packets dropped, or passed on unbalanced, by reason, since loading. */
  dropCounts(): readonly DropCount[] {
    const { drops } = this.tables;
    return REASONS.map(({ key, text }, reason) => {
      let count = 0n;
      for (let cpu = 0; cpu < drops.count; cpu++) count += drops.big(cpu, Drops.count, reason);
      return { key, text, count };
    }).slice(1);
  }

  close(): void {}

  /** What `work`, which may be run several times, finds. */
  protected reading<T>(work: () => T): T {
    return readWhole(this.tables, this.lockPath, this.wait, work);
  }
}
