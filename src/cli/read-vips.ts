// VIPs among a command's words.
import type { Address } from '../model/address.js';
import { parseAddress } from '../model/address-text.js';
import { WeirError } from '../model/errors/weir-error.js';

/** @throws WeirError argument-value */
export function readVip(text: string): Address {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new WeirError('argument-value', { expected: text.includes(':') ? 'an IPv6 address' : 'an IPv4 address', given: text });
}

/** Separated by commas. @throws WeirError argument-value, argument-twice */
export function readVips(text: string): readonly Address[] {
  const texts = text.split(',');
  return texts.map((one, index) => {
    if (texts.indexOf(one) !== index) throw new WeirError('argument-twice', { given: one });
    return readVip(one);
  });
}
