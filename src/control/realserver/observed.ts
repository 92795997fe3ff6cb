// The state of a real server before any change: read once, and the only basis of plans.
import type { Address } from '../../model/address.js';
import type { Subnet } from '../../model/subnet.js';
import type { TunnelLink } from '../../wire/rtnetlink-tunnel.js';
import type { TunnelPort } from './tunnel-devices.js';

export interface ObservedInterface {
  readonly name: string;
  readonly ifindex: number;
  readonly up: boolean;
  readonly loopback: boolean;
  /** Interfaces without ARP (tunnels). */
  readonly noArp: boolean;
  /** What it takes, where it is a tunnel. */
  readonly tunnel?: TunnelLink;
}

export interface ObservedAddress {
  readonly ifindex: number;
  readonly address: Address;
  readonly prefixLength: number;
  readonly label?: string;
}

export interface Observed {
  readonly interfaces: readonly ObservedInterface[];
  readonly addresses: readonly ObservedAddress[];
  /** Addresses with a unicast route of their own (/32, /128) by lo in the main table. */
  readonly hostRoutes: readonly Address[];
  /** Networks whose packets the kernel takes as its own: those of addresses, and those that a person added. */
  readonly localRoutes: readonly Subnet[];
  /** Whether lo may have IPv6 addresses (sysctl disable_ipv6). */
  readonly loopbackHasIpv6: boolean;
  /** UDP ports at which the kernel takes GUE. */
  readonly guePorts: readonly TunnelPort[];
  /** Values of sysctls by path below /proc/sys, without the line end; paths that do not exist are not in the map. */
  readonly settings: ReadonlyMap<string, string>;
}

/** The interfaces that face the cluster: up, with ARP, with an IPv4 address, and not lo. */
export function clusterInterfaces({ interfaces, addresses }: Observed): readonly string[] {
  const hasIpv4 = (wanted: number) => addresses.some(({ ifindex, address }) => ifindex === wanted && address.family === 'inet');
  return interfaces.filter(({ up, loopback, noArp, ifindex }) => up && !loopback && !noArp && hasIpv4(ifindex)).map(({ name }) => name);
}
