// What the API reads of this host: by the functions of the commands. The tables stay mapped between requests, and are opened again where they are gone.
import { readFileSync, statSync } from 'node:fs';
import { pacedFoundConnections } from '../datapath/ebpf/observe/connection-filter.js';
import { type ObservedDatapath, observeTables } from '../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { checkPresent } from '../datapath/ebpf/whole-read.js';
import { addedVips } from '../document/added-vips.js';
import { KeptState } from '../document/kept-state.js';
import { scrape } from '../metrics/collect/scrape.js';
import { connectionValue } from '../report/connections/connection-value.js';
import { explainLive } from '../report/explain/live-probe.js';
import { observedReader, readerOf } from '../report/observed-reader.js';
import { collectStatus, daemonStatuses } from '../report/status/collect-status.js';
import { version } from '../report/version.js';
import { artifact } from '../sys/artifact.js';
import { monotonicUs } from '../sys/clock.js';
import { unlessCode } from '../sys/errno.js';
import { neighbours } from '../sys/netlink/neighbours.js';
import { type DoctorReport, examineBeside } from './doctor-process.js';
import type { ApiReaders, ApiSources, TableSnapshot } from './sources.js';

/** So long what takes long to collect is answered with again, ms. */
const KEPT_MS = 1000;
/** So long the table, ms. */
const TABLE_MS = 250;

/** What `make` made, for a time. */
function kept<T>(make: () => T, ms: number): () => T {
  let last: { readonly value: T; readonly at: number } | undefined;
  return () => {
    const at = performance.now();
    if (last === undefined || at - last.at >= ms) last = { value: make(), at };
    return last.value;
  };
}

/** The tables that are pinned now, mapped once: a takeover or a new load pins others, which changes their folder. */
function keptTables(): () => ObservedDatapath {
  let last: { readonly observed: ObservedDatapath & { readonly kind: 'loaded' }; readonly folder: string } | undefined;
  const stateOf = (folder: string): string => {
    const { ino, mtimeNs } = unlessCode(() => statSync(folder, { bigint: true }), ['ENOENT'], { ino: 0n, mtimeNs: 0n });
    return `${folder} ${ino} ${mtimeNs}`;
  };
  return () => {
    if (last !== undefined && last.folder === stateOf(last.observed.folder)) return last.observed;
    last = undefined;
    const observed = observeTables();
    if (observed.kind === 'loaded') last = { observed, folder: stateOf(observed.folder) };
    return observed;
  };
}

/** The table, kept for a moment in which no program changes it: who asks more often gets the same counters. */
function keptTable(reader: () => ObservingReader): () => TableSnapshot {
  let last: { readonly table: TableSnapshot; readonly of: ObservingReader; readonly at: number } | undefined;
  return () => {
    const [one, at] = [reader(), performance.now()];
    checkPresent(one.tables);
    if (last !== undefined && last.of === one && at - last.at < TABLE_MS && last.table.generation === one.settledGeneration)
      return last.table;
    const table = one.observing(() => ({
      services: one.services(),
      timeouts: one.timeouts(),
      totals: one.totals(),
      generation: one.generation,
    }));
    last = { table, of: one, at };
    return table;
  };
}

export function liveSources({ refusals, requests }: Pick<ApiSources, 'refusals' | 'requests'>): ApiReaders {
  const observe = keptTables();
  const reader = (): ObservingReader => readerOf(observe());
  let examining: Promise<DoctorReport> | undefined;
  return {
    now: () => Date.now(),
    monotonicUs,
    table: keptTable(reader),
    state: new KeptState(observe).read,
    service: (key) => reader().service(key),
    generation: () => {
      checkPresent(reader().tables);
      return reader().generation;
    },
    status: kept(collectStatus, KEPT_MS),
    daemons: kept(daemonStatuses, KEPT_MS),
    drops: () => ({ total: reader().dropCounts(), recent: reader().recentDrops() }),
    neighbours,
    vips: addedVips,
    drainRecord: () => {
      checkPresent(reader().tables);
      return reader().drainRecord();
    },
    metrics: (query, accept) => scrape(query, { accept, version, api: { refused: refusals.counts(), ...requests.snapshot() }, observe }),
    *connections(filter) {
      // Its own: a client may take its time.
      const own = observedReader();
      try {
        for (const found of pacedFoundConnections(own.tables, filter)) yield found && connectionValue(found);
      } finally {
        own.close();
      }
    },
    explain: (asked) => explainLive(reader(), asked),
    /** One at a time, whoever asks. */
    examine: () => {
      examining ??= examineBeside().finally(() => {
        examining = undefined;
      });
      return examining;
    },
    dashboard: (file) => readFileSync(artifact(file), 'utf8'),
  };
}
