// What the director in memory asks of the kernel around it: routes, neighbours, local addresses, the limit on ICMP errors.
import type { Mac } from '../../../wire/ethernet.js';
import type { Ip } from './ip.js';

/**
 * `ready`: device and link addresses are known. `resolve`: the neighbour is not, and the FIB then does not answer with an MTU. `local`: an
 * address of this host, or no route at all. `unknown`: forwarding is off, so the FIB gives no answer.
 */
export type HopAnswer =
  | { readonly kind: 'ready'; readonly to: Mac; readonly from: Mac; readonly mtu: number }
  | { readonly kind: 'resolve' | 'local' | 'none' | 'unknown' };

/** Does a packet with this answer stay on the host? Where the FIB gives none, it counts as one that does. */
export const isForHost = ({ kind }: HopAnswer): boolean => kind === 'local' || kind === 'unknown';

export interface Environment {
  /** The FIB's answer for a packet from `peer` to `address` that came in by `device`. */
  hop(device: string, address: Ip, peer: Ip): HopAnswer;
  /** The FIB's answer for a packet to a server, whoever its client is: without a source and a device. */
  hopToServer(address: Ip): HopAnswer;
  /** Is it an address of one of the host's interfaces? Of `hop` those without a route have the same answer. */
  isOwn(address: Ip): boolean;
  /** Does the rp_filter of the device let a new client in? IPv6 has none. `peer`: the service's address. */
  isReversePath(device: string, address: Ip, peer: Ip): boolean;
  /** Does the stack take packets from outside that have an address of the host as their source? IPv4: by accept_local, without a strict rp_filter. */
  acceptsOwnSource(device: string): boolean;
  /** Does the route to a server lead by the device? Only there its replies come from. */
  leadsBy(device: string, address: Ip, peer: Ip): boolean;
  /** Frames to other stations pass. */
  macOf(device: string): Mac;
  /** An IPv4 address of the device, 0 = none: the sender of errors to servers. */
  addressOf(device: string): number;
  /** The address from which the kernel would send something of its own to an IPv6 address. undefined: it gives none. */
  sourceTowards(address: Ip): Ip | undefined;
  /** The outer source of a tunnel to a server. undefined: it has none. */
  tunnelSource(server: Ip): Ip | undefined;
  /** May one more ICMP error be sent? Path MTU discovery is not limited and does not ask. */
  icmpAllowed(): boolean;
}

/** The device by which clients on the director come. */
export const LOOPBACK = 'lo';
