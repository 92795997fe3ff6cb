// The last weights that were not 0 of a service's drained destinations: by them mh keeps their slots.
import { destinationId } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { Dest } from '../abi.gen.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { destinationIds } from '../table/service-list.js';
import { liveService, specOfDestination } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';

/** By `destinationId`. @throws WeirError service-missing */
export function lastWeights(tables: Tables, key: ServiceKey): ReadonlyMap<string, number> {
  const ids = destinationIds(tables, liveService(tables, new EndpointTable(tables), key));
  return new Map(ids.map((id) => [destinationId(specOfDestination(tables, id)), tables.dests.get(id, Dest.lastWeight)]));
}
