// Do two hosts have one real server's address? Connections then land now on one and now on the other.
import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { sameAddress } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { linkName, realServersOf } from '../../network.js';

export function serverDuelRule(facts: DirectorFacts): readonly Finding[] {
  return realServersOf(facts.services).flatMap((server): readonly Finding[] => {
    const holders = facts.holders.filter(({ address }) => sameAddress(address, server));
    const macs = [...new Set(holders.map(({ mac }) => mac))];
    const text = formatAddress(server);
    const device = linkName(facts, holders[0]?.ifindex);
    return macs.length < 2
      ? []
      : [
          {
            severity: 'error',
            code: 'server-answered-twice',
            what: `${macs.join(' and ')} both answer ARP for real server ${text} on ${device}`,
            cause: 'two hosts have one address: connections break when the neighbour table changes its mind',
            fix: `arping -I ${device} ${text}; give one of them another address`,
          },
        ];
  });
}
