// Reads the table without a lock, and leaves one that is not finished as it is. Most changes take much less time than the wait here; what
// is not finished after it is read as packets meet it: each record whole, but the records of no one moment.
import { WeirError } from '../../../model/errors/weir-error.js';
import type { ServiceEntry, ServiceKey } from '../../../model/service.js';
import type { PageAsked } from '../../../model/service-page.js';
import { type Clock, systemClock } from '../../../sys/clock.js';
import { exclusiveHolder } from '../../../sys/files/lock-holder.js';
import { Conf } from '../abi.gen.js';
import { EbpfReader } from '../ebpf-reader.js';
import { clockOf } from '../recovery/batch.js';
import { type CountedConnections, countConnections } from '../table/connection-counts.js';
import { lifetimeStats } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { checkPresent, isSettled, readOnce, undisturbed } from '../whole-read.js';
import { type ConfiguredTable, KeptServices, type KeptTable, type ReadMoment } from './kept-services.js';
import { type TableOverview, tableNumbers } from './table-overview.js';

/** How long the end of a change is waited for, ms. */
const WAIT_MS = 50;
const PAUSE_MS = 1;

/** A change of the table that has begun and not ended. */
export interface UnfinishedChange {
  /** The process that holds the lock; absent: it died, and the next command that changes the table repairs it. */
  readonly holder?: number;
}

export interface ObservingOptions {
  readonly clock?: Clock;
  /** So long the end of a change is waited for, ms. While it waits the process does nothing else. */
  readonly waitMs?: number;
  /** While a change is under way, services are those from before it, if they were read in the last so many ms. 0: they are as packets meet them. */
  readonly keptMs?: number;
}

export class ObservingReader extends EbpfReader {
  readonly #kept: KeptServices;
  readonly #clock: Clock;
  readonly #waitMs: number;
  /** Of the change that is under way: when it was seen first. */
  #begun: ReadMoment | undefined;

  constructor(tables: Tables, lockPath: string, { clock = systemClock, waitMs = WAIT_MS, keptMs = 0 }: ObservingOptions = {}) {
    super(tables, lockPath);
    [this.#clock, this.#waitMs] = [clock, waitMs];
    this.#kept = new KeptServices(tables, clock, keptMs);
  }

  override services(): readonly ServiceEntry[] {
    return this.table().services;
  }

  /** The services, or a page of them, with the generation that they are of. @throws WeirError service-missing: that before the page */
  table(asked: PageAsked = {}): KeptTable {
    return this.reading(() => this.#kept.read(undefined, asked));
  }

  /** What is configured is read once for all that `work`, which waits for nothing, reads of it. */
  together<T>(work: () => T): T {
    return this.#kept.together(work);
  }

  /** Without counters. */
  configured(): ConfiguredTable {
    return this.reading(() => this.#kept.configured());
  }

  /** With counters that only rise. */
  lifetimeServices(): readonly ServiceEntry[] {
    return this.reading(() => this.#kept.read(lifetimeStats).services);
  }

  override service(key: ServiceKey): ServiceEntry {
    const read = undisturbed(this.tables, () => super.service(key));
    if (read !== undefined) return read.value;
    const kept = this.#kept.service(key);
    if (kept === undefined) return super.service(key);
    if (kept.value === undefined) throw new WeirError('service-missing');
    return kept.value;
  }

  /** Whether what was read then is the table before the change that is under way. */
  stands(moment: ReadMoment): boolean {
    return this.#kept.stands(moment);
  }

  /** Without reading: what is kept is of this moment, too, or does not stand in the next batch of changes. */
  verify(): void {
    this.#kept.verify();
  }

  /** This process has changed the table: what was read before is not answered with any more. */
  forget(): void {
    this.#kept.forget();
  }

  /** Of a table that no change is under way in; undefined: one is. */
  get settledGeneration(): number | undefined {
    return undisturbed(this.tables, () => this.generation)?.value;
  }

  overview(): TableOverview {
    return this.reading(() => ({ services: this.#kept.overview(), ...tableNumbers(this.tables) }));
  }

  /** Rises with each change of the table, whoever makes it. */
  get generation(): number {
    return this.tables.conf.atomic(0, Conf.generation);
  }

  /** Counts the living connections. No lock: one that comes or goes meanwhile is counted or not. */
  countConnections(): CountedConnections {
    checkPresent(this.tables);
    return countConnections(this.tables, clockOf(this.tables));
  }

  /** What `work`, which may be run several times, finds in the tables: of one moment, where writers let it. */
  observing<T>(work: (tables: Tables) => T): T {
    return this.reading(() => work(this.tables));
  }

  /** undefined: the table is whole, or became so while it was waited for; a reader that does not wait has seen the change for less than that. */
  unfinishedChange(): UnfinishedChange | undefined {
    const until = this.#clock.now() + this.#waitMs;
    while (!isSettled(this.tables) && this.#clock.now() < until) this.#clock.sleep(PAUSE_MS);
    const { generation } = this;
    if (isSettled(this.tables)) {
      this.#begun = undefined;
      return undefined;
    }
    if (this.#begun?.generation !== generation) this.#begun = { generation, atMs: this.#clock.now() - this.#waitMs };
    if (this.#clock.now() - this.#begun.atMs < WAIT_MS) return undefined;
    // The kernel's list of locks may take 15 ms to open: not for a change that ends by itself.
    const holder = exclusiveHolder(this.lockPath);
    // Between the two reads it may have ended.
    if (isSettled(this.tables)) return undefined;
    return holder === undefined ? {} : { holder };
  }

  protected override reading<T>(work: () => T): T {
    const until = this.#clock.now() + this.#waitMs;
    for (;;) {
      checkPresent(this.tables);
      const isOver = this.#clock.now() >= until;
      const read = isOver || isSettled(this.tables) ? readOnce(this.tables, work) : undefined;
      if (read !== undefined && (read.whole || isOver)) return read.value;
      if (isOver) return work();
      this.#clock.sleep(PAUSE_MS);
    }
  }
}
