// Do two hosts have one real server's address? Connections then go to one or the other.
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { interfaceNameOf, realServersOf } from '../../network.js';

export function serverHoldersRule(facts: DirectorFacts): readonly Finding[] {
  return realServersOf(facts.services).flatMap((server): readonly Finding[] => {
    const holders = facts.holders.filter(({ address }) => sameAddress(address, server));
    const macs = [...new Set(holders.map(({ mac }) => mac))];
    const text = formatAddress(server);
    const interfaceName = interfaceNameOf(facts, holders[0]?.ifindex);
    return macs.length < 2
      ? []
      : [
          {
            severity: 'error',
            code: 'server-answered-twice',
            what: `${macs.join(' and ')} both answer ARP for real server ${text} on ${interfaceName}`,
            cause: 'two hosts have one address, so connections break when the neighbour table changes',
            advice: `give one of them another address (arping -I ${interfaceName} ${text} shows both)`,
          },
        ];
  });
}
