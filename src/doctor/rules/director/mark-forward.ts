// Does the packet filter let packets with a firewall mark pass to weir0? With the kernel's IPVS they pass INPUT, with weir FORWARD.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { clusterInterfaces } from '../../network.js';
import { acceptForwardCommand } from '../../packet-filter/accept-forward-command.js';
import { placeOf } from '../../packet-filter/aim.js';

/** Only where no interface's packets pass: which ones clients come in by is not known. */
export function markForwardRule(facts: DirectorFacts): readonly Finding[] {
  const denied = new Set(facts.markDenials.map(({ interfaceName }) => interfaceName));
  const [first] = facts.markDenials;
  if (first === undefined || !clusterInterfaces(facts).every(({ name }) => denied.has(name))) return [];
  const { by, leavesBy } = first;
  const fix = acceptForwardCommand(by, leavesBy);
  return [
    {
      severity: 'error',
      code: 'mark-forward-dropped',
      what: 'new connections to firewall-mark services are dropped',
      cause: `the kernel forwards packets with a mark to ${leavesBy}, and the ${by.tool} chain ${placeOf({ ...by, name: by.chain })} drops them (${by.text})`,
      ...(fix === undefined ? { advice: `let firewalld forward from the clients' zone to that of ${leavesBy}, by a policy` } : { fix }),
    },
  ];
}
