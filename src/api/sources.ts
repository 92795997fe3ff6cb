// What the API reads of a host: the same functions as the commands use, behind one interface that tests fill by hand.
import type { DocumentOptions, DocumentPlan } from '../control/plan/document-plan.js';
import type { TableFacts } from '../control/plan/table-facts.js';
import type { ConnectionFilter } from '../datapath/ebpf/observe/connection-filter.js';
import type { Examination } from '../doctor/examine.js';
import type { DropCount, RecentDrops } from '../model/drops.js';
import type { ServiceEntry, ServiceKey, Stats, Timeouts } from '../model/service.js';
import type { TableDocument } from '../model/table-document.js';
import type { ConnectionValue } from '../report/connections/connection-value.js';
import type { Explanation } from '../report/explain/explanation.js';
import type { Asked } from '../report/explain/live-probe.js';
import type { DaemonStatus, Status } from '../report/status/status.js';
import type { Journal } from './changes/journal.js';
import type { PlanBook } from './changes/plan-book.js';
import type { EventRing } from './events/event-ring.js';

/** The table of one moment. */
export interface TableSnapshot {
  readonly services: readonly ServiceEntry[];
  readonly timeouts: Timeouts;
  readonly totals: Stats;
  /** Rises with each change of the table, whoever makes it. */
  readonly generation: number;
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
  /** @throws WeirError datapath-not-loaded, and what hides the tables */
  table(): TableSnapshot;
  /** @throws WeirError service-missing, and as `table` */
  service(key: ServiceKey): ServiceEntry;
  /** Of the table now: cheap. @throws WeirError as `table` */
  generation(): number;
  status(): Status;
  daemons(): readonly DaemonStatus[];
  drops(): DropsFound;
  /** In the order of the table; with no lock. */
  connections(filter: ConnectionFilter): Iterable<ConnectionValue>;
  explain(asked: Asked): Explanation;
  examine(): Promise<Examination>;
  /** The text of a built file. @throws WeirError artifact-missing; SystemError */
  dashboard(file: DashboardFile): string;
}

export interface ApiSources extends ApiReaders {
  newId(): string;
  /** What a plan has to know: the table with its live connections. */
  facts(): TableFacts;
  /** @throws WeirError as changeTable */
  apply(document: TableDocument, base: string, options: DocumentOptions): Promise<DocumentPlan>;
  readonly plans: PlanBook;
  readonly journal: Journal;
  readonly events: EventRing;
}
