// Offloads that balancing cannot live with, or loses speed without.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { clusterLinks } from '../../network.js';

export function offloadsRule(facts: DirectorFacts): readonly Finding[] {
  return clusterLinks(facts).flatMap((link): readonly Finding[] => {
    const active = facts.offloads.find(({ ifindex }) => ifindex === link.ifindex)?.active;
    if (active === undefined) return [];
    if (active.includes('rx-lro')) {
      return [
        {
          severity: 'error',
          code: 'lro-on',
          what: `large-receive-offload is on at ${link.name}`,
          cause: 'the card merges packets in a way that cannot be undone when they are sent on',
          fix: `ethtool -K ${link.name} lro off`,
        },
      ];
    }
    // A veth or bridge gets big packets whole from its peer: there is nothing to put together again.
    if (link.kind === undefined && !active.includes('rx-gro')) {
      return [
        {
          severity: 'info',
          code: 'gro-off',
          what: `generic-receive-offload is off at ${link.name}`,
          cause: 'big transfers are balanced packet by packet, at several times the cost',
          fix: `ethtool -K ${link.name} gro on`,
        },
      ];
    }
    return [];
  });
}
