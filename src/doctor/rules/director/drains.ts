// Does each drain, and each override that has a time, come to its end? Its servers get no new connections in any case: what is missing is what is due at the deadline.
import type { Finding } from '../../../model/finding.js';
import type { DrainFact, EmptiedFact } from '../../drain-facts.js';
import type { DirectorFacts } from '../../facts.js';

/** A process that drives drains looks once a second, of a full table less often. */
const LATE_S = 60;

export function drainsRule({ drains = [], emptied = [] }: DirectorFacts): readonly Finding[] {
  return [...hanging(drains), ...emptied.map(emptiedFinding)];
}

function emptiedFinding({ id, target, service }: EmptiedFact): Finding {
  return {
    severity: 'warning',
    code: 'drain-empties',
    what: `the ${id === undefined ? 'override' : `drain ${id}`} of ${target} leaves ${service} without a server here`,
    cause: 'a peer has begun it, and the tables of both differ: here the service has no other server with a weight',
    fix: id === undefined ? `weir api DELETE /v1/overrides/${encodeURIComponent(target)} --if-match '*'` : `weir drain cancel ${id}`,
    advice: 'that ends it at all directors; or add to the service here the servers that it has at the peer',
  };
}

function hanging(drains: readonly DrainFact[]): readonly Finding[] {
  return drains
    .filter(({ overdueS }) => overdueS >= LATE_S)
    .map(({ id, target, overdueS }) => ({
      severity: 'warning',
      code: 'drain-hangs',
      what: `${id === undefined ? 'the override' : `the drain ${id}`} of ${target} does not end`,
      cause: `its end was due ${overdueS} s ago, and no process carries it out: the one that drives drains was ended`,
      fix: 'weir drain list',
      advice: `that starts the process again${id === undefined ? '' : '; weir drain cancel gives the configured weights back'}`,
    }));
}
