// Makes a plan true in the director, service by service: one that is refused keeps no other from its place.
import type { Change, PresentTable, ServicePlan } from '../../control/virtual-server/plan.js';
import type { Director } from '../../datapath/director.js';
import { serviceId } from '../../model/identity.js';

/** Its table as plans are made from it. */
export function presentTable(director: Director): PresentTable {
  return new Map(
    director
      .services()
      .map(({ spec, destinations }) => [serviceId(spec.key), { spec, destinations: destinations.map((entry) => entry.spec) }]),
  );
}

function make(director: Director, change: Change): void {
  switch (change.kind) {
    case 'addService':
      director.addService(change.spec);
      break;
    case 'editService':
      director.editService(change.spec);
      break;
    case 'deleteService':
      director.deleteService(change.key);
      break;
    case 'addDestination':
      director.addDestination(change.service, change.spec);
      break;
    case 'editDestination':
      director.editDestination(change.service, change.spec);
      break;
    case 'deleteDestination':
      director.deleteDestination(change.service, change.key);
  }
}

/** Which services were refused, and why, by id. */
export function applyPlans(director: Director, plans: readonly ServicePlan[]): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  for (const { id, name, changes } of plans) {
    try {
      director.atomically(() => {
        for (const change of changes) make(director, change);
      });
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      refused.set(id, `${name}: ${error.message.replace(/^weir: /, '')}`);
    }
  }
  return refused;
}
