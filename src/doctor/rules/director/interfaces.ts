// Interfaces that VIPs, servers or routers need and that carry nothing: down, unplugged, without ARP.

import type { Address } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { counted } from '../../../model/counted.js';
import type { Finding } from '../../../model/finding.js';
import { addressId } from '../../../model/identity.js';
import type { DirectorFacts } from '../../facts.js';
import { contains, realServersOf, vipsOf } from '../../network.js';
import { troubleFinding, troubleOf } from '../interface-trouble.js';

/** What needs the interface: addresses in its subnets, or routes through it. */
function users(facts: DirectorFacts, ifindex: number): readonly Address[] {
  const nets = facts.addresses.filter((one) => one.ifindex === ifindex);
  const near = (address: Address): boolean => nets.some((net) => contains(net, address));
  const through = [...facts.paths, ...facts.clients.map(({ path }) => path)].filter((path) => path.ifindex === ifindex);
  const all = [
    ...vipsOf(facts.services).filter(near),
    ...realServersOf(facts.services).filter(near),
    ...through.map(({ to, gateway }) => gateway ?? to),
  ];
  return [...new Map(all.map((one) => [addressId(one), one])).values()];
}

export function interfacesRule(facts: DirectorFacts): readonly Finding[] {
  return facts.interfaces.flatMap((iface): readonly Finding[] => {
    const trouble = troubleOf(iface);
    const [first, ...more] = trouble === undefined ? [] : users(facts, iface.ifindex);
    if (trouble === undefined || first === undefined) return [];
    const behind = `${formatAddress(first)}${more.length === 0 ? '' : ` and ${counted(more.length, 'more address', 'more addresses')}`}`;
    return [troubleFinding(facts, iface, trouble, `it leads to ${behind}`)];
  });
}
