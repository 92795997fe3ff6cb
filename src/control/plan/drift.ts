// What is not in the table as the running file and its health checks have it: a command changed it, or the daemon could not write it.
import type { Change } from '../../model/change.js';
import { destinationId } from '../../model/identity.js';
import type { DestinationKey } from '../../model/service.js';
import { KEEPALIVED_NAMES } from '../virtual-server/names.js';
import { type IntendedTable, type PresentService, planTable, type ServicePlan } from '../virtual-server/plan.js';
import { countAt, countOf } from './connection-counts.js';
import { serverDifferences, serviceDifferences } from './differences.js';
import type { Drift } from './plan.js';
import type { ServiceFacts } from './services.js';

const namesOf = ({ names = KEEPALIVED_NAMES }: ServiceFacts) => names;

/** `running`: the table as the daemon wants it; undefined: none runs. `wanted`: after the reload. */
export function findDrift(running: IntendedTable | undefined, wanted: IntendedTable, facts: ServiceFacts): readonly Drift[] {
  const known = running ?? new Map();
  const plans = running === undefined ? [] : planTable(running, new Map(), facts.present);
  const foreign = [...facts.present].filter(([id]) => !known.has(id) && !wanted.has(id));
  return [
    ...plans.flatMap((plan) => driftOfService(plan, facts)),
    ...foreign.map(([id, { spec }]): Drift => {
      const connections = countOf(facts.connections, id);
      return { kind: 'added', service: namesOf(facts).service(spec.key), differences: [], stays: true, connections };
    }),
  ];
}

/** The changes that would undo the drift, read backwards. */
function driftOfService({ id, changes }: ServicePlan, facts: ServiceFacts): readonly Drift[] {
  const there = facts.present.get(id);
  const [first] = changes;
  if (first?.kind === 'add-service') {
    const service = namesOf(facts).service(first.spec.key);
    return [{ kind: 'missing', service, differences: [], stays: false, connections: countOf(facts.connections, id) }];
  }
  return there === undefined ? [] : changes.flatMap((change) => driftOfChange(change, there, facts));
}

function driftOfChange(change: Change, there: PresentService, facts: ServiceFacts): readonly Drift[] {
  const { key } = there.spec;
  const service = namesOf(facts).service(key);
  const at = (target: DestinationKey) => ({
    service,
    server: namesOf(facts).server(target, key),
    stays: false,
    connections: countAt(facts.connections, key, target),
  });
  switch (change.kind) {
    case 'add-service':
    case 'delete-service':
      return [];
    case 'edit-service':
      return [{ kind: 'changed', service, differences: serviceDifferences(change.spec, there.spec), stays: false, connections: 0 }];
    case 'delete-destination':
      return [{ kind: 'added', differences: [], ...at(change.key) }];
    case 'add-destination':
      return [{ kind: 'missing', differences: [], ...at(change.spec) }];
    case 'edit-destination': {
      const now = there.destinations.find((spec) => destinationId(spec) === destinationId(change.spec));
      return [{ kind: 'changed', differences: now === undefined ? [] : serverDifferences(change.spec, now), ...at(change.spec) }];
    }
  }
}
