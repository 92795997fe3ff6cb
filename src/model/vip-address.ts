// Which addresses a virtual service can have at all.
import { type Address, isIpv4Mapped, isLinkLocal } from './address.js';
import { parseAddress } from './address-text.js';

/** None of loopback, multicast, 0.0.0.0/8 and 240.0.0.0/4; of IPv6 none that means nothing beyond its link or is an IPv4 one. */
export function canBeVip(address: Address): boolean {
  const [first = 0, second, third] = address.words;
  const byte = first >>> 24;
  if (address.family === 'inet') return byte !== 0 && byte !== 127 && byte < 224;
  const isIpv4Compatible = first === 0 && second === 0 && third === 0; // :: and ::1, too
  return byte !== 0xff && !isLinkLocal(address) && !isIpv4Compatible && !isIpv4Mapped(address);
}

/** undefined: it is no address that a service can have. */
export function parseVip(text: string): Address | undefined {
  const address = parseAddress(text);
  return address !== undefined && canBeVip(address) ? address : undefined;
}
