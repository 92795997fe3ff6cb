// The two nodes of a virtual router advertise different addresses.

import { addressesOf, peersOf } from '../peers.js';
import { instancePlace, placeText } from '../place.js';
import { findingOf, type LintRule, type LintVerdict } from '../rule.js';

const DIFFER: LintVerdict = {
  code: 'vip-lists-differ',
  severity: 'warning',
  meaning: 'Two nodes advertise different virtual addresses: keepalived before 2.3.3 drops such adverts, and both are master.',
};
const SPLIT: LintVerdict = {
  code: 'vip-lists-split',
  severity: 'error',
  meaning: 'The same, on nodes that drop such adverts (`address_mismatch drop`): both are master.',
};

export const vipLists: LintRule = {
  verdicts: [DIFFER, SPLIT],
  examine: (nodes) =>
    peersOf(nodes).flatMap(({ a, b, ours, theirs }) => {
      const [mine, others] = [addressesOf(ours), addressesOf(theirs)];
      const onlyMine = mine.filter((address) => !others.includes(address));
      const onlyOthers = others.filter((address) => !mine.includes(address));
      if (onlyMine.length + onlyOthers.length === 0) return [];
      const place = placeText(instancePlace(b, theirs.name, 'virtual_ipaddress'));
      const lists = [`only here: ${onlyMine.join(', ') || 'none'}`, `only in ${place}: ${onlyOthers.join(', ') || 'none'}`];
      return [
        findingOf(
          [ours, theirs].some(({ addressMismatch }) => addressMismatch === 'drop') ? SPLIT : DIFFER,
          instancePlace(a, ours.name, 'virtual_ipaddress'),
          `${ours.name} and its peer have different virtual addresses`,
          lists.join('; '),
          'write the same virtual_ipaddress on both nodes; addresses of only one node belong in virtual_ipaddress_excluded',
        ),
      ];
    }),
};
