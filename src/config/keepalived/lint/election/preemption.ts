// nopreempt that has no effect, or that only one node has.
import { blocksOf, has, nameOf, wordsOf } from '../../values/values.js';
import { peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const MASTER: LintVerdict = {
  code: 'nopreempt-with-state-master',
  severity: 'warning',
  meaning: '`nopreempt` with `state MASTER` (or priority 255): it is ignored, and the node takes the addresses back when it returns.',
  replaces: ['nopreempt-priority-255', 'nopreempt-state-master'],
};
const ONE_NODE: LintVerdict = {
  code: 'nopreempt-on-one-node',
  severity: 'info',
  meaning: '`nopreempt` only on the node of lower priority: the other one takes the addresses back when it returns.',
};

export const preemption: LintRule = {
  verdicts: [MASTER, ONE_NODE],
  examine: (nodes) => [
    ...nodes.flatMap((node) =>
      blocksOf(node.values, 'vrrp_instance').flatMap((block) => {
        const name = nameOf(block);
        const instance = has(block, 'nopreempt') ? node.configuration.instances.find((one) => one.name === name) : undefined;
        if (instance === undefined) return [];
        const master = wordsOf(block, 'state')?.[0]?.text === 'MASTER';
        if (!master && instance.priority !== 255) return [];
        const cause = master ? 'state MASTER' : 'priority 255';
        const fix = 'set state BACKUP on both nodes and priorities below 255: the first node up is master';
        return [findingOf(MASTER, instancePlace(node, name, 'nopreempt'), `${name}: nopreempt is ignored`, cause, fix)];
      }),
    ),
    ...peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const [node, lower, other, higher] = ours.priority < theirs.priority ? [a, ours, b, theirs] : [b, theirs, a, ours];
      if (lower.priority === higher.priority || !lower.nopreempt || higher.nopreempt) return [];
      const cause = `the node of higher priority (${placeText(instancePlace(other, higher.name))}) preempts`;
      const at = instancePlace(node, lower.name, 'nopreempt');
      return [
        findingOf(
          ONE_NODE,
          at,
          `${lower.name}: only the node of lower priority has nopreempt`,
          cause,
          'set nopreempt on the node of higher priority',
        ),
      ];
    }),
  ],
};
