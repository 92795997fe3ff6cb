// May an address be a destination's? As in the kernel's IPVS (ip_vs_new_dest), it must be unicast or local. The broadcast addresses of
// networks are derived from the interfaces' addresses.
import { type Address, isLinkLocal } from '../../../model/address.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';

/** Networks of two addresses (RFC 3021), or one, have no broadcast address. */
const BROADCAST_PREFIX_MAX = 30;

/** IPv4 broadcast addresses of the networks that this host is on: those set, and the last one of each network (fib_add_ifaddr). */
export function broadcastsOf(addresses: readonly InterfaceAddress[]): ReadonlySet<number> {
  const found = new Set<number>();
  for (const { address, peer = address, prefixLength, broadcast } of addresses) {
    if (address.family !== 'inet') continue;
    if (broadcast !== undefined) found.add(broadcast.words[0] ?? 0);
    if (prefixLength <= BROADCAST_PREFIX_MAX) found.add(((peer.words[0] ?? 0) | (0xffffffff >>> prefixLength)) >>> 0);
  }
  return found;
}

/**
 * IPv4: neither of "this network" nor multicast nor a broadcast address; class E counts as unicast, as in the kernel. IPv6: neither
 * unspecified nor multicast nor link-local.
 */
export function isUnicast(address: Address, broadcasts: ReadonlySet<number>): boolean {
  const { family, words } = address;
  const word = words[0] ?? 0;
  if (family === 'inet6') return word >>> 24 !== 0xff && !isLinkLocal(address) && words.some((each) => each !== 0);
  return word >>> 24 !== 0 && word >>> 28 !== 0xe && word !== 0xffffffff && !broadcasts.has(word);
}
