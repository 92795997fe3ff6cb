// The master announces its addresses too rarely. (It cannot be turned off: keepalived makes 1 of 0 repetitions.)

import { instancePlace } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const ONCE: LintVerdict = {
  code: 'garp-once',
  severity: 'warning',
  meaning:
    'Each address is announced once when it moves (`vrrp_min_garp`, or `garp_master_repeat 1` with `garp_master_delay 0`) and never again: a neighbour that misses the frame sends to the old master for minutes.',
};

export const announcements: LintRule = {
  verdicts: [ONCE],
  examine: (nodes) =>
    nodes.flatMap((node) =>
      node.configuration.instances
        .filter(({ garp, virtualInterface, addresses }) => {
          const once = garp.masterRepeat <= 1 && garp.masterDelayUs === 0 && garp.masterRefreshUs === 0;
          return once && virtualInterface?.kind !== 'vmac' && addresses.length > 0;
        })
        .map(({ name }) =>
          findingOf(
            ONCE,
            instancePlace(node, name, 'garp_master_repeat', 'garp_master_delay'),
            `${name} announces its addresses only once`,
            'one gratuitous ARP for each address, no repetition, no refresh',
            'set garp_master_refresh 60, or leave garp_master_repeat and garp_master_delay at 5',
          ),
        ),
    ),
};
