// Does the packet filter let packets with a firewall mark pass to weir0? With the kernel's IPVS they pass INPUT, with weir FORWARD.

import type { Family } from '../../../model/address.js';
import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { BOTH_FAMILIES, clusterInterfacesOf } from '../../network.js';
import { acceptForwardCommand } from '../../packet-filter/accept-forward-command.js';
import { blockedPlace } from '../../packet-filter/aim.js';

/** Only where no interface's packets pass: which ones clients come in by is not known. */
function findingOf(facts: DirectorFacts, family: Family): readonly Finding[] {
  const denials = facts.markDenials.filter((one) => one.family === family);
  const denied = new Set(denials.map(({ interfaceName }) => interfaceName));
  const [first] = denials;
  if (first === undefined || !clusterInterfacesOf(facts, family).every(({ name }) => denied.has(name))) return [];
  const { by, leavesBy } = first;
  const fix = acceptForwardCommand(by, leavesBy);
  return [
    {
      severity: 'error',
      code: 'mark-forward-dropped',
      what: 'new connections to firewall-mark services are dropped',
      cause: `the kernel forwards packets with a mark to ${leavesBy}, and the ${by.tool} chain ${blockedPlace(by)} drops them (${by.text})`,
      ...(fix === undefined ? { advice: `let firewalld forward from the clients' zone to that of ${leavesBy}, by a policy` } : { fix }),
    },
  ];
}

/** One rule may drop both families: it is reported once. */
export function markForwardRule(facts: DirectorFacts): readonly Finding[] {
  const found = BOTH_FAMILIES.flatMap((family) => findingOf(facts, family));
  return [...new Map(found.map((finding) => [finding.cause, finding])).values()];
}
