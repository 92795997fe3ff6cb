// What other programs' configurations have of layer 4, in the words of the table: services with their servers and checks, and a line for each
// statement about what became of it.
import type { Address } from '../../model/address.js';
import type { DestinationSpec, ServiceSpec, Timeouts } from '../../model/service.js';
import type { TableDocument } from '../../model/table-document.js';

/** `equivalent`: packets go the same way by other words. `approximated`: some go another way. `refused`: weir will not do it. */
export type ImportStatus = 'exact' | 'equivalent' | 'approximated' | 'lost' | 'refused';

/** What one statement became. */
export interface ImportLine {
  readonly file: string;
  /** From 1; of objects without lines their number. */
  readonly line: number;
  readonly text: string;
  readonly status: ImportStatus;
  /** In the words of weir; empty: nothing. */
  readonly became: string;
  /** For packets, in one sentence; empty where nothing differs. */
  readonly consequence: string;
  readonly hint?: string;
}

/** A health check in the words of keepalived.conf: rows of a block, each a line or a block of its own. */
export interface CheckBlock {
  readonly keyword: string;
  readonly rows: readonly CheckRow[];
}
export type CheckRow = string | CheckBlock;

export interface ImportedDestination {
  readonly spec: DestinationSpec;
  /** `true`: none, and it is always taken as healthy. */
  readonly check: CheckBlock | true;
}

export interface ImportedService {
  readonly spec: ServiceSpec;
  readonly destinations: readonly ImportedDestination[];
  /** Has the connections while no other server is left. */
  readonly sorry?: DestinationSpec;
  /** Between checks, s. */
  readonly checkInterval: number;
  /** A server that fails its check stays in the table with weight 0. */
  readonly keepsFailed: boolean;
}

export interface Imported {
  readonly services: readonly ImportedService[];
  /** Of the table, s; 0: it stays as it is. Absent: there are none in it. */
  readonly timeouts?: Timeouts;
  readonly lines: readonly ImportLine[];
  /** What must be changed on hosts, one sentence each. */
  readonly hosts: readonly string[];
  /** Nothing of the text is of the format. */
  readonly isForeign: boolean;
}

/** Whether a file can be written of it. */
export const isStated = ({ services, timeouts }: Pick<Imported, 'services' | 'timeouts'>): boolean =>
  services.length > 0 || timeouts !== undefined;

/** How packets go to servers of programs that are proxies, and which address stands for one that listens on all. */
export interface ImportOptions {
  readonly method: Extract<DestinationSpec['method'], 'masq' | 'route' | 'tunnel' | 'fullnat'>;
  /** Of `fullnat`, of one IP version or of both. */
  readonly localAddresses?: readonly Address[];
  /** In the place of `*`, `0.0.0.0` and `::`. */
  readonly vips: readonly Address[];
}

/** As a table, without checks. Timeouts alone leave the services of the table as they are. */
export const importedTable = ({ services, timeouts }: Imported): TableDocument => ({
  ...(services.length === 0
    ? {}
    : { services: services.map(({ spec, destinations }) => ({ spec, destinations: destinations.map((each) => each.spec) })) }),
  ...(timeouts === undefined ? {} : { timeouts }),
});
