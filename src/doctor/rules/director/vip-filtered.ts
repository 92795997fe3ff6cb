// Do rules of nft or arptables on this host hide a VIP? They belong on real servers, and stay behind where one became a director.
import { arpBehaviour } from '../../../control/realserver/arp-hiding.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { withAddress } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';
import { interfaceNameOf, isLoopback, subnetsWith, vipsOf } from '../../network.js';

export function vipFilteredRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip): readonly Finding[] => {
    const place = withAddress(facts.addresses, vip)[0];
    if (place === undefined) return [];
    const ifindex = subnetsWith(facts, vip)[0]?.ifindex ?? place.ifindex;
    const iface = facts.interfaces.find((one) => one.ifindex === ifindex);
    if (iface === undefined || isLoopback(iface)) return [];
    const name = interfaceNameOf(facts, ifindex);
    const { answers } = arpBehaviour(vip, name, { arpIgnore: 0, arpAnnounce: 0 }, facts.arpRules);
    return answers
      ? []
      : [
          {
            severity: 'error',
            code: 'vip-arp-filtered',
            what: `no ARP request for VIP ${formatAddress(vip)} is answered on ${name}`,
            cause:
              'a rule of arptables, or of nft in family arp, on this host drops the request or the answer: a real server has such rules',
            advice: 'arptables-save; nft list ruleset arp; remove the rule that has the VIP',
          },
        ];
  });
}
