// Is forwarding on where VS/NAT needs it? VS/DR, VS/TUN and packets that the datapath redirects do not need it.

import type { Finding } from '../../../model/finding.js';
import type { DirectorFacts } from '../../facts.js';
import { setting } from '../../network.js';
import { forwardingLost } from './load.js';
import { needsForwarding } from './needs-forwarding.js';

export function forwardingRule(facts: DirectorFacts): readonly Finding[] {
  const on = setting(facts, 'net/ipv4/ip_forward') === 1;
  const destinations = facts.services.flatMap((service) => service.destinations);
  const needed = needsForwarding(facts);
  if (needed && !on) {
    const lost = forwardingLost(facts);
    return [
      {
        severity: lost ? 'error' : 'warning',
        code: 'forwarding-off',
        what: 'ip_forward is 0 on a VS/NAT director',
        cause: lost
          ? 'it was turned off after loading, which took the forwarding of weir0, too: new next hops are not found (no_route)'
          : 'weir balances without it, but the kernel drops what it must forward for Masq servers: fragments, and their own traffic',
        fix: 'sysctl -w net.ipv4.ip_forward=1',
      },
    ];
  }
  if (!needed && on && destinations.length > 0) {
    return [
      {
        severity: 'info',
        code: 'forwarding-unneeded',
        what: 'ip_forward is 1',
        cause: 'no destination is Masq, and VS/DR and VS/TUN do not need forwarding',
      },
    ];
  }
  return [];
}
