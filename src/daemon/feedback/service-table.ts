// The table of one service: read without a lock, and changed under it, destination by destination, where nothing else changed it meanwhile.
import {
  beginConnectionLoad,
  type ConnectionLoad,
  connectionReport,
  examineConnections,
  sampleConnections,
} from '../../control/feedback/connection-load.js';
import type { WeightWrite } from '../../control/feedback/messages.js';
import type { DirectorCounters } from '../../control/feedback/window.js';
import { applyChange } from '../../datapath/apply-change.js';
import type { Director } from '../../datapath/director.js';
import { liveCounts } from '../../datapath/ebpf/observe/live-counts.js';
import { observeTables } from '../../datapath/ebpf/observe/observer.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { unansweredConnections } from '../../datapath/ebpf/observe/unanswered.js';
import { endpointText } from '../../model/endpoint-text.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { ReadReport } from '../../model/feedback/load-report.js';
import type { LoadSource } from '../../model/feedback/load-source.js';
import { destinationId } from '../../model/identity.js';
import type { ServiceEntry, ServiceKey } from '../../model/service.js';
import { monotonicUs } from '../../sys/clock.js';
import type { FeedbackTable, LookedAt } from './feedback-table.js';

/** Open connections come and go between two looks. */
const SAMPLE_MS = 100;

export class ServiceTable implements FeedbackTable {
  readonly missing = 'there is no such service';
  #reader: ObservingReader | undefined;
  readonly #loads = new Map<string, ConnectionLoad>();
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly key: ServiceKey,
    readonly open: () => Director,
    readonly source?: LoadSource,
  ) {
    if (source?.kind === 'connections') this.#timer = setInterval(() => this.#sample(source.concurrency ?? 1), SAMPLE_MS);
  }

  #sample(concurrency: number): void {
    const now = monotonicUs();
    const counters = this.counters();
    for (const id of this.#loads.keys()) if (!counters.has(id)) this.#loads.delete(id);
    for (const [id, counted] of counters) {
      const load = this.#loads.get(id);
      this.#loads.set(id, load === undefined ? beginConnectionLoad(counted, now) : sampleConnections(load, counted, now, concurrency));
    }
  }

  /** What the director measured up to now, where it is the source. */
  #reports(): ReadonlyMap<string, ReadReport> | undefined {
    if (this.#timer === undefined) return undefined;
    const unanswered = this.#reading((reader) => reader.observing((tables) => unansweredConnections(tables, this.key)));
    for (const [id, load] of this.#loads) this.#loads.set(id, examineConnections(load, unanswered?.get(id) ?? 0));
    return new Map([...this.#loads].map(([id, load]) => [id, { kind: 'report', report: connectionReport(load) }]));
  }

  #opened(): ObservingReader | undefined {
    if (this.#reader !== undefined) return this.#reader;
    const observed = observeTables();
    this.#reader = observed.kind === 'loaded' ? observed.reader : undefined;
    return this.#reader;
  }

  /** Undefined: there is no such service, or no datapath. The next call opens what was loaded meanwhile. */
  #reading<T>(work: (reader: ObservingReader) => T): T | undefined {
    try {
      const reader = this.#opened();
      return reader && work(reader);
    } catch (error) {
      if (isWeirError(error, 'service-missing')) return undefined;
      this.#forget();
      if (isWeirError(error, 'datapath-unloaded')) return undefined;
      throw error;
    }
  }

  look(): LookedAt | undefined {
    const seen = this.#reading((reader) => {
      const entry = reader.service(this.key);
      const counts = reader.observing((tables) => liveCounts(tables, this.key));
      return lookedAt(entry, counts);
    });
    const reports = seen && this.#reports();
    return seen && (reports === undefined ? seen : { ...seen, reports });
  }

  /** Exact, now. */
  counters(): ReadonlyMap<string, DirectorCounters> {
    return this.#reading((reader) => reader.observing((tables) => liveCounts(tables, this.key))) ?? new Map();
  }

  /**
   * Which servers' weights were written: those that still had the weight from which the change begins. None while another process holds
   * the lock. @throws SystemError, and what the director refuses
   */
  write(writes: readonly WeightWrite[]): readonly string[] {
    const director = this.open();
    try {
      return director.exclusively(() => this.#writeTo(director, writes));
    } catch (error) {
      if (isWeirError(error, 'lock-busy') || isWeirError(error, 'service-missing')) return [];
      throw error;
    } finally {
      director.close();
    }
  }

  #writeTo(director: Director, writes: readonly WeightWrite[]): readonly string[] {
    const { destinations } = director.service(this.key);
    const specs = new Map(destinations.map(({ spec }) => [destinationId(spec), spec]));
    const fresh = writes.flatMap((write) => {
      const spec = specs.get(write.server);
      return spec?.weight === write.from ? [{ server: write.server, spec: { ...spec, weight: write.to } }] : [];
    });
    director.atomically(() => {
      for (const { spec } of fresh) applyChange(director, { kind: 'edit-destination', service: this.key, spec });
    });
    return fresh.map(({ server }) => server);
  }

  #forget(): void {
    this.#reader?.close();
    this.#reader = undefined;
  }

  close(): void {
    clearInterval(this.#timer);
    this.#forget();
  }
}

/** In the order in which the operator added them. */
function lookedAt({ spec, destinations }: ServiceEntry, counts: ReadonlyMap<string, DirectorCounters>): LookedAt {
  const found = [...destinations].reverse().map((entry) => ({ id: destinationId(entry.spec), entry }));
  return {
    scheduler: spec.scheduler,
    places: new Map(found.map(({ id, entry }) => [id, entry.spec])),
    servers: found.map(({ id, entry }) => ({
      id,
      name: endpointText(entry.spec),
      weight: entry.spec.weight,
      ...(entry.held === undefined ? {} : { held: true }),
      counters: counts.get(id) ?? { conns: 0, active: 0 },
    })),
  };
}
