// On a real server: is each VIP there, as /32, on a device that does not show it?
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts } from '../../facts.js';
import { clusterLinks, isLoopback, linkName } from '../../network.js';

export function serverVipRule(facts: RealServerFacts): readonly Finding[] {
  if (facts.method === 'nat') {
    return []; // behind VS/NAT a server has no VIP
  }
  if (facts.vips.length === 0) {
    return [
      {
        severity: 'error',
        code: 'server-vip-absent',
        what: 'this host has no VIP',
        cause: 'it drops what a VS/DR director hands to it',
        fix: 'weir realserver start --vip VIP',
      },
    ];
  }
  const faces = new Set(clusterLinks(facts).map(({ ifindex }) => ifindex));
  return facts.vips.flatMap((vip): readonly Finding[] => {
    const text = formatAddress(vip);
    const places = facts.addresses.filter(({ address }) => sameAddress(address, vip));
    if (places.length === 0) {
      return [
        {
          severity: 'error',
          code: 'server-vip-absent',
          what: `VIP ${text} is not on lo`,
          cause: 'this host drops what a VS/DR director hands to it',
          fix: `weir realserver start --vip ${text}`,
        },
      ];
    }
    return places.flatMap(({ ifindex, prefixLength }): readonly Finding[] => {
      const name = linkName(facts, ifindex);
      const loopback = facts.links.some((link) => link.ifindex === ifindex && isLoopback(link));
      const move = `ip addr del ${text}/${prefixLength} dev ${name}; weir realserver start --vip ${text}`;
      if (faces.has(ifindex)) {
        return [
          {
            severity: 'error',
            code: 'server-vip-on-wire',
            what: `VIP ${text} is on ${name}`,
            cause:
              'an interface that faces the cluster answers ARP for its own addresses, whatever arp_ignore says: clients come past the director',
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
              cause: 'on the loopback this prefix makes the whole subnet local: its hosts cannot be answered',
              fix: move,
            },
          ]
        : [];
    });
  });
}
