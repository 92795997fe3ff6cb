// On a real server: does exactly one other host, the director, answer for the VIP?
import type { Family } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { RealServerFacts } from '../../facts.js';
import { interfaceNameOf, subnetsWith } from '../../network.js';
import { hasVip } from '../../server-method.js';
import { troubleOf } from '../interface-trouble.js';

const EXPOSED: Readonly<Record<Family, string>> = {
  inet: 'without the ARP sysctls',
  inet6: 'with the VIP on an interface towards the cluster',
};

interface Answers {
  readonly ifindex: number;
  readonly macs: readonly string[];
}

function macsByInterface(holders: RealServerFacts['holders']): readonly Answers[] {
  return [...new Set(holders.map(({ ifindex }) => ifindex))].map((ifindex) => ({
    ifindex,
    macs: [...new Set(holders.filter((one) => one.ifindex === ifindex).map(({ mac }) => mac))],
  }));
}

export function serverVipHoldersRule(facts: RealServerFacts): readonly Finding[] {
  return !hasVip(facts.method)
    ? []
    : facts.vips.flatMap((vip): readonly Finding[] => {
        const text = formatAddress(vip);
        const holders = facts.holders.filter(({ address }) => sameAddress(address, vip));
        // A director answers by each of its interfaces with another MAC: two of them on one network are two hosts.
        const [duel] = macsByInterface(holders).filter(({ macs }) => macs.length > 1);
        if (duel !== undefined) {
          return [
            {
              severity: 'error',
              code: 'vip-duel',
              what: `${duel.macs.join(' and ')} both answer ${askedBy(vip)} for VIP ${text} on ${interfaceNameOf(facts, duel.ifindex)}`,
              cause: `one is the director; the other is a real server ${EXPOSED[vip.family]}, or a second director`,
              advice: 'weir doctor on the director names the host',
            },
          ];
        }
        // Where the interface carries nothing, another rule reports it.
        const carries = (ifindex: number): boolean =>
          facts.interfaces.some((one) => one.ifindex === ifindex && troubleOf(one) === undefined);
        const [subnet] = subnetsWith(facts, vip).filter(({ ifindex }) => carries(ifindex));
        return holders.length === 0 && subnet !== undefined
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
