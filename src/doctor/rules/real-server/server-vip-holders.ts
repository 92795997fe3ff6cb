// On a real server: does exactly one other host, the director, answer for the VIP?
import type { Family } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts } from '../../facts.js';
import { interfaceNameOf, subnetsWith } from '../../network.js';
import { troubleOf } from '../interface-trouble.js';

const EXPOSED: Readonly<Record<Family, string>> = {
  inet: 'without the ARP sysctls',
  inet6: 'with the VIP on an interface towards the cluster',
};

export function serverVipHoldersRule(facts: RealServerFacts): readonly Finding[] {
  return facts.method === 'nat'
    ? []
    : facts.vips.flatMap((vip): readonly Finding[] => {
        const text = formatAddress(vip);
        const holders = facts.holders.filter(({ address }) => sameAddress(address, vip));
        const macs = [...new Set(holders.map(({ mac }) => mac))];
        if (macs.length > 1) {
          return [
            {
              severity: 'error',
              code: 'vip-duel',
              what: `${macs.join(' and ')} both answer ${askedBy(vip)} for VIP ${text} on ${interfaceNameOf(facts, holders[0]?.ifindex)}`,
              cause: `one is the director; the other is a real server ${EXPOSED[vip.family]}, or a second director`,
              advice: 'weir doctor on the director names the host',
            },
          ];
        }
        // Where the interface carries nothing, another rule reports it.
        const carries = (ifindex: number): boolean =>
          facts.interfaces.some((one) => one.ifindex === ifindex && troubleOf(one) === undefined);
        const [subnet] = subnetsWith(facts, vip).filter(({ ifindex }) => carries(ifindex));
        return macs.length === 0 && subnet !== undefined
          ? [
              {
                severity: 'warning',
                code: 'vip-unanswered',
                what: `no host answers ${askedBy(vip)} for VIP ${text} on ${interfaceNameOf(facts, subnet.ifindex)}`,
                cause: 'no director has it there, or the director is down',
                advice: `on the director: weir vip add ${text} --dev IF`,
              },
            ]
          : [];
      });
}
