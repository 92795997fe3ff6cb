// The facts of the table's connections: how many there are, what is dropped, and how full it is.
import type { Address } from '../model/address.js';
import type { DestinationKey } from '../model/service.js';
import type { HalfOpenCount } from './half-open-count.js';

/** Connections of one destination or of one network (IPv4: /24, IPv6: /64) of clients. */
export interface ConnectionCount extends HalfOpenCount {
  /** Later ones got past it, and none waits now. */
  readonly over: boolean;
}

/** What the connection table shows. */
export interface ConnectionFacts {
  readonly destinations: readonly (ConnectionCount & { readonly virtual: DestinationKey; readonly destination: DestinationKey })[];
  readonly networks: readonly (ConnectionCount & { readonly network: Address })[];
  /** How long ago the last packet of a client came, s, by id of the VIP. */
  readonly idle: ReadonlyMap<string, number>;
}

/** Packets that the datapath dropped, or passed on without balancing. */
export interface DropFacts {
  /** How long ago `recent` begins, s. */
  readonly seconds: number;
  /** In about the last minute, by reason as in `weir stats drops`; reasons without any are absent. */
  readonly recent: ReadonlyMap<string, number>;
  /** While doctor looked. */
  readonly now: ReadonlyMap<string, number>;
  /** What each reason of `recent` means. */
  readonly texts: ReadonlyMap<string, string>;
  /** net.ipv4.vs.drop_packet, which is 2 or 3 while it works, and net.ipv4.vs.am_droprate. */
  readonly dropPacket: number;
  readonly amDroprate: number;
  /** net.ipv4.vs.nat_icmp_send: 1 while it works. */
  readonly natIcmpSend: number;
}

/** How full the connection table is. */
export interface FillFacts {
  readonly connections: number;
  /** Of these, in SYN_RECV. */
  readonly halfOpen: number;
  /** For how many it is made. */
  readonly capacity: number;
  /** Places: twice the capacity. */
  readonly slots: number;
  /** Of persistent services: of both families, and places for those of each. */
  readonly templates?: { readonly living: number; readonly slots: number };
}
