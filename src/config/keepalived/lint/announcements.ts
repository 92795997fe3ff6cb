// Nobody is told that the addresses moved.
import { found, type LintRule, type LintVerdict } from './finding.js';
import { instancePlace } from './place.js';

const OFF: LintVerdict = {
  code: 'garp-off',
  level: 'warning',
  meaning: 'No gratuitous ARP when becoming master (`garp_master_repeat 0`): neighbours send to the old master until their entries expire.',
};

export const announcements: LintRule = {
  verdicts: [OFF],
  check: (nodes) =>
    nodes.flatMap((node) =>
      node.configuration.instances
        .filter(
          ({ garp, virtualInterface, addresses }) => garp.masterRepeat === 0 && virtualInterface?.kind !== 'vmac' && addresses.length > 0,
        )
        .map(({ name }) =>
          found(
            OFF,
            instancePlace(node, name, 'garp_master_repeat'),
            `${name} does not announce itself`,
            'garp_master_repeat 0 (or vrrp_garp_master_repeat 0)',
            'leave it at 5; vrrp_min_garp sends one',
          ),
        ),
    ),
};
