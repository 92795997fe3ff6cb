// The addresses of this host to which clients' packets are sent: the VIPs, or under VS/NAT and FULLNAT its own.
import type { Address } from '../../../model/address.js';
import { hostLength } from '../../../model/subnet.js';
import type { RealServerFacts } from '../../facts.js';
import { wireInterfaces } from '../../server-arrivals.js';
import { hasVip } from '../../server-method.js';

export function serviceAddresses(facts: RealServerFacts): readonly Address[] {
  if (hasVip(facts.method)) return facts.vips;
  const wires = new Set(wireInterfaces(facts).map(({ ifindex }) => ifindex));
  const own = facts.addresses.filter(({ ifindex, address, prefixLength }) => wires.has(ifindex) && prefixLength < hostLength(address));
  return own.slice(0, 1).map(({ address }) => address);
}
