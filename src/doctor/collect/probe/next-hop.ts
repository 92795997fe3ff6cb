// The interface and the two MACs by which the datapath sends to an address, as far as they are known. Pure.
import type { Address } from '../../../model/address.js';
import { addressId } from '../../../model/identity.js';
import type { Mac } from '../../../wire/ethernet.js';
import type { HolderFact, HostFacts, NeighbourFact, PathFact } from '../../facts.js';
import { isUp, subnetsWith } from '../../network.js';

export interface NextHop {
  readonly ifindex: number;
  readonly mac: Mac;
  readonly nextHopMac: Mac;
  /** An address of this host that the other end can answer to, not a VIP. */
  readonly source: Address;
  /** The interface's, or that of the route. */
  readonly mtu: number;
}

export interface NextHopFacts {
  readonly host: HostFacts;
  readonly paths: readonly PathFact[];
  readonly holders: readonly HolderFact[];
  readonly neighbours: readonly NeighbourFact[];
  /** Ids of addresses. */
  readonly vips: ReadonlySet<string>;
}

/** By the kernel's neighbour table, as the datapath; what is not permanent there follows the ARP answers within seconds. */
export function nextHops({ host, paths, holders, neighbours, vips }: NextHopFacts): (to: Address) => NextHop | undefined {
  const placeOf = ({ ifindex, address }: { readonly ifindex: number; readonly address: Address }): string =>
    `${ifindex} ${addressId(address)}`;
  const fixed = new Map(neighbours.filter(({ permanent }) => permanent).map((one) => [placeOf(one), one.mac]));
  const known = new Map(neighbours.map((one) => [placeOf(one), one.mac]));
  const answered = new Map(holders.map((one) => [placeOf(one), one.mac]));
  // There may be thousands of VIPs.
  const own = new Set(host.addresses.filter(({ address }) => !vips.has(addressId(address))));
  const firstOf = new Map([...own].reverse().map((one) => [one.ifindex, one]));
  const pathOf = new Map(paths.map((path) => [addressId(path.to), path]));
  return (to) => {
    const path = pathOf.get(addressId(to));
    const iface = host.interfaces.find(({ ifindex }) => ifindex === path?.ifindex);
    if (path === undefined || iface?.mac === undefined || !isUp(iface)) return undefined;
    const place = placeOf({ ifindex: iface.ifindex, address: path.gateway ?? to });
    const nextHopMac = fixed.get(place) ?? answered.get(place) ?? known.get(place);
    const near = subnetsWith(host, path.gateway ?? to).find((one) => one.ifindex === iface.ifindex && own.has(one));
    const source = (near ?? firstOf.get(iface.ifindex))?.address;
    if (nextHopMac === undefined || source === undefined) return undefined;
    return { ifindex: iface.ifindex, mac: iface.mac, nextHopMac, source, mtu: Math.min(iface.mtu, path.mtu ?? iface.mtu) };
  };
}
