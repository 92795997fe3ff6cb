// Both nodes of a pair have one router_id: mails do not show which node they are from.
import { peersOf } from '../peers.js';
import { globalPlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const SAME: LintVerdict = {
  code: 'router-id-on-both-nodes',
  severity: 'info',
  meaning: 'Both nodes of a pair have the same `router_id`: the subjects of their mails are alike.',
};

export const routerIds: LintRule = {
  verdicts: [SAME],
  examine: (nodes) => {
    const pairs = new Map(peersOf(nodes).map(({ a, b }) => [`${nodes.indexOf(a)} ${nodes.indexOf(b)}`, [a, b] as const]));
    return [...pairs.values()].flatMap(([a, b]) => {
      const [ours, theirs] = [a.configuration.global.routerId, b.configuration.global.routerId];
      if (ours === undefined || ours !== theirs) return [];
      const cause = `router_id ${ours} is also that of ${b.file}: a mail does not show which node sent it`;
      return [
        findingOf(SAME, globalPlace(a, 'router_id'), 'both nodes have one router_id', cause, 'give each node a router_id of its own'),
      ];
    });
  },
};
