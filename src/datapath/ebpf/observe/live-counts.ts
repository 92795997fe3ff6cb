// What the destinations of one service have counted up to now: from the packets' own counters, which no estimator rounds and no -Z zeroes.
import { destinationId } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { Counters, Dest } from '../abi.gen.js';
import { countedOf } from '../table/counted.js';
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
  const { dests } = tables;
  const service = liveService(tables, new EndpointTable(tables), key);
  return new Map(
    destinationIds(tables, service).map((id) => {
      const conns = Number(countedOf(tables, id, Counters.conns));
      return [destinationId(specOfDestination(tables, id)), { conns, active: dests.get(id, Dest.active) }];
    }),
  );
}
