// The changes from the present table to the wanted one, and no others: those that a reload makes, that a change of health makes, and that
// `weir plan` prints. Pure.
import type { Change } from '../../model/change.js';
import { destinationId } from '../../model/identity.js';
import { sameDestinationSpec, sameServiceSpec } from '../../model/same-spec.js';
import type { DestinationSpec, ServiceSpec, Timeouts } from '../../model/service.js';
import { serviceName } from './names.js';

/** A service as it should be, and whose it is. */
export interface IntendedService {
  readonly server: { readonly name: string };
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

/** By `serviceId`, in the order of its file. */
export type IntendedTable = ReadonlyMap<string, IntendedService>;

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

/**
 * `converge`: the service becomes what is wanted, whoever changed it (a start, a reload). `follow`: only what differs between the wanted
 * table and the one that was made last is changed (health), so that what an operator changes by hand meanwhile stays.
 */
export type PlanMode = 'converge' | 'follow';

const byId = (destinations: readonly DestinationSpec[]): ReadonlyMap<string, DestinationSpec> =>
  new Map(destinations.map((spec) => [destinationId(spec), spec]));

/**
 * Of one service that is wanted. Removals come last, so that it has servers all the time: without any, new connections are refused. `before`: as it was
 * made last; undefined: whatever is there counts as made by others.
 */
function destinationChanges(
  wanted: IntendedService,
  before: IntendedService | undefined,
  present: PresentService | undefined,
): readonly Change[] {
  const { key: service } = wanted.spec;
  const there = byId(present?.destinations ?? []);
  const old = byId(before?.destinations ?? []);
  const kept = new Set(wanted.destinations.map(destinationId));
  const removable = before === undefined ? there : old;
  const changes: Change[] = [];
  const done = new Set<string>();
  for (const spec of wanted.destinations) {
    const id = destinationId(spec);
    if (done.has(id)) continue;
    done.add(id);
    const [now, was] = [there.get(id), old.get(id)];
    if (was !== undefined && sameDestinationSpec(was, spec)) continue;
    if (now === undefined) changes.push({ kind: 'add-destination', service, spec });
    else if (!sameDestinationSpec(now, spec)) changes.push({ kind: 'edit-destination', service, spec });
  }
  for (const [id, spec] of removable) {
    if (!kept.has(id) && there.has(id))
      changes.push({ kind: 'delete-destination', service, key: { address: spec.address, port: spec.port } });
  }
  return changes;
}

function serviceChanges(
  wanted: IntendedService,
  before: IntendedService | undefined,
  present: PresentService | undefined,
): readonly Change[] {
  const { spec } = wanted;
  // One that is gone, by hand or with the datapath, comes back whole.
  if (present === undefined) return [{ kind: 'add-service', spec }, ...destinationChanges(wanted, undefined, undefined)];
  const stays = sameServiceSpec(present.spec, spec) || (before !== undefined && sameServiceSpec(before.spec, spec));
  return [...(stays ? [] : [{ kind: 'edit-service', spec } as const]), ...destinationChanges(wanted, before, present)];
}

/** `before`: the table that was made last; its services that are no longer wanted are removed. `mode`: of a service, by its id. */
export function planTable(
  wanted: IntendedTable,
  before: IntendedTable,
  present: PresentTable,
  mode: (id: string) => PlanMode = () => 'converge',
): readonly ServicePlan[] {
  const plans: ServicePlan[] = [];
  for (const [id, { server, spec }] of before) {
    if (!wanted.has(id) && present.has(id)) plans.push({ id, name: server.name, changes: [{ kind: 'delete-service', key: spec.key }] });
  }
  for (const [id, service] of wanted) {
    const changes = serviceChanges(service, mode(id) === 'follow' ? before.get(id) : undefined, present.get(id));
    if (changes.length > 0) plans.push({ id, name: service.server.name, changes });
  }
  return plans;
}

/** lvs_flush: what is there and not wanted is removed, whoever added it. What is wanted stays, with its connections. */
export function planFlush(wanted: IntendedTable, present: PresentTable): readonly ServicePlan[] {
  const others = [...present].filter(([id]) => !wanted.has(id));
  return others.map(([id, { spec }]) => ({ id, name: serviceName(spec.key), changes: [{ kind: 'delete-service', key: spec.key }] }));
}

/** The timeouts that are not as they should be; undefined: all are. 0 keeps what is there. */
export function planTimeouts(wanted: Timeouts | undefined, present: Timeouts): Timeouts | undefined {
  if (wanted === undefined) return undefined;
  const differs = (['tcp', 'tcpFin', 'udp'] as const).some((which) => wanted[which] !== 0 && wanted[which] !== present[which]);
  return differs ? wanted : undefined;
}
