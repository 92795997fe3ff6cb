// What the API reads of a host: the same functions as the commands use, behind one interface that tests fill by hand.
import type { DrainRequest } from '../control/drain/messages.js';
import type { DocumentOptions, DocumentPlan } from '../control/plan/document-plan.js';
import type { TableFacts } from '../control/plan/table-facts.js';
import type { ConnectionFilter } from '../datapath/ebpf/observe/connection-filter.js';
import type { ConfiguredTable } from '../datapath/ebpf/observe/kept-services.js';
import type { AddedVip } from '../document/added-vips.js';
import type { PresentState } from '../document/kept-state.js';
import type { PublishedServerAttempts } from '../host/published-attempts.js';
import type { MetricsAnswer } from '../metrics/collect/scrape.js';
import type { Drain, DrainRecord } from '../model/drain/drain.js';
import type { WantedOverride } from '../model/drain/override.js';
import type { DropCount, RecentDrops } from '../model/drops.js';
import type { WantedService } from '../model/keepalived/wanted-table.js';
import type { ServiceEntry, ServiceKey, Stats, Timeouts } from '../model/service.js';
import type { PageAsked } from '../model/service-page.js';
import type { TableDocument } from '../model/table-document.js';
import type { ConnectionValue } from '../report/connections/connection-value.js';
import type { Explanation } from '../report/explain/explanation.js';
import type { Asked } from '../report/explain/live-probe.js';
import type { DaemonStatus, Status } from '../report/status/status.js';
import type { NeighbourEntry } from '../sys/netlink/neighbours.js';
import type { Refusals } from './access/refusals.js';
import type { ApplyCounts } from './changes/apply-counts.js';
import type { Journal } from './changes/journal.js';
import type { PlanBook } from './changes/plan-book.js';
import type { DoctorReport } from './doctor-process.js';
import type { EventRing } from './events/event-ring.js';
import type { TrafficHistory } from './events/traffic-history.js';
import type { RequestCounts } from './http/request-counts.js';

/** The table of one moment. */
export interface TableSnapshot {
  readonly services: readonly ServiceEntry[];
  readonly timeouts: Timeouts;
  readonly totals: Stats;
  /** Rises with each change of the table, whoever makes it. */
  readonly generation: number;
}

/** A page of the table with the state that it is of. */
export interface TablePage {
  readonly table: TableSnapshot;
  /** Behind it the next page begins; undefined: there is none. */
  readonly next: ServiceKey | undefined;
  /** As `state().base`. */
  readonly base: string;
}

export interface DropsFound {
  readonly total: readonly DropCount[];
  /** undefined: the loaded programs keep no history. */
  readonly recent: RecentDrops | undefined;
}

export type DashboardFile = 'weir-dashboard.js' | 'weir-dashboard.css';

/** What is read, without what changes. */
export interface ApiReaders {
  /** Milliseconds since 1970. */
  now(): number;
  /** CLOCK_MONOTONIC, by which drains are timed. */
  monotonicUs(): number;
  /** @throws WeirError datapath-not-loaded, and what hides the tables */
  table(): TableSnapshot;
  /** Without a look at the services. @throws WeirError as `table` */
  totals(): Stats;
  /** Without counters; what did not change is the same object as before. @throws WeirError as `table` */
  configured(): ConfiguredTable;
  /** The whole of it is the same object for a moment. @throws WeirError service-missing: the one that the page is behind; as `table` and `state` */
  page(asked: PageAsked): TablePage;
  /** What is configured, by which a change is planned; the same object while it is the same. @throws WeirError as observeTable */
  state(): PresentState;
  /** @throws WeirError service-missing, and as `table` */
  service(key: ServiceKey): ServiceEntry;
  /** Of the table now: cheap. @throws WeirError as `table` */
  generation(): number;
  status(): Status;
  daemons(): readonly DaemonStatus[];
  /** Of their files. @throws SystemError */
  daemonsServices(): readonly WantedService[];
  /** Of each server that is checked: how its attempts ended. */
  attempts(): readonly PublishedServerAttempts[];
  drops(): DropsFound;
  neighbours(): readonly NeighbourEntry[];
  /** Those that weir has added. @throws WeirError state-file-damaged; SystemError */
  vips(): readonly AddedVip[];
  /** With no lock. @throws WeirError drain-record, and as `table` */
  drainRecord(): DrainRecord;
  /** By the parameters of GET /metrics. @throws WeirError option-value, option-unknown, and as collectSnapshot */
  metrics(query: URLSearchParams, accept: string): MetricsAnswer;
  /** In the order of the table; with no lock. `undefined`: other work may be done. */
  connections(filter: ConnectionFilter): Iterable<ConnectionValue | undefined>;
  explain(asked: Asked): Explanation;
  /** @throws WeirError role-not-clear; doctor-failed */
  examine(): Promise<DoctorReport>;
  /** The text of a built file. @throws WeirError artifact-missing; SystemError */
  dashboard(file: DashboardFile): string;
}

export interface ApiSources extends ApiReaders {
  newId(): string;
  /** What a plan has to know: the table with its live connections. */
  facts(): TableFacts;
  /** @throws WeirError as changeTable */
  apply(document: TableDocument, base: string, options: DocumentOptions): Promise<DocumentPlan>;
  /**
   * After a change of these services: the packet filter is looked at, as ipvsadm does. What whoever made it should know; the change stands whatever
   * comes of it.
   */
  warnings(changed: readonly ServiceKey[]): Promise<readonly string[]>;
  /** The process that drives drains in the background; undefined: none does. */
  drainDriver(): number | undefined;
  /** Has a process drive them, where none does. */
  driveDrains(): void;
  /** An instance of VRRP leaves its addresses to its peers, or no more. @throws WeirError lock-busy; SystemError */
  releaseInstance(name: string, isReleased: boolean): Promise<void>;
  /** @throws WeirError as checkDrain, lock-busy */
  startDrain(request: DrainRequest): Promise<Drain>;
  /** `slowStartS`: 0: the weights are back immediately. @throws WeirError drain-missing, lock-busy */
  cancelDrain(id: string, slowStartS: number): Promise<Drain>;
  /** `deadlineS`: from now. @throws WeirError drain-missing, drain-ended, lock-busy */
  moveDeadline(id: string, deadlineS: number): Promise<Drain>;
  /**
   * In the place of one of the same target.
   * @param check Under the lock, of the record before: what it throws refuses the change
   * @throws WeirError as checkOverride and `check`, lock-busy
   */
  setOverride(wanted: WantedOverride, check: (record: DrainRecord) => void): Promise<DrainRecord>;
  /** @throws WeirError as `check`, lock-busy */
  removeOverride(target: string, check: (record: DrainRecord) => void): Promise<DrainRecord>;
  readonly plans: PlanBook;
  readonly journal: Journal;
  readonly events: EventRing;
  readonly history: TrafficHistory;
  readonly refusals: Refusals;
  readonly requests: RequestCounts;
  readonly applies: ApplyCounts;
}
