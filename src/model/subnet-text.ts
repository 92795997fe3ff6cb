// A network as text: 192.0.2.0/24, 2001:db8::/32; an address alone is the network of itself.
import { parseAddress } from './address-text.js';
import { hostLength, type Subnet } from './subnet.js';

/** Undefined: it is none. */
export function parseSubnet(text: string): Subnet | undefined {
  const [, before = '', digits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const address = parseAddress(before);
  const prefixLength = digits === undefined ? 0 : Number(digits);
  if (address === undefined || prefixLength > hostLength(address)) return undefined;
  return { address, prefixLength: digits === undefined ? hostLength(address) : prefixLength };
}
