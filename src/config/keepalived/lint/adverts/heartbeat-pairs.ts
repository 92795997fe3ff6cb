// Only one of the two nodes has a heartbeat.
import { found, type LintRule, type LintVerdict } from '../finding.js';
import { peersOf } from '../peers.js';
import { instancePlace } from '../place.js';

const LONE: LintVerdict = {
  code: 'heartbeat-on-one-node',
  severity: 'warning',
  meaning:
    '`heartbeat` on one node only: the other neither sends over the second link nor listens there, so one cut link still makes two masters.',
};

export const heartbeatPairs: LintRule = {
  verdicts: [LONE],
  check: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      if (ours.heartbeat.length > 0 === theirs.heartbeat.length > 0) return [];
      const [node, instance, other] = ours.heartbeat.length > 0 ? [a, ours, b] : [b, theirs, a];
      const at = instancePlace(node, instance.name, 'heartbeat');
      const fix = `heartbeat { INTERFACE PEER } in ${instance.name} of ${other.file}, too`;
      return [found(LONE, at, `the heartbeat of ${instance.name} has no counterpart`, `${other.file} has none`, fix)];
    }),
};
