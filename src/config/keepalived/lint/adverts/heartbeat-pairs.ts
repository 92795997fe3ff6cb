// Only one of the two nodes has a heartbeat.

import { peersOf } from '../peers.js';
import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const LONE: LintVerdict = {
  code: 'heartbeat-on-one-node',
  severity: 'warning',
  meaning: '`heartbeat` on one node only: the other does not use the second link, so a failure of the first link still makes two masters.',
};

export const heartbeatPairs: LintRule = {
  verdicts: [LONE],
  examine: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      if (ours.heartbeat.length > 0 === theirs.heartbeat.length > 0) return [];
      const [node, instance, other] = ours.heartbeat.length > 0 ? [a, ours, b] : [b, theirs, a];
      const at = instancePlace(node, instance.name, 'heartbeat');
      const fix = `add heartbeat { INTERFACE PEER } to ${instance.name} in ${other.file}`;
      return [findingOf(LONE, at, `only one node has the heartbeat of ${instance.name}`, `${other.file} has none`, fix)];
    }),
};
