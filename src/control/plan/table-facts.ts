// What is there when a document is planned: the table, its live connections, and who else keeps services in it.
import type { VirtualServer } from '../../model/keepalived/virtual-server.js';
import type { ServiceKey, Timeouts } from '../../model/service.js';
import type { PresentTable } from '../virtual-server/plan.js';
import type { ConnectionCounts } from './connection-counts.js';

export interface TableFacts {
  /** Newest first, as listings have it; of servers that feedback moves the configured weights. */
  readonly present: PresentTable;
  /** Weights that feedback set, by `serviceId`, then by `destinationId`: as they are in the table. */
  readonly movedWeights: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Of services by mh with drained servers, by `serviceId`, then by `destinationId`: the last weight that was not 0. */
  readonly lastWeights: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Live connections. `services`: which service each key of it is, also of those that were removed. */
  readonly connections: ConnectionCounts;
  readonly services: ReadonlyMap<string, ServiceKey>;
  /** Persistence templates, counted as connections are. */
  readonly templates: ConnectionCounts;
  readonly timeouts: Timeouts;
  /** The director's sysctl expire_nodest_conn. */
  readonly expireNodest: boolean;
  /** Who keeps a service, by `serviceId`: `keepalived (process 12)`, `weir switch`. */
  readonly owners: ReadonlyMap<string, string>;
  /** The file that such a daemon has a service of, by `serviceId`. */
  readonly files: ReadonlyMap<string, string>;
  /** Those of `owners` that weir run has of its weir.yaml, as it checks them: a document may state them, too. */
  readonly checked: ReadonlyMap<string, VirtualServer>;
  /** Addresses (`addressId`) that this host loses by the same plan; absent: none. */
  readonly gone?: ReadonlySet<string>;
}

/** Of an empty table that has no connections, and that no one else keeps services in. */
export const NO_FACTS: Omit<TableFacts, 'timeouts'> = {
  present: new Map(),
  movedWeights: new Map(),
  lastWeights: new Map(),
  connections: new Map(),
  services: new Map(),
  templates: new Map(),
  expireNodest: false,
  owners: new Map(),
  files: new Map(),
  checked: new Map(),
};
