// On a real server: is each VIP present, as /32, on an interface that does not answer ARP?
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts } from '../../facts.js';
import { clusterInterfaces, interfaceNameOf, isLoopback } from '../../network.js';

export function serverVipRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method === 'nat') {
    return []; // Behind VS/NAT a server has no VIP.
  }
  if (facts.vips.length === 0) {
    return [
      {
        severity: 'error',
        code: 'server-vip-absent',
        what: 'this host has no VIP',
        cause: 'it drops the packets that a VS/DR director sends to it',
        advice: 'add it: weir realserver start --vip VIP',
      },
    ];
  }
  const towardsCluster = new Set(clusterInterfaces(facts).map(({ ifindex }) => ifindex));
  return facts.vips.flatMap((vip): readonly Finding[] => {
    const text = formatAddress(vip);
    const places = facts.addresses.filter(({ address }) => sameAddress(address, vip));
    if (places.length === 0) {
      return [
        {
          severity: 'error',
          code: 'server-vip-absent',
          what: `VIP ${text} is not on lo`,
          cause: 'this host drops the packets that a VS/DR director sends to it',
          fix: `weir realserver start --vip ${text}`,
        },
      ];
    }
    return places.flatMap(({ ifindex, prefixLength }): readonly Finding[] => {
      const name = interfaceNameOf(facts, ifindex);
      const loopback = facts.interfaces.some((iface) => iface.ifindex === ifindex && isLoopback(iface));
      const move = `ip addr del ${text}/${prefixLength} dev ${name}; weir realserver start --vip ${text}`;
      if (towardsCluster.has(ifindex)) {
        return [
          {
            severity: 'error',
            code: 'server-vip-on-wire',
            what: `VIP ${text} is on ${name}`,
            cause:
              'an interface towards the cluster answers ARP for its own addresses at any value of arp_ignore, so clients bypass the director',
            fix: move,
          },
        ];
      }
      return loopback && prefixLength !== 32
        ? [
            {
              severity: 'error',
              code: 'server-vip-prefix',
              what: `VIP ${text}/${prefixLength} is on ${name}`,
              cause: 'on the loopback this prefix makes the whole subnet local, so its hosts get no answer',
              fix: move,
            },
          ]
        : [];
    });
  });
}
