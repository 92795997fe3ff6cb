// Addresses, routes and rules that keepalived puts on a host: static ones at start, virtual ones with mastership (keepalived.conf(5)).
import type { Address } from '../address.js';

/** Options of `use_vmac` and `use_ipvlan`, on an instance or on one address. */
export interface VirtualInterface {
  readonly kind: 'vmac' | 'ipvlan';
  /** Absent: made of prefix and VRID (`vrrp.51`, `vrrp6.51`). */
  readonly name?: string;
  /** vmac: six octets; absent 00:00:5e:00:01:VRID (inet), 00:00:5e:00:02:VRID (inet6). */
  readonly mac?: string;
  readonly netlinkNotify?: boolean;
  readonly group?: number;
  /** ipvlan: its own address and mode. */
  readonly address?: Address;
  readonly addressLength?: number;
  readonly mode?: 'bridge' | 'private' | 'vepa';
}

/** One line of virtual_ipaddress, virtual_ipaddress_excluded or static_ipaddress. */
export interface HostAddress {
  readonly address: Address;
  /** bits; keepalived's default is the whole address */
  readonly prefixLength: number;
  /** Absent: the instance's interface, or default_interface. */
  readonly dev?: string;
  /** `derived`: `brd +` (host bits one), `zero`: `brd -` (host bits zero). */
  readonly broadcast?: Address | 'derived' | 'zero';
  /** RT_SCOPE number: 0 global, 200 site, 253 link, 254 host, 255 nowhere, others as given. */
  readonly scope?: number;
  readonly label?: string;
  readonly peer?: Address;
  readonly peerLength?: number;
  /** IFA_F_* words of the line: home, -nodad, mngtmpaddr, noprefixroute, autojoin. */
  readonly flags: readonly ('home' | 'nodad' | 'mngtmpaddr' | 'noprefixroute' | 'autojoin')[];
  /** s, or for ever */
  readonly preferredLifetime?: number | 'forever';
  readonly noTrack: boolean;
  readonly trackGroup?: string;
  readonly virtualInterface?: VirtualInterface;
}

export type RouteType =
  | 'unicast'
  | 'local'
  | 'broadcast'
  | 'multicast'
  | 'anycast'
  | 'throw'
  | 'unreachable'
  | 'prohibit'
  | 'blackhole'
  | 'nat'
  | 'xresolve';

/** A light tunnel that a route's packets are put into. */
export type RouteEncap =
  | { readonly kind: 'mpls'; readonly labels: readonly number[] }
  | {
      readonly kind: 'ip' | 'ip6';
      readonly id?: bigint;
      readonly destination?: Address;
      readonly source?: Address;
      /** TOS or traffic class */
      readonly tos?: number;
      /** TTL or hop limit */
      readonly ttl?: number;
      readonly flags?: number;
    }
  /** Four words of 16 bits: the upper half of an IPv6 address. */
  | { readonly kind: 'ila'; readonly locator: readonly number[] };

export interface NextHop {
  readonly via?: Address;
  readonly dev?: string;
  /** 1..256 */
  readonly weight: number;
  readonly onlink: boolean;
  readonly realms?: number;
  readonly encap?: RouteEncap;
}

/** A network, or `default` (length 0). */
export interface Prefix {
  readonly address: Address;
  readonly length: number;
}

/** One line of virtual_routes or static_routes, read as iproute2 reads it; numbers are the kernel's. */
export interface HostRoute {
  readonly family: 'inet' | 'inet6';
  readonly type: RouteType;
  readonly to: Prefix;
  readonly source?: Address;
  /** IPv6 `from`. */
  readonly from?: Prefix;
  readonly via?: Address;
  readonly dev?: string;
  readonly nextHops: readonly NextHop[];
  readonly table?: number;
  readonly tos?: number;
  readonly protocol?: number;
  readonly scope?: number;
  readonly metric?: number;
  readonly onlink: boolean;
  readonly realms?: number;
  readonly pref?: 'low' | 'medium' | 'high';
  /** s (IPv6) */
  readonly expires?: number;
  /** RTAX_* metrics by iproute2's names: mtu, advmss, window, rtt, cwnd, hoplimit, …; rtt-like values in ms */
  readonly metrics: readonly { readonly name: string; readonly value: number; readonly lock: boolean }[];
  readonly congestionControl?: { readonly name: string; readonly lock: boolean };
  /** The VRF whose table it goes to. */
  readonly vrf?: string;
  /** MPLS: does the IP TTL go into labels and back? */
  readonly ttlPropagate?: boolean;
  readonly encap?: RouteEncap;
  readonly insert: 'add' | 'append' | 'prepend' | 'replace';
  readonly noTrack: boolean;
  readonly trackGroup?: string;
}

/** One line of virtual_rules or static_rules, read as iproute2 reads it. */
export interface HostRule {
  readonly family: 'inet' | 'inet6';
  readonly not: boolean;
  readonly from?: Prefix;
  readonly to?: Prefix;
  readonly tos?: number;
  readonly fwmark?: { readonly mark: number; readonly mask?: number };
  readonly iif?: string;
  readonly oif?: string;
  /** Absent: keepalived gives numbers from 16384 downwards. */
  readonly preference?: number;
  readonly action:
    | { readonly kind: 'table'; readonly table: number }
    | { readonly kind: 'goto'; readonly preference: number }
    | { readonly kind: 'nop' | 'blackhole' | 'unreachable' | 'prohibit' };
  readonly realms?: number;
  readonly suppressPrefixLength?: number;
  readonly suppressGroup?: number;
  readonly uidRange?: { readonly from: number; readonly to: number };
  readonly l3mdev: boolean;
  readonly protocol?: number;
  readonly ipProtocol?: number;
  readonly sourcePort?: { readonly from: number; readonly to: number };
  readonly destinationPort?: { readonly from: number; readonly to: number };
  readonly tunnelId?: bigint;
  readonly noTrack: boolean;
  readonly trackGroup?: string;
}
