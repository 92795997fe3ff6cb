// An instance that is the address owner only because it has no priority.
import { blocksOf, has, nameOf } from '../../values/values.js';
import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const DEFAULT: LintVerdict = {
  code: 'owner-by-default',
  severity: 'warning',
  meaning:
    '`state MASTER` without `priority` is priority 255, the address owner’s: tracker weights and `nopreempt` have no effect, and it takes over at once.',
};

export const ownerByDefault: LintRule = {
  verdicts: [DEFAULT],
  examine: (nodes) =>
    nodes.flatMap((node) => {
      const without = new Set(
        blocksOf(node.values, 'vrrp_instance')
          .filter((block) => !has(block, 'priority'))
          .map(nameOf),
      );
      return node.configuration.instances
        .filter(({ name, priority, initialState }) => priority === 255 && initialState === 'master' && without.has(name))
        .map(({ name }) =>
          findingOf(
            DEFAULT,
            instancePlace(node, name, 'state'),
            `${name} has priority 255`,
            'state MASTER without priority',
            'set priority 150 here and a lower one on the other node; 255 is for a node that owns the addresses',
          ),
        );
    }),
};
