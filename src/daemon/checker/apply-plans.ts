// Makes a plan true in the director, service by service: one that is refused keeps no other from its place.
import type { ServicePlan } from '../../control/virtual-server/plan.js';
import { applyChange } from '../../datapath/apply-change.js';
import type { Director } from '../../datapath/director.js';
import { hasSyncDaemons } from '../../datapath/sync-daemons.js';
import { HostSyncDaemons } from '../../host/sync/host-sync-daemons.js';
import type { Change } from '../../model/change.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { isOfOtherFamily } from '../../model/sync-daemon.js';

/** @throws WeirError sync-daemon-families; as applyChange */
function apply(director: Director, change: Change): void {
  const isMixed = (change.kind === 'add-destination' || change.kind === 'edit-destination') && isOfOtherFamily(change.service, change.spec);
  if (isMixed && (hasSyncDaemons(director) ? director : new HostSyncDaemons()).daemons().length > 0)
    throw new WeirError('sync-daemon-families');
  applyChange(director, change);
}

/** One service's changes without a batch around them: where a change of a new service is refused, the service is removed again. */
function applyOne(director: Director, { changes }: ServicePlan): void {
  const [first] = changes;
  let begun = false;
  try {
    for (const change of changes) {
      apply(director, change);
      begun = true;
    }
  } catch (error) {
    if (begun && first?.kind === 'add-service') director.deleteService(first.spec.key);
    throw error;
  }
}

/**
 * Which services were refused, and why, by id. All is made as one change, so that no reader sees half a table; where something of it is
 * refused, service by service (a batch of each would write the whole table down each time).
 */
export function applyPlans(director: Director, plans: readonly ServicePlan[]): ReadonlyMap<string, string> {
  const refused = new Map<string, string>();
  if (plans.length === 0) return refused;
  try {
    director.atomically(() => {
      for (const { changes } of plans) for (const change of changes) apply(director, change);
    });
    return refused;
  } catch (error) {
    if (!(error instanceof Error) || isWeirError(error, 'change-not-undone')) throw error;
  }
  for (const plan of plans) {
    try {
      applyOne(director, plan);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      refused.set(plan.id, `${plan.name}: ${error.message}`);
    }
  }
  return refused;
}
