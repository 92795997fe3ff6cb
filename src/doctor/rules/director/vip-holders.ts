// Does another host answer ARP for a VIP? Clients then reach it past the director, or now one and now the other.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { linkName, realServersOf, vipsOf } from '../../network.js';

/** The real servers whose MAC this is. */
function owners(facts: DirectorFacts, mac: string): readonly Address[] {
  const servers = realServersOf(facts.services);
  return servers.filter((server) => facts.holders.some((holder) => holder.mac === mac && sameAddress(holder.address, server)));
}

export function vipDuelRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip) => {
    const text = formatAddress(vip);
    return facts.holders
      .filter(({ address }) => sameAddress(address, vip))
      .map(({ mac, ifindex }): Finding => {
        const device = linkName(facts, ifindex);
        const names = owners(facts, mac).map(formatAddress);
        const [server] = names;
        if (server !== undefined) {
          return {
            severity: 'error',
            code: 'vip-answered-by-server',
            what: `real server ${names.join(', ')} answers ARP for VIP ${text} on ${device} (${mac})`,
            cause: 'arp_ignore and arp_announce are not in force there, so clients reach it past the director',
            fix: `on ${server}: weir realserver start --vip ${text} (sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.all.arp_announce=2)`,
          };
        }
        return {
          severity: 'error',
          code: 'vip-answered-by-other',
          what: `${mac} answers ARP for VIP ${text} on ${device}`,
          cause: 'it is no real server of this table: another director, or a host with the same address',
          fix: `find it (ip neigh; the switch's table of ${mac}) and take ${text} off it, or: weir vip del ${text} --dev ${device}`,
        };
      });
  });
}
