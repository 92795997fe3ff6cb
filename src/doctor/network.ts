// Small questions about facts that several rules ask: names, subnets, effective sysctls, texts of services.
import type { Address } from '../model/address.js';
import { endpointText } from '../model/endpoint-text.js';
import { addressId, sameAddress } from '../model/identity.js';
import type { ServiceSpec } from '../model/service.js';
import { type Link, LinkFlag, LinkHardware } from '../wire/rtnetlink-link.js';
import type { AddressFact, HostFacts, ServiceFact } from './facts.js';

export const isUp = (link: Link): boolean => (link.flags & LinkFlag.up) !== 0;
export const isLoopback = (link: Link): boolean => (link.flags & LinkFlag.loopback) !== 0;

/** Whether ARP is spoken there by the host itself: ports of a bridge or bond leave that to their master. */
export function speaksArp(link: Link): boolean {
  const port = link.masterKind !== undefined && link.masterKind !== 'vrf';
  return isUp(link) && link.hardware === LinkHardware.ethernet && (link.flags & LinkFlag.noArp) === 0 && !port;
}

/** Interfaces that face the cluster: they speak ARP and have an IPv4 address. */
export function clusterLinks(facts: HostFacts): readonly Link[] {
  return facts.links.filter((link) => speaksArp(link) && facts.addresses.some(({ ifindex }) => ifindex === link.ifindex));
}

export function linkName(facts: HostFacts, ifindex: number | undefined): string {
  return facts.links.find((link) => link.ifindex === ifindex)?.name ?? `interface ${ifindex ?? '?'}`;
}

export function contains(network: { readonly address: Address; readonly prefixLength: number }, address: Address): boolean {
  const same = (word: number, index: number): boolean => {
    const bits = Math.min(Math.max(network.prefixLength - 32 * index, 0), 32);
    return bits === 0 || (word ^ (address.words[index] ?? 0)) >>> (32 - bits) === 0;
  };
  return address.family === network.address.family && network.address.words.every(same);
}

/** Where an address lies on a wire of ours: the addresses whose subnet (longer than one host) has it, its own left out. */
export function onWire(facts: HostFacts, address: Address): readonly AddressFact[] {
  return facts.addresses.filter((one) => one.prefixLength < 32 && contains(one, address) && !sameAddress(one.address, address));
}

export function setting(facts: HostFacts, path: string): number {
  return Number(facts.settings.get(path) ?? '0');
}

/** The larger of conf/all and conf/IF: what counts for arp_ignore, arp_announce and rp_filter. */
export function effective(facts: HostFacts, name: string, key: string): number {
  return Math.max(setting(facts, `net/ipv4/conf/all/${key}`), setting(facts, `net/ipv4/conf/${name}/${key}`));
}

/** A service as ipvsadm lists it: `TCP 10.0.0.1:80`. */
export function serviceText({ key }: ServiceSpec): string {
  return key.kind === 'fwmark' ? `FWM ${key.mark}` : `${key.protocol.toUpperCase()} ${endpointText(key)}`;
}

const once = (addresses: readonly Address[]): readonly Address[] => [
  ...new Map(addresses.filter(({ family }) => family === 'inet').map((address) => [addressId(address), address])).values(),
];

/** Every VIP once. */
export function vipsOf(services: readonly ServiceFact[]): readonly Address[] {
  return once(services.flatMap(({ spec: { key } }) => (key.kind === 'address' ? [key.address] : [])));
}

/** Every real server's address once. */
export function realServersOf(services: readonly ServiceFact[]): readonly Address[] {
  return once(services.flatMap(({ destinations }) => destinations.map(({ address }) => address)));
}
