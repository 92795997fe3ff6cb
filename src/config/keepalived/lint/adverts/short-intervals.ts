// Adverts so frequent that a busy host is mistaken for a dead one.

import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const HASTY: LintVerdict = {
  code: 'short-interval-without-priority',
  severity: 'info',
  meaning:
    'Adverts more often than ten times a second without `vrrp_rt_priority`: a busy host sends them late, and its peer takes over without need.',
};
const SHORT_US = 100_000;

export const shortIntervals: LintRule = {
  verdicts: [HASTY],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      if (node.configuration.global.processes.vrrp.rtPriority !== undefined) return [];
      return node.configuration.instances
        .filter(({ advertUs }) => advertUs < SHORT_US)
        .map(({ name, advertUs, downTimerAdverts }) => {
          const cause = `a master that is ${(advertUs * downTimerAdverts) / 1000} ms late is considered dead`;
          const fix = 'add vrrp_rt_priority 50 and vrrp_no_swap to global_defs';
          return findingOf(HASTY, instancePlace(node, name, 'advert_int'), `${name} advertises every ${advertUs / 1000} ms`, cause, fix);
        });
    }),
};
