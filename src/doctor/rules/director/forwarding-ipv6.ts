// Do the interfaces forward IPv6, where there are IPv6 services or servers? Without it the kernel gives the datapath no next hop of theirs, and leads
// nothing with a firewall mark to it.

import type { Finding } from '../../../model/finding.js';
import { serviceFamily } from '../../../model/identity.js';
import type { DirectorFacts, ServiceFact } from '../../facts.js';
import { clusterInterfacesOf, setting } from '../../network.js';
import { hasMarkServices } from './needs-forwarding.js';

const FIX = {
  fix: 'sysctl -w net.ipv6.conf.all.forwarding=1',
  advice: 'interfaces that learn their default route from router advertisements need accept_ra=2 first',
} as const;

/** The kernel routes nothing to weir0, whatever the interfaces have. */
function marksFinding(facts: DirectorFacts): readonly Finding[] {
  if (!hasMarkServices(facts, 'inet6') || setting(facts, 'net/ipv6/conf/all/forwarding') !== 0) return [];
  return [
    {
      severity: 'error',
      code: 'mark-forwarding-off',
      what: 'new connections to firewall-mark services of IPv6 are not balanced',
      cause: 'net.ipv6.conf.all.forwarding is 0, so the kernel does not route packets with a mark to weir0',
      ...FIX,
    },
  ];
}

export function forwardingIpv6Rule(facts: DirectorFacts): readonly Finding[] {
  // By VS/TUN an IPv4 service may have IPv6 servers.
  const isOfIpv6 = ({ spec, destinations }: ServiceFact): boolean =>
    serviceFamily(spec.key) === 'inet6' || destinations.some(({ address }) => address.family === 'inet6');
  if (!facts.services.some(isOfIpv6)) return [];
  const off = clusterInterfacesOf(facts, 'inet6').filter(({ name }) => setting(facts, `net/ipv6/conf/${name}/forwarding`) === 0);
  if (off.length === 0) return marksFinding(facts);
  return [
    {
      severity: 'error',
      code: 'ipv6-forwarding-off',
      what: `IPv6 forwarding is 0 on ${off.map(({ name }) => name).join(', ')}`,
      cause:
        'the kernel names no next hop for packets that come in there: new connections of IPv6 services, and to IPv6 servers, are refused (no_route)',
      ...FIX,
    },
  ];
}
