// Helpers that several rules use: names, subnets, effective sysctls, texts of services.

import { carries, type TunnelKind } from '../control/realserver/tunnel-devices.js';
import type { Address, Family } from '../model/address.js';
import { endpointText } from '../model/endpoint-text.js';
import { addressId, sameAddress } from '../model/identity.js';
import { listedService } from '../model/listed-service.js';
import type { DestinationSpec, ServiceSpec } from '../model/service.js';
import { contains } from '../model/subnet.js';
import { type Link, LinkFlag, LinkHardware } from '../wire/rtnetlink-link.js';
import { isDestinationOf, withAddress, withSubnet } from './address-index.js';
import type { AddressFact, HostFacts, ServiceFact, VrrpAddress } from './facts.js';

export { contains };

export const isUp = (iface: Link): boolean => (iface.flags & LinkFlag.up) !== 0;
/** Whether the other end of the cable is there, too. */
export const isCarrying = (iface: Link): boolean => isUp(iface) && (iface.flags & LinkFlag.lowerUp) !== 0;
export const isLoopback = (iface: Link): boolean => (iface.flags & LinkFlag.loopback) !== 0;

/** Whether the host itself uses ARP there: for a port of a bridge or bond, the master does. */
export function usesArp(iface: Link): boolean {
  const port = iface.masterKind !== undefined && iface.masterKind !== 'vrf';
  return isUp(iface) && iface.hardware === LinkHardware.ethernet && (iface.flags & LinkFlag.noArp) === 0 && !port;
}

/** IP in IP and GRE: what arrives in them has another packet's destination. */
const TUNNEL_KINDS: readonly unknown[] = ['ipip', 'gre', 'ip6gre', 'ip6tnl', 'sit'] satisfies TunnelKind[];
const isTunnelKind = (kind: string | undefined): kind is TunnelKind => TUNNEL_KINDS.includes(kind);
export const isTunnel = ({ kind }: Link): boolean => isTunnelKind(kind);

/** Whether packets of this family come out of it. */
export const isTunnelOf = ({ kind }: Link, family: Family): boolean => isTunnelKind(kind) && carries(kind, { family });

/** A bridge without ports leads nowhere: people use it as a dummy interface. */
function leadsNowhere(facts: HostFacts, iface: Link): boolean {
  return iface.kind === 'bridge' && !facts.interfaces.some(({ master }) => master === iface.ifindex);
}

/** Interfaces towards the cluster: they use ARP and have an address (of IPv4, but among the facts of IPv6). */
export function clusterInterfaces(facts: HostFacts): readonly Link[] {
  return facts.interfaces.filter(
    (iface) => usesArp(iface) && !leadsNowhere(facts, iface) && facts.addresses.some(({ ifindex }) => ifindex === iface.ifindex),
  );
}

/** The interfaces towards the cluster of a family: of IPv6 all but lo, where no interface has an address of IPv4. */
export function clusterInterfacesOf(facts: HostFacts, family: Family): readonly Link[] {
  const cluster = clusterInterfaces(facts);
  return family === 'inet' || cluster.length > 0 ? cluster : facts.interfaces.filter((iface) => !isLoopback(iface));
}

export function interfaceNameOf(facts: HostFacts, ifindex: number | undefined): string {
  return facts.interfaces.find((iface) => iface.ifindex === ifindex)?.name ?? `interface ${ifindex ?? '?'}`;
}

/** The addresses of this host, of both families. */
export const allAddresses = ({ addresses, ipv6 }: HostFacts): readonly AddressFact[] => [...addresses, ...(ipv6?.addresses ?? [])];

/** Those with a prefix that has other addresses, too. */
export const subnetsOf = ({ addresses, ipv6 }: HostFacts): readonly AddressFact[] => [
  ...withSubnet(addresses),
  ...(ipv6 === undefined ? [] : withSubnet(ipv6.addresses)),
];

/** Has this host the address? */
export const isAddressOf = ({ addresses, ipv6 }: HostFacts, address: Address): boolean =>
  withAddress(addresses, address).length > 0 || (ipv6 !== undefined && withAddress(ipv6.addresses, address).length > 0);

/** Addresses of this host whose subnet contains `address`, without /32 and /128 prefixes and without the address itself. */
export function subnetsWith(facts: HostFacts, address: Address): readonly AddressFact[] {
  return subnetsOf(facts).filter((one) => contains(one, address) && !sameAddress(one.address, address));
}

/** By what a router answers for addresses of others, of this family. */
export const proxyOf = ({ family }: Address): string => (family === 'inet' ? 'proxy ARP' : 'proxy NDP');

export const familyText = (family: Family): string => (family === 'inet' ? 'IPv4' : 'IPv6');

/** `ip route`, for commands about this family's default route. */
export const ipRoute = (family: Family): string => (family === 'inet' ? 'ip route' : 'ip -6 route');

export function setting(facts: HostFacts, path: string): number {
  return Number(facts.settings.get(path) ?? '0');
}

/** The larger of conf/all and conf/IF, which the kernel uses for arp_ignore, arp_announce and rp_filter. */
export function effective(facts: HostFacts, name: string, key: string): number {
  return Math.max(setting(facts, `net/ipv4/conf/all/${key}`), setting(facts, `net/ipv4/conf/${name}/${key}`));
}

/** A service as ipvsadm lists it. */
export const serviceText = ({ key }: ServiceSpec): string => listedService(key);

/** One destination of a service: `TCP 10.0.0.1:80 → 10.0.1.1:80`. */
export function placeText({ spec }: ServiceFact, destination: DestinationSpec): string {
  return `${serviceText(spec)} → ${endpointText(destination)}`;
}

const once = (addresses: readonly Address[], families: readonly Family[]): readonly Address[] => [
  ...new Map(addresses.filter(({ family }) => families.includes(family)).map((address) => [addressId(address), address])).values(),
];

export const BOTH_FAMILIES: readonly Family[] = ['inet', 'inet6'];

/** Every VIP once. */
export function vipsOf(services: readonly ServiceFact[], families: readonly Family[] = ['inet']): readonly Address[] {
  return once(
    services.flatMap(({ spec: { key } }) => (key.kind === 'address' ? [key.address] : [])),
    families,
  );
}

/** Every real server's address once. */
export function realServersOf(services: readonly ServiceFact[], families: readonly Family[] = ['inet']): readonly Address[] {
  return once(
    services.flatMap(({ destinations }) => destinations.map(({ address }) => address)),
    families,
  );
}

/** The address as an instance of VRRP has it; undefined: VRRP does not manage it. */
export function vrrpAddress(facts: HostFacts, address: Address): VrrpAddress | undefined {
  return facts.vrrp?.find((one) => sameAddress(one.address, address));
}

export const isServer = ({ services }: { readonly services: readonly ServiceFact[] }, address: Address): boolean =>
  isDestinationOf(services, address);
