// The state of a real server before any change: read once, and the only basis of plans.
import type { Address } from '../../model/address.js';

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

export interface ObservedNetwork {
  readonly destination: Address;
  readonly prefixLength: number;
}

/** IPv4. */
export function isInNetwork({ words: [word = 0] }: Address, { destination, prefixLength }: ObservedNetwork): boolean {
  return prefixLength === 0 || (word ^ (destination.words[0] ?? 0)) >>> (32 - prefixLength) === 0;
}

export interface Observed {
  readonly interfaces: readonly ObservedInterface[];
  /** IPv4 only. */
  readonly addresses: readonly ObservedAddress[];
  /** Addresses with a /32 unicast route by lo in the main table. */
  readonly hostRoutes: readonly Address[];
  /** Networks whose packets the kernel takes as its own: those of addresses, and those that a person added. */
  readonly localRoutes: readonly ObservedNetwork[];
  /** Values of sysctls by path below /proc/sys, without the line end; paths that do not exist are not in the map. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The interfaces that face the cluster: up, with ARP, with an IPv4 address, and not lo. */
export function clusterInterfaces(observed: Observed): readonly string[] {
  return observed.interfaces
    .filter((found) => found.up && !found.loopback && !found.noArp && observed.addresses.some(({ ifindex }) => ifindex === found.ifindex))
    .map(({ name }) => name);
}
