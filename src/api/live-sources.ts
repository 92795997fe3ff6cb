// What the API reads of this host: by the functions of the commands. The tables stay mapped between requests, and are opened again where they are gone.
import { readFileSync, statSync } from 'node:fs';
import { foundConnections } from '../datapath/ebpf/observe/connection-filter.js';
import type { ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { checkPresent } from '../datapath/ebpf/whole-read.js';
import { type Examination, examine } from '../doctor/examine.js';
import { scrape } from '../metrics/collect/scrape.js';
import { connectionValue } from '../report/connections/connection-value.js';
import { explainLive } from '../report/explain/live-probe.js';
import { observedReader } from '../report/observed-reader.js';
import { collectStatus, daemonStatuses } from '../report/status/collect-status.js';
import { version } from '../report/version.js';
import { artifact } from '../sys/artifact.js';
import { monotonicUs } from '../sys/clock.js';
import { unlessCode } from '../sys/errno.js';
import type { Refusals } from './access/refusals.js';
import type { ApiReaders } from './sources.js';

/** So long what takes long to collect is answered with again, ms. */
const KEPT_MS = 1000;
/** Connects and adverts are waited for so long. */
const EXAMINE_MS = 2000;

/** What `make` made, for a time. */
function kept<T>(make: () => T, ms: number): () => T {
  let last: { readonly value: T; readonly at: number } | undefined;
  return () => {
    const at = performance.now();
    if (last === undefined || at - last.at >= ms) last = { value: make(), at };
    return last.value;
  };
}

/** The reader of the tables that are pinned now: a takeover or a new load pins others, which changes their folder. */
function keptReader(): () => ObservingReader {
  let last: { readonly reader: ObservingReader; readonly folder: string } | undefined;
  const stateOf = (folder: string): string => {
    const { ino, mtimeNs } = unlessCode(() => statSync(folder, { bigint: true }), ['ENOENT'], { ino: 0n, mtimeNs: 0n });
    return `${folder} ${ino} ${mtimeNs}`;
  };
  return () => {
    if (last !== undefined && last.folder === stateOf(last.reader.tables.folder)) return last.reader;
    last = undefined;
    const reader = observedReader();
    last = { reader, folder: stateOf(reader.tables.folder) };
    return reader;
  };
}

export function liveSources(refusals: Refusals): ApiReaders {
  const reader = keptReader();
  let examining: Promise<Examination> | undefined;
  return {
    now: () => Date.now(),
    monotonicUs,
    table: () => {
      const one = reader();
      return one.observing(() => ({
        services: one.services(),
        timeouts: one.timeouts(),
        totals: one.totals(),
        generation: one.generation,
      }));
    },
    service: (key) => reader().service(key),
    generation: () => {
      checkPresent(reader().tables);
      return reader().generation;
    },
    status: kept(collectStatus, KEPT_MS),
    daemons: kept(daemonStatuses, KEPT_MS),
    drops: () => ({ total: reader().dropCounts(), recent: reader().recentDrops() }),
    drainRecord: () => {
      checkPresent(reader().tables);
      return reader().drainRecord();
    },
    metrics: (query, accept) => scrape(query, { accept, version, apiRefusals: refusals.counts() }),
    *connections(filter) {
      // Its own: a client may take its time.
      const own = observedReader();
      try {
        for (const found of foundConnections(own.tables, filter)) yield connectionValue(found);
      } finally {
        own.close();
      }
    },
    explain: (asked) => explainLive(reader(), asked),
    /** One at a time, whoever asks. */
    examine: () => {
      examining ??= examine({ waitMs: EXAMINE_MS }).finally(() => {
        examining = undefined;
      });
      return examining;
    },
    dashboard: (file) => readFileSync(artifact(file), 'utf8'),
  };
}
