// Priorities and states that do not decide who is master, or that contradict each other.

import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const EQUAL: LintVerdict = {
  code: 'equal-priorities',
  severity: 'warning',
  meaning:
    'Two nodes have the same priority: the one that starts first stays master, and of two masters the address alone decides which one stays.',
};
const OWNERS: LintVerdict = {
  code: 'two-owners',
  severity: 'error',
  meaning: 'Both nodes have priority 255, the address owner’s (also: `state MASTER` without `priority`).',
};
const MASTERS: LintVerdict = {
  code: 'both-start-as-master',
  severity: 'info',
  meaning: '`state MASTER` on both nodes: below priority 255 the priority decides, not the state.',
};
const AGAINST: LintVerdict = {
  code: 'state-against-priority',
  severity: 'warning',
  meaning: '`state MASTER` on the node of lower priority, `BACKUP` on the other: the priority decides, and the wrong node is master.',
};

export const priorities: LintRule = {
  verdicts: [EQUAL, OWNERS, MASTERS, AGAINST],
  examine: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const place = placeText(instancePlace(b, theirs.name, 'priority', 'state'));
      const findings = [];
      if (ours.priority === theirs.priority) {
        const owner = ours.priority === 255;
        const at = instancePlace(a, ours.name, 'priority', 'state');
        const what = owner ? `${ours.name} has two address owners` : `${ours.name} has the same priority on both nodes`;
        const cause = `priority ${ours.priority} here and at ${place}`;
        findings.push(findingOf(owner ? OWNERS : EQUAL, at, what, cause, 'give the backup node a lower priority'));
      }
      if (ours.initialState === 'master' && theirs.initialState === 'master') {
        const at = instancePlace(a, ours.name, 'state');
        const cause = `state MASTER here and at ${placeText(instancePlace(b, theirs.name, 'state'))}; the priority decides`;
        findings.push(
          findingOf(MASTERS, at, `${ours.name} starts as master on both nodes`, cause, 'set state BACKUP on one node, or on both'),
        );
      }
      const [low, lower, high, higher] = ours.priority < theirs.priority ? [a, ours, b, theirs] : [b, theirs, a, ours];
      if (lower.priority < higher.priority && lower.initialState === 'master' && higher.initialState === 'backup') {
        const at = instancePlace(low, lower.name, 'state');
        const cause = `priority ${lower.priority} here, ${higher.priority} at ${placeText(instancePlace(high, higher.name, 'priority'))}: the higher one is master`;
        findings.push(
          findingOf(AGAINST, at, `${lower.name} has state MASTER but will be backup`, cause, 'exchange the states, or the priorities'),
        );
      }
      return findings;
    }),
};
