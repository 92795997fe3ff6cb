// slow_start that can have no effect: no check brings the server back, the scheduler does not look at weights, or the weight has no steps.
import { formatAddress } from '../../../../model/address-text.js';
import type { RealServer, VirtualServer } from '../../../../model/keepalived/virtual-server.js';
import { schedulers } from '../../../../model/schedulers.js';
import { serverPlace } from '../place.js';
import { findingOf, type LintFinding, type LintNode, type LintRule, type LintVerdict } from '../rule.js';

const NO_EFFECT: LintVerdict = {
  code: 'slow-start-without-effect',
  severity: 'warning',
  meaning: '`slow_start` where it does nothing: no health check, a scheduler that ignores weights, or a weight of 1.',
};

/** Its weight is in the file alone. */
const hasFixedWeight = ({ checkers }: RealServer): boolean =>
  !checkers.some(({ check }) => (check.kind === 'misc' && check.dynamic) || check.kind === 'file');

/** Why, and what to do. */
function obstacle({ scheduler }: VirtualServer, slow: readonly RealServer[]): readonly [cause: string, fix: string] | undefined {
  const byWeight = schedulers.find(({ name }) => name === scheduler)?.byWeight;
  if (byWeight !== undefined) return [`lvs_sched ${scheduler} does not look at weights`, `write lvs_sched ${byWeight}`];
  const names = (servers: readonly RealServer[]): string =>
    servers.map(({ address, port }) => `${formatAddress(address)}:${port}`).join(', ');
  const unchecked = slow.filter(({ checkers }) => checkers.length === 0);
  if (unchecked.length > 0)
    return [`${names(unchecked)} without a health check never comes back`, 'add a health check, or remove slow_start'];
  const small = slow.filter((real) => real.weight <= 1 && hasFixedWeight(real));
  if (small.length > 0)
    return [`the weight of ${names(small)} has no steps`, 'write weights of 10 or more on all servers of this virtual server'];
  return undefined;
}

function look(server: VirtualServer, node: LintNode): readonly LintFinding[] {
  const slow = server.realServers.filter(({ slowStartUs }) => slowStartUs > 0);
  const found = slow.length === 0 ? undefined : obstacle(server, slow);
  if (found === undefined) return [];
  const [cause, fix] = found;
  return [findingOf(NO_EFFECT, serverPlace(node, server.name, 'slow_start'), `${server.name}: slow_start has no effect`, cause, fix)];
}

export const slowStart: LintRule = {
  verdicts: [NO_EFFECT],
  examine: (nodes) => nodes.flatMap((node) => node.configuration.virtualServers.flatMap((server) => look(server, node))),
};
