// Do two hosts have one address, of a real server or of this host? Packets then go to one or the other.
import type { Address } from '../../../model/address.js';
import { askedBy, formatAddress } from '../../../model/address-text.js';
import type { Finding } from '../../../model/finding.js';
import { addressId, sameAddress } from '../../../model/identity.js';
import { withAddress } from '../../address-index.js';
import type { DirectorFacts } from '../../facts.js';
import { BOTH_FAMILIES, interfaceNameOf, proxyOf, realServersOf, vipsOf, vrrpAddress } from '../../network.js';
import { routerWith } from './vip-holders.js';

/** What else is known of the hosts with these MACs: a router, or other addresses. */
function aliases(facts: DirectorFacts, address: Address, macs: readonly string[]): string {
  const known = macs.flatMap((mac): readonly string[] => {
    const router = routerWith(facts, mac);
    if (router !== undefined) return [`${mac} is the router ${router}`];
    const other = facts.holders.find((one) => one.mac === mac && !sameAddress(one.address, address));
    return other === undefined ? [] : [`${mac} answers for ${formatAddress(other.address)}, too`];
  });
  return known.length === 0 ? '' : ` (${known.join('; ')})`;
}

function ofServer(facts: DirectorFacts, server: Address): readonly Finding[] {
  const holders = withAddress(facts.holders, server);
  const macs = [...new Set(holders.map(({ mac }) => mac))];
  if (macs.length < 2) return [];
  const text = formatAddress(server);
  const interfaceName = interfaceNameOf(facts, holders[0]?.ifindex);
  return [
    {
      severity: 'error',
      code: 'server-answered-twice',
      what: `${macs.join(' and ')} both answer ${askedBy(server)} for real server ${text} on ${interfaceName}`,
      cause: `connections go to the one or the other: either two hosts have this address, or one host has two interfaces there, or a router has ${proxyOf(server)} on${aliases(facts, server, macs)}`,
      advice: `find both (${server.family === 'inet' ? `arping -I ${interfaceName} ${text}` : `ndisc6 -m ${text} ${interfaceName}`}) and let one answer`,
    },
  ];
}

/** Addresses of this host that another host has, too; VIPs, and those of VRRP, have rules of their own. */
function ofThisHost(facts: DirectorFacts): readonly Finding[] {
  const vips = new Set(vipsOf(facts.services).map(addressId));
  const own = new Set(facts.addresses.map(({ address }) => addressId(address)));
  return facts.holders
    .filter(({ address }) => own.has(addressId(address)) && !vips.has(addressId(address)) && vrrpAddress(facts, address) === undefined)
    .map(({ address, mac, ifindex }): Finding => {
      const text = formatAddress(address);
      return {
        severity: 'error',
        code: 'address-answered-twice',
        what: `${mac} answers ARP for ${text}, an address of this host, on ${interfaceNameOf(facts, ifindex)}`,
        cause: `either two hosts have this address, or a router has proxy ARP on${aliases(facts, address, [mac])}: answers of real servers go to the one or the other`,
        advice: `find it (the switch's table of ${mac}) and give one of them another address`,
      };
    });
}

export function serverHoldersRule(facts: DirectorFacts): readonly Finding[] {
  return [...realServersOf(facts.services, BOTH_FAMILIES).flatMap((server) => ofServer(facts, server)), ...ofThisHost(facts)];
}
