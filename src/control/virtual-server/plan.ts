// From the table that is there to the one that is wanted: the changes, and nothing that need not change. Pure.
import { destinationId } from '../../model/identity.js';
import type { DestinationKey, DestinationSpec, ServiceKey, ServiceSpec } from '../../model/service.js';
import type { WantedService, WantedTable } from './wanted.js';

/** One service as the director has it. */
export interface PresentService {
  readonly spec: ServiceSpec;
  readonly destinations: readonly DestinationSpec[];
}

/** By `serviceId`. */
export type PresentTable = ReadonlyMap<string, PresentService>;

export type Change =
  | { readonly kind: 'addService' | 'editService'; readonly spec: ServiceSpec }
  | { readonly kind: 'deleteService'; readonly key: ServiceKey }
  | { readonly kind: 'addDestination' | 'editDestination'; readonly service: ServiceKey; readonly spec: DestinationSpec }
  | { readonly kind: 'deleteDestination'; readonly service: ServiceKey; readonly key: DestinationKey };

/** The changes of one virtual service: made together or not at all. */
export interface ServicePlan {
  readonly id: string;
  readonly name: string;
  readonly changes: readonly Change[];
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** What an edit would change, in one order of keys. */
const serviceFacts = ({ scheduler, schedFlags, persistence, onePacket }: ServiceSpec): unknown => [
  scheduler,
  schedFlags,
  onePacket,
  persistence && [persistence.timeout, persistence.netmask, persistence.engine ?? ''],
];
const destinationFacts = ({ method, weight, upperThreshold, lowerThreshold, tunnel }: DestinationSpec): unknown => [
  method,
  weight,
  upperThreshold,
  lowerThreshold,
  method === 'tunnel' ? [tunnel.type, tunnel.port, tunnel.checksum] : 0,
];

function destinations(wanted: WantedService, before: WantedService | undefined, present: PresentService | undefined): readonly Change[] {
  const { key: service } = wanted.spec;
  const there = new Map((present?.destinations ?? []).map((spec) => [destinationId(spec), spec]));
  const kept = new Set(wanted.destinations.map(destinationId));
  const changes: Change[] = [];
  // Only what we put there goes: what an operator added by hand stays his.
  for (const spec of before?.destinations ?? []) {
    const id = destinationId(spec);
    if (!kept.has(id) && there.has(id)) changes.push({ kind: 'deleteDestination', service, key: spec });
  }
  const done = new Set<string>();
  for (const spec of wanted.destinations) {
    const id = destinationId(spec);
    if (done.has(id)) continue;
    done.add(id);
    const old = there.get(id);
    if (old === undefined) changes.push({ kind: 'addDestination', service, spec });
    else if (!same(destinationFacts(old), destinationFacts(spec))) changes.push({ kind: 'editDestination', service, spec });
  }
  return changes;
}

/** `before`: what we made true last; services of it that are wanted no more are removed. */
export function planTable(wanted: WantedTable, before: WantedTable, present: PresentTable): readonly ServicePlan[] {
  const plans: ServicePlan[] = [];
  for (const [id, { name, spec }] of before) {
    if (!wanted.has(id) && present.has(id)) plans.push({ id, name, changes: [{ kind: 'deleteService', key: spec.key }] });
  }
  for (const [id, service] of wanted) {
    const there = present.get(id);
    const own: Change[] = [];
    if (there === undefined) own.push({ kind: 'addService', spec: service.spec });
    else if (!same(serviceFacts(there.spec), serviceFacts(service.spec))) own.push({ kind: 'editService', spec: service.spec });
    const changes = [...own, ...destinations(service, before.get(id), there)];
    if (changes.length > 0) plans.push({ id, name: service.name, changes });
  }
  return plans;
}
