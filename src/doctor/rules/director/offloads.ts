// Offloads that break balancing, or whose absence makes it slow.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { clusterInterfaces } from '../../network.js';

export function offloadsRule(facts: DirectorFacts): readonly Finding[] {
  return clusterInterfaces(facts).flatMap((iface): readonly Finding[] => {
    const active = facts.offloads.find(({ ifindex }) => ifindex === iface.ifindex)?.active;
    if (active === undefined) return [];
    if (active.includes('rx-lro')) {
      return [
        {
          severity: 'error',
          code: 'lro-on',
          what: `large-receive-offload is on at ${iface.name}`,
          cause: 'the card merges packets so that they cannot be split again when they are forwarded',
          fix: `ethtool -K ${iface.name} lro off`,
        },
      ];
    }
    // A veth or bridge gets large packets whole from its peer, so GRO has nothing to merge.
    if (iface.kind === undefined && !active.includes('rx-gro')) {
      return [
        {
          severity: 'info',
          code: 'gro-off',
          what: `generic-receive-offload is off at ${iface.name}`,
          cause: 'large transfers are balanced packet by packet, at several times the cost',
          fix: `ethtool -K ${iface.name} gro on`,
        },
      ];
    }
    return [];
  });
}
