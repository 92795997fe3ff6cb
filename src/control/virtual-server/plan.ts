// The changes from the present table to the wanted one, and no others. Pure.
import type { Change } from '../../model/change.js';
import { destinationId } from '../../model/identity.js';
import type { WantedService, WantedTable } from '../../model/keepalived/wanted-table.js';
import { sameDestinationSpec, sameServiceSpec } from '../../model/same-spec.js';
import type { DestinationSpec, ServiceSpec } from '../../model/service.js';

/** One service as the director has it. */
export interface PresentService {
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

/** By `serviceId`. */
export type PresentTable = ReadonlyMap<string, PresentService>;

/** The changes of one virtual service, applied atomically. */
export interface ServicePlan {
  readonly id: string;
  readonly name: string;
  readonly changes: readonly Change[];
}

function destinations(wanted: WantedService, before: WantedService | undefined, present: PresentService | undefined): readonly Change[] {
  const { key: service } = wanted.spec;
  const there = new Map((present?.destinations ?? []).map((spec) => [destinationId(spec), spec]));
  const kept = new Set(wanted.destinations.map(destinationId));
  const changes: Change[] = [];
  // Only destinations that weir added are removed, not those that an operator added by hand.
  for (const spec of before?.destinations ?? []) {
    const id = destinationId(spec);
    if (!kept.has(id) && there.has(id)) changes.push({ kind: 'delete-destination', service, key: spec });
  }
  const done = new Set<string>();
  for (const spec of wanted.destinations) {
    const id = destinationId(spec);
    if (done.has(id)) continue;
    done.add(id);
    const old = there.get(id);
    if (old === undefined) changes.push({ kind: 'add-destination', service, spec });
    else if (!sameDestinationSpec(old, spec)) changes.push({ kind: 'edit-destination', service, spec });
  }
  return changes;
}

/** `before`: the table that was applied last; its services that are no longer wanted are removed. */
export function planTable(wanted: WantedTable, before: WantedTable, present: PresentTable): readonly ServicePlan[] {
  const plans: ServicePlan[] = [];
  for (const [id, { server, spec }] of before) {
    if (!wanted.has(id) && present.has(id)) plans.push({ id, name: server.name, changes: [{ kind: 'delete-service', key: spec.key }] });
  }
  for (const [id, service] of wanted) {
    const there = present.get(id);
    const own: Change[] = [];
    if (there === undefined) own.push({ kind: 'add-service', spec: service.spec });
    else if (!sameServiceSpec(there.spec, service.spec)) own.push({ kind: 'edit-service', spec: service.spec });
    const changes = [...own, ...destinations(service, before.get(id), there)];
    if (changes.length > 0) plans.push({ id, name: service.server.name, changes });
  }
  return plans;
}
