// What the API reads of this host: by the functions of the commands. The tables stay mapped between requests, and are opened again where they are gone.
import { readFileSync, statSync } from 'node:fs';
import { keptBuildPin } from '../datapath/ebpf/load/build-pin.js';
import { pacedFoundConnections } from '../datapath/ebpf/observe/connection-filter.js';
import { asOfBuild, type ObservedDatapath, observeDatapath, observeTables } from '../datapath/ebpf/observe/observer.js';
import type { ObservingOptions, ObservingReader } from '../datapath/ebpf/observe/observing-reader.js';
import { checkPresent } from '../datapath/ebpf/whole-read.js';
import { addedVips } from '../document/added-vips.js';
import { KeptState } from '../document/kept-state.js';
import { daemonsServices } from '../host/daemons-services.js';
import { publishedServerAttempts } from '../host/published-attempts.js';
import { scrape } from '../metrics/collect/scrape.js';
import { KeptLines } from '../metrics/exposition/kept-lines.js';
import type { ApiSnapshot, ExaminedSnapshot } from '../metrics/snapshot.js';
import type { FindingSeverity } from '../model/finding.js';
import { isRecord } from '../model/json.js';
import type { Pieces } from '../model/pieces.js';
import type { TableDocument } from '../model/table-document.js';
import { connectionValue } from '../report/connections/connection-value.js';
import { explainLive } from '../report/explain/live-probe.js';
import { observedReader, readerOf } from '../report/observed-reader.js';
import { statusPieces } from '../report/status/collect-status.js';
import { daemonStatuses } from '../report/status/daemon-statuses.js';
import type { DaemonStatus, Status } from '../report/status/status.js';
import { version } from '../report/version.js';
import { artifact } from '../sys/artifact.js';
import { monotonicUs } from '../sys/clock.js';
import { unlessCode } from '../sys/errno.js';
import { neighbours } from '../sys/netlink/neighbours.js';
import { type DoctorReport, examineBeside } from './doctor-process.js';
import { BESIDE_CHANGE_MS, kept, keptAhead } from './kept.js';
import { keptDrift } from './kept-drift.js';
import { liveTable } from './live-table.js';
import type { ApiReaders, ApiSources } from './sources.js';

const UNHURRIED: ObservingOptions = { waitMs: 0, keptMs: BESIDE_CHANGE_MS };

/** The tables that are pinned now, mapped once: a takeover or a new load pins others, which changes their folder. */
function keptTables(): { readonly observe: () => ObservedDatapath; readonly forget: () => void } {
  let last: { readonly observed: ObservedDatapath & { readonly kind: 'loaded' }; readonly folder: string } | undefined;
  const stateOf = (folder: string): string => {
    const { ino, mtimeNs } = unlessCode(() => statSync(folder, { bigint: true }), ['ENOENT'], { ino: 0n, mtimeNs: 0n });
    return `${folder} ${ino} ${mtimeNs}`;
  };
  const observe = (): ObservedDatapath => {
    if (last !== undefined && last.folder === stateOf(last.observed.folder)) return last.observed;
    last = undefined;
    const observed = observeTables(UNHURRIED);
    if (observed.kind === 'loaded') last = { observed, folder: stateOf(observed.folder) };
    return observed;
  };
  return { observe, forget: () => last?.observed.reader.forget() };
}

const statusOf = (own: string, observed: ObservedDatapath, daemons: readonly DaemonStatus[]): Pieces<Status> =>
  statusPieces(own, asOfBuild(observed, own) ?? observeDatapath(() => own, UNHURRIED), daemons);

/** What is read, and what whoever changes the table in this process calls after it. */
export interface LiveSources {
  readonly readers: ApiReaders;
  changed(): void;
}

/** What the process counts itself. */
type Counted = Pick<ApiSources, 'refusals' | 'requests' | 'applies'>;

const SEVERITIES: readonly FindingSeverity[] = ['error', 'warning', 'info'];

const examinedOf = ({ findings }: DoctorReport, atMs: number): ExaminedSnapshot => {
  const found = (severity: FindingSeverity): number => findings.filter((one) => isRecord(one) && one['severity'] === severity).length;
  const [errors, warnings, infos] = SEVERITIES.map(found);
  return { at: atMs / 1000, findings: { error: errors ?? 0, warning: warnings ?? 0, info: infos ?? 0 } };
};

/** `document`: what the table should be, where the process has such a file. */
export function liveSources({ refusals, requests, applies }: Counted, document: () => TableDocument | undefined): LiveSources {
  const { observe, forget } = keptTables();
  const reader = (): ObservingReader => readerOf(observe());
  const [state, ownPin, lines] = [new KeptState(observe), keptBuildPin(), new KeptLines()];
  const isUnsettled = (): boolean => {
    const observed = observe();
    return observed.kind === 'loaded' && observed.reader.settledGeneration === undefined;
  };
  let examining: Promise<DoctorReport> | undefined;
  let examined: ExaminedSnapshot | undefined;
  const daemons = kept(daemonStatuses);
  const drift = keptDrift(document, state.read);
  const own = (): ApiSnapshot => {
    const driftLines = drift();
    return {
      refused: refusals.counts(),
      ...requests.snapshot(),
      applies: applies.snapshot(),
      ...(examined === undefined ? {} : { examined }),
      ...(driftLines === undefined ? {} : { drift: driftLines }),
    };
  };
  const readers: ApiReaders = {
    now: () => Date.now(),
    monotonicUs,
    ...liveTable(reader, state),
    status: keptAhead(() => statusOf(ownPin(), observe(), daemons()), isUnsettled),
    daemons,
    daemonsServices,
    attempts: kept(publishedServerAttempts),
    drops: () => ({ total: reader().dropCounts(), recent: reader().recentDrops() }),
    neighbours,
    vips: addedVips,
    drainRecord: () => {
      checkPresent(reader().tables);
      return reader().drainRecord();
    },
    metrics: (query, accept) => scrape(query, { accept, version, api: own(), observe, lines }),
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
      examining ??= examineBeside()
        .then((report) => {
          examined = examinedOf(report, Date.now());
          return report;
        })
        .finally(() => {
          examining = undefined;
        });
      return examining;
    },
    dashboard: (file) => readFileSync(artifact(file), 'utf8'),
  };
  return { readers, changed: forget };
}
