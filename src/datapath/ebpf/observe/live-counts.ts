// What the destinations of one service have counted up to now: from the packets' own counters, which no estimator rounds and no -Z zeroes.
import { destinationId } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { Conf, Counters, Dest } from '../abi.gen.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { destinationIds } from '../table/service-list.js';
import { liveService, specOfDestination } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';

export interface LiveCounts {
  /** Connections so far. */
  readonly conns: number;
  /** Established now. */
  readonly active: number;
}

/** By `destinationId`. @throws WeirError service-missing */
export function liveCounts(tables: Tables, key: ServiceKey): ReadonlyMap<string, LiveCounts> {
  const { counters, conf, dests } = tables;
  const cpus = conf.get(0, Conf.cpus);
  const service = liveService(tables, new EndpointTable(tables), key);
  return new Map(
    destinationIds(tables, service).map((id) => {
      let conns = 0n;
      for (let cpu = 0; cpu < cpus; cpu++) conns += counters.big(id * cpus + cpu, Counters.conns);
      return [destinationId(specOfDestination(tables, id)), { conns: Number(conns), active: dests.get(id, Dest.active) }];
    }),
  );
}
