// nopreempt together with tracker weights: a lower priority causes no failover.
import type { VrrpInstance } from '../../../../model/keepalived/instance.js';
import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintNode, type LintRule, type LintVerdict } from '../rule.js';
import { trackerWeights } from './tracker-weights.js';

const SLEEPING: LintVerdict = {
  code: 'nopreempt-with-weights',
  severity: 'warning',
  meaning:
    'A tracker lowers the master’s priority by its weight, but the backup has `nopreempt`: it does not take over from a living master, however low the master’s priority.',
};

interface Backup {
  readonly node: LintNode;
  readonly instance: VrrpInstance;
}

/** The backup that would have to take over; without a second file, a node configured like this one. */
function backupsOf(node: LintNode, instance: VrrpInstance, nodes: readonly LintNode[]): readonly Backup[] {
  const others = peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
    if (a === node && ours === instance) return [{ node: b, instance: theirs }];
    return b === node && theirs === instance ? [{ node: a, instance: ours }] : [];
  });
  return others.length === 0 ? [{ node, instance }] : others;
}

function look(node: LintNode, instance: VrrpInstance, nodes: readonly LintNode[]) {
  const names = trackerWeights(instance, node).map(({ name }) => name);
  if (names.length === 0) return [];
  const [asleep] = backupsOf(node, instance, nodes).filter((backup) => backup.instance.nopreempt);
  if (asleep === undefined) return [];
  const place = placeText(instancePlace(asleep.node, asleep.instance.name, 'nopreempt'));
  const who = asleep.node === node ? `a peer with nopreempt, as here (${place}),` : `the peer (nopreempt, ${place})`;
  const at = instancePlace(node, instance.name, 'track_script', 'track_process', 'track_file', 'track_interface', 'track_bfd');
  return [
    findingOf(
      SLEEPING,
      at,
      `${instance.name} stays master when ${names.join(' or ')} fails`,
      `a weight only lowers the priority, and ${who} does not take over from a living master`,
      'remove the weight (failure then means FAULT, and the backup takes over), or remove nopreempt',
    ),
  ];
}

export const nopreemptWithWeights: LintRule = {
  verdicts: [SLEEPING],
  examine: (nodes) => nodes.flatMap((node) => node.configuration.instances.flatMap((instance) => look(node, instance, nodes))),
};
