// Does another host answer ARP for a VIP? Clients then bypass the director, all of them or some.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { interfaceNameOf, realServersOf, vipsOf } from '../../network.js';

/** The real servers whose MAC this is. */
function owners(facts: DirectorFacts, mac: string): readonly Address[] {
  const servers = realServersOf(facts.services);
  return servers.filter((server) => facts.holders.some((holder) => holder.mac === mac && sameAddress(holder.address, server)));
}

export function vipHoldersRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip) => {
    const text = formatAddress(vip);
    return facts.holders
      .filter(({ address }) => sameAddress(address, vip))
      .map(({ mac, ifindex }): Finding => {
        const interfaceName = interfaceNameOf(facts, ifindex);
        const names = owners(facts, mac).map(formatAddress);
        const [server] = names;
        if (server !== undefined) {
          return {
            severity: 'error',
            code: 'vip-answered-by-server',
            what: `real server ${names.join(', ')} answers ARP for VIP ${text} on ${interfaceName} (${mac})`,
            cause: 'arp_ignore and arp_announce do not hide the VIP there, so clients bypass the director',
            on: server,
            fix: `weir realserver start --vip ${text}`,
          };
        }
        return {
          severity: 'error',
          code: 'vip-answered-by-other',
          what: `${mac} answers ARP for VIP ${text} on ${interfaceName}`,
          cause: 'it is not a real server of this table, but another director or a host with the same address',
          advice: `find it (ip neigh; the switch's table of ${mac}) and remove ${text} from it`,
        };
      });
  });
}
