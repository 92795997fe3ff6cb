// Has the destinations follow the record of drains, after it has changed, or where its writer died.
import { type DrainRecord, holdsSame } from '../../../model/drain/drain.js';
import { storedWeight } from '../../../model/drain/effective-weight.js';
import type { DestinationEntry } from '../../../model/service.js';
import { awaitPrograms } from '../../../sys/bpf/await-programs.js';
import { Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { redescribe } from '../recovery/intent.js';
import { readDrains, recordedHolds, writeDrains } from './drain-record.js';
import { keyOfService } from './identity.js';
import { destinationIds, rescheduled } from './service-list.js';
import { heldEntry, specOfDestination } from './table-entries.js';
import type { Tables } from './tables.js';

/** A change of its flags alone, which makes no difference to where packets go. */
function watch({ dests }: Tables, id: number, watched: boolean): void {
  const flags = dests.get(id, Dest.flags);
  const after = watched ? flags | DrainAbi.D_WATCHED : flags & ~DrainAbi.D_WATCHED;
  if (after !== flags) dests.set(id, Dest.flags, after);
}

export function followHolds(tables: Tables): void {
  const { conf, services, dests } = tables;
  const holdOf = recordedHolds(tables);
  for (let service = 1; service <= conf.get(0, Conf.serviceTop); service++) {
    if (services.get(service, Service.state) !== WeirState.LIVE) continue;
    const key = keyOfService(services, service);
    let isChanged = false;
    for (const id of destinationIds(tables, service)) {
      const spec = specOfDestination(tables, id);
      const hold = holdOf(key, spec);
      watch(tables, id, hold?.watched === true);
      const weight = dests.get(id, Dest.weight);
      const { held }: Pick<DestinationEntry, 'held'> = heldEntry(dests.get(id, Dest.flags), weight);
      const isSame = hold === undefined || storedWeight(spec.weight, 0, hold).weight === weight;
      if (isSame && held?.released === hold?.released) continue;
      redescribe(tables, id, spec, hold);
      isChanged = true;
    }
    if (isChanged) rescheduled(tables, service);
  }
}

/**
 * Writes the record, and has destinations follow where it holds others than before. The caller has the lock; `changing`: marks the table while it is
 * changed, so that whoever repairs it after this writer's death follows the record.
 */
export function storeDrains(tables: Tables, record: DrainRecord, changing: (work: () => void) => void): void {
  if (holdsSame(readDrains(tables), record)) {
    writeDrains(tables, record);
    return;
  }
  changing(() => {
    writeDrains(tables, record);
    followHolds(tables);
  });
  awaitPrograms();
}
