// The state of a real server before any change: read once, and the only basis of plans.
import type { Address } from '../../model/address.js';
import type { Subnet } from '../../model/subnet.js';

export interface ObservedInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean;
  readonly loopback: boolean;
  /** Interfaces without ARP (tunnels). */
  readonly noArp: boolean;
}

export interface ObservedAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
}

export interface Observed {
  readonly interfaces: readonly ObservedInterface[];
  /** IPv4 only. */
  readonly addresses: readonly ObservedAddress[];
  /** Addresses with a /32 unicast route by lo in the main table. */
  readonly hostRoutes: readonly Address[];
  /** Networks whose packets the kernel takes as its own: those of addresses, and those that a person added. */
  readonly localRoutes: readonly Subnet[];
  /** Values of sysctls by path below /proc/sys, without the line end; paths that do not exist are not in the map. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The interfaces that face the cluster: up, with ARP, with an IPv4 address, and not lo. */
export function clusterInterfaces(observed: Observed): readonly string[] {
  return observed.interfaces
    .filter((found) => found.up && !found.loopback && !found.noArp && observed.addresses.some(({ ifindex }) => ifindex === found.ifindex))
    .map(({ name }) => name);
}
