// The lines of a plan about services and their servers: what the plan of the table changes, what stays, and what checks keep out.
import type { Change } from '../../model/change.js';
import { destinationId, serviceId } from '../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';
import { KEEPALIVED_NAMES, type PlanNames } from '../virtual-server/names.js';
import type { IntendedService, IntendedTable, PresentService, PresentTable, ServicePlan } from '../virtual-server/plan.js';
import { type ConnectionCounts, countAt, countThere, cut, kept, type RemovalRules, removed, resumed } from './connection-counts.js';
import { METHOD_NAMES, serverDifferences, serviceDifferences } from './differences.js';
import { type PlannedServer, type PlannedService, sumOf } from './plan.js';

export interface ServiceFacts extends RemovalRules {
  readonly present: PresentTable;
  readonly connections: ConnectionCounts;
  /** Absent: keepalived's. */
  readonly names?: PlanNames;
}

function line(
  action: PlannedServer['action'],
  service: ServiceKey,
  spec: DestinationSpec,
  connections: PlannedServer['connections'],
  { names = KEEPALIVED_NAMES }: ServiceFacts,
  before?: DestinationSpec,
): PlannedServer {
  const { weight } = spec;
  const differences = before === undefined ? [] : serverDifferences(before, spec);
  return { action, server: names.server(spec, service), method: METHOD_NAMES[spec.method], weight, differences, connections };
}

/** The servers of a service that stays or comes: those that go, then those of the file in its order. */
function serverLines(
  service: IntendedService,
  changes: readonly Change[],
  there: PresentService | undefined,
  facts: ServiceFacts,
): readonly PlannedServer[] {
  const { key } = service.spec;
  const old = new Map((there?.destinations ?? []).map((spec) => [destinationId(spec), spec]));
  const goes = new Set(changes.flatMap((change) => (change.kind === 'delete-destination' ? [destinationId(change.key)] : [])));
  const touched = new Map(
    changes.flatMap((change) =>
      change.kind === 'add-destination' || change.kind === 'edit-destination' ? [[destinationId(change.spec), change.kind] as const] : [],
    ),
  );
  const count = (spec: DestinationSpec): number => countAt(facts.connections, key, spec);
  const gone = [...old].flatMap(([id, spec]) => (goes.has(id) ? [line('remove', key, spec, removed(count(spec), key, facts), facts)] : []));
  const unique = new Map(service.destinations.map((spec) => [destinationId(spec), spec]));
  const stay = [...unique].map(([id, spec]) => {
    const kind = touched.get(id);
    if (kind === 'add-destination') return line('add', key, spec, resumed(count(spec)), facts);
    return line(kind === undefined ? 'keep' : 'change', key, spec, kept(count(spec)), facts, old.get(id));
  });
  return [...gone, ...stay];
}

function staying(service: IntendedService, changes: readonly Change[], facts: ServiceFacts): PlannedService {
  const { spec, server } = service;
  const there = facts.present.get(serviceId(spec.key));
  const servers = serverLines(service, changes, there, facts);
  const edited = changes.some(({ kind }) => kind === 'edit-service');
  return {
    action: there === undefined ? 'add' : edited ? 'change' : 'keep',
    service: (facts.names ?? KEEPALIVED_NAMES).service(spec.key),
    virtualServer: server.name,
    scheduler: spec.scheduler,
    differences: there === undefined ? [] : serviceDifferences(there.spec, spec),
    servers,
    connections: sumOf(servers.map(({ connections }) => connections)),
  };
}

/** A service that goes, with all its servers: packets of its connections find no service. */
function leaving({ id, name }: ServicePlan, there: PresentService, facts: ServiceFacts): PlannedService {
  const { connections, names = KEEPALIVED_NAMES } = facts;
  const { key, scheduler } = there.spec;
  return {
    action: 'remove',
    service: names.service(key),
    virtualServer: name,
    scheduler,
    differences: [],
    servers: there.destinations.map((spec) => line('remove', key, spec, cut(countAt(connections, key, spec)), facts)),
    connections: cut(countThere(connections, facts.present, id)),
  };
}

/** `plans`: the changes of the table; `wanted`: the table after them. What goes comes first, the rest in the order of the file. */
export function planServices(plans: readonly ServicePlan[], wanted: IntendedTable, facts: ServiceFacts): readonly PlannedService[] {
  const byId = new Map(plans.map((plan) => [plan.id, plan]));
  const gone = plans.flatMap((plan) => {
    const there = facts.present.get(plan.id);
    return wanted.has(plan.id) || there === undefined ? [] : [leaving(plan, there, facts)];
  });
  return [...gone, ...[...wanted].map(([id, service]) => staying(service, byId.get(id)?.changes ?? [], facts))];
}
