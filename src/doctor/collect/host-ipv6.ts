// What this host has of IPv6, in the form of what it has of IPv4, so that the same tests and rules apply.
import { type Address, isLinkLocal } from '../../model/address.js';
import type { Netlink } from '../../sys/netlink/netlink.js';
import { AddressFlag, decodeInterfaceAddress, dumpAddresses } from '../../wire/rtnetlink-address.js';
import type { HostFacts, Ipv6AddressFact, Ipv6Facts } from '../facts.js';
import { collectDefaultRoutes } from './host.js';

export interface HostIpv6 {
  readonly facts: Ipv6Facts;
  /** All facts of the host, with IPv6's addresses and routes in the places of IPv4's. */
  readonly host: HostFacts;
  /** By interface, the address that asks for neighbours: the link-local one, where there is one. */
  readonly askers: ReadonlyMap<number, Address>;
}

function detectionOf(flags: number): Pick<Ipv6AddressFact, 'detection'> {
  if ((flags & AddressFlag.dadFailed) !== 0) return { detection: 'failed' };
  return (flags & AddressFlag.tentative) === 0 ? {} : { detection: 'under-way' };
}

/** `host`: with what it has of IPv4. @throws SystemError */
export function collectHostIpv6(netlink: Netlink, host: HostFacts): HostIpv6 {
  const found = netlink
    .dump(dumpAddresses(), decodeInterfaceAddress, 'list addresses')
    .filter(({ address, ifindex }) => address.family === 'inet6' && host.interfaces.some((iface) => iface.ifindex === ifindex));
  const addresses = found
    .filter(({ address }) => !isLinkLocal(address))
    .map(({ ifindex, address, prefixLength, flags }) => ({ ifindex, address, prefixLength, ...detectionOf(flags) }));
  // A kernel without IPv6 answers a question for its routes with another family's.
  const facts: Ipv6Facts = { addresses, defaultRoutes: found.length === 0 ? [] : collectDefaultRoutes(netlink, 'inet6') };
  const last = [...found].sort((one, other) => Number(isLinkLocal(one.address)) - Number(isLinkLocal(other.address)));
  return { facts, host: { ...host, ...facts }, askers: new Map(last.map(({ ifindex, address }) => [ifindex, address])) };
}
