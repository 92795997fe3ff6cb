// May an address be a destination's? As in the kernel's IPVS (ip_vs_new_dest), it must be unicast or local.
import { type Address, isIpv4Mapped, isLinkLocal, isUnspecified } from './address.js';

const none: ReadonlySet<number> = new Set();

/**
 * IPv4: neither of "this network" nor multicast nor one of `broadcasts` (words of IPv4 addresses); class E counts as unicast, as in the
 * kernel. IPv6: neither unspecified nor multicast nor link-local nor IPv4-mapped.
 */
export function isUnicast(address: Address, broadcasts = none): boolean {
  const [first = 0] = address.words;
  if (address.family === 'inet') return first >>> 24 !== 0 && first >>> 28 !== 0xe && first !== 0xffffffff && !broadcasts.has(first);
  return !isUnspecified(address) && !isIpv4Mapped(address) && first >>> 24 !== 0xff && !isLinkLocal(address);
}
