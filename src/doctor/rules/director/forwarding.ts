// Is forwarding on where VS/NAT, FULLNAT and firewall marks need it? VS/DR, VS/TUN and packets that the datapath redirects do not need it.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { clusterInterfaces, setting } from '../../network.js';
import { forwardingLost } from './load.js';
import { hasMarkServices, needsForwarding } from './needs-forwarding.js';

/** A route leads what netfilter has marked to weir0: the kernel follows it only from interfaces that forward. */
function marksFinding(facts: DirectorFacts): readonly Finding[] {
  const off = clusterInterfaces(facts).filter(({ name }) => setting(facts, `net/ipv4/conf/${name}/forwarding`) !== 1);
  if (!hasMarkServices(facts, 'inet') || off.length === 0) return [];
  const names = off.map(({ name }) => name).join(', ');
  return [
    {
      severity: off.length === clusterInterfaces(facts).length ? 'error' : 'warning',
      code: 'mark-forwarding-off',
      what: `new connections to firewall-mark services are not balanced: they come in by ${names}`,
      cause: 'IPv4 forwarding is 0 there, so the kernel does not route packets with a mark to weir0',
      fix: 'sysctl -w net.ipv4.ip_forward=1',
    },
  ];
}

export function forwardingRule(facts: DirectorFacts): readonly Finding[] {
  const on = setting(facts, 'net/ipv4/ip_forward') === 1;
  const destinations = facts.services.flatMap((service) => service.destinations);
  const needed = needsForwarding(facts);
  const marks = marksFinding(facts);
  if (marks.length > 0) return marks;
  if (needed && !on) {
    const lost = forwardingLost(facts);
    const isNat = destinations.some(({ method, address }) => method === 'masq' && address.family === 'inet');
    return [
      {
        severity: lost ? 'error' : 'warning',
        code: 'forwarding-off',
        what: `ip_forward is 0 on a ${isNat ? 'VS/NAT' : 'FULLNAT'} director`,
        cause: lost
          ? 'it was turned off after loading, which took the forwarding of weir0, too: new next hops are not found (no_route)'
          : `weir balances without it, but the kernel drops what it must forward for ${isNat ? 'Masq servers: packets that it has to fragment, and their own traffic' : 'FullNAT servers: packets that it has to fragment'}`,
        fix: 'sysctl -w net.ipv4.ip_forward=1',
      },
    ];
  }
  if (!needed && !hasMarkServices(facts, 'inet') && on && destinations.length > 0) {
    return [
      {
        severity: 'info',
        code: 'forwarding-unneeded',
        what: 'ip_forward is 1',
        cause: 'no IPv4 destination is Masq or FullNAT, and VS/DR and VS/TUN do not need forwarding',
      },
    ];
  }
  return [];
}
