// Does another host answer ARP for a VIP? Clients then bypass the director, all of them or some.
import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { interfaceNameOf, realServersOf, vipsOf, vrrpAddress } from '../../network.js';

/** The real servers whose MAC this is. */
function owners(facts: DirectorFacts, mac: string): readonly Address[] {
  const servers = realServersOf(facts.services);
  return servers.filter((server) => facts.holders.some((holder) => holder.mac === mac && sameAddress(holder.address, server)));
}

export function vipHoldersRule(facts: DirectorFacts): readonly Finding[] {
  return vipsOf(facts.services).flatMap((vip) => {
    const text = formatAddress(vip);
    const managed = vrrpAddress(facts, vip);
    return facts.holders
      .filter(({ address }) => sameAddress(address, vip))
      .flatMap(({ mac, ifindex }): Finding | readonly Finding[] => {
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
        // The other node of the pair; the rules of VRRP report it where this node has the VIP, too.
        if (managed?.ifindex === ifindex) return [];
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
