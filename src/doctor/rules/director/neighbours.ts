// Neighbours: permanent entries that are wrong, and real servers that answer connections and no ARP.

import { formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { shellWord } from '../../../model/shell-word.js';
import { withAddress } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';
import { interfaceNameOf, isServer } from '../../network.js';

/** Of servers and routers, other rules report what is wrong with them. */
function wrongEntries(facts: DirectorFacts): readonly Finding[] {
  const routers = [...facts.paths, ...facts.clients.map(({ path }) => path)].flatMap(({ gateway }) => gateway ?? []);
  return facts.neighbours
    .filter(({ permanent, address }) => permanent && !isServer(facts, address) && !routers.some((one) => sameAddress(one, address)))
    .flatMap(({ ifindex, address, mac }): readonly Finding[] => {
      const answers = withAddress(facts.holders, address).filter((one) => one.ifindex === ifindex);
      if (answers.length === 0 || answers.some((one) => one.mac === mac)) return [];
      const [name, interfaceName] = [formatAddress(address), interfaceNameOf(facts, ifindex)];
      return [
        {
          severity: 'warning',
          code: 'neighbour-wrong',
          what: `what this host sends to ${name} does not get there`,
          cause: `the neighbour table has a permanent entry ${mac} for it on ${interfaceName}, and ${answers.map((one) => one.mac).join(' and ')} answers ARP for it`,
          fix: `ip neigh del ${name} dev ${shellWord(interfaceName)}`,
        },
      ];
    });
}

/** The kernel keeps a neighbour's entry for as long as traffic confirms it. */
function silentServers(facts: DirectorFacts): readonly Finding[] {
  const accepted = new Set(facts.connects.flatMap((one) => (one.error === undefined ? [addressId(one.address)] : [])));
  for (const { realServer, answer } of facts.handovers) if (answer.kind === 'accepted') accepted.add(addressId(realServer));
  const fixed = new Set(facts.neighbours.filter(({ permanent }) => permanent).map(({ address }) => addressId(address)));
  return facts.silent
    .filter(({ address }) => isServer(facts, address) && accepted.has(addressId(address)) && !fixed.has(addressId(address)))
    .map(
      ({ ifindex, address }): Finding => ({
        severity: 'warning',
        code: 'server-arp-silent',
        what: `real server ${formatAddress(address)} answers no ARP request on ${interfaceNameOf(facts, ifindex)}`,
        cause:
          'it accepts connections while the neighbour tables have its MAC from before: either arp_ignore is 8 there, or a rule of arptables or nft, or the network, drops ARP',
        advice: `on ${formatAddress(address)}: sysctl net.ipv4.conf.all.arp_ignore; arptables -L; nft list ruleset`,
      }),
    );
}

export function neighboursRule(facts: DirectorFacts): readonly Finding[] {
  return [...wrongEntries(facts), ...silentServers(facts)];
}
