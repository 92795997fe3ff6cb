// The broadcast addresses of this host's networks, derived from its interfaces' addresses: they can be no destination's.
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
