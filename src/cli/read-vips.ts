// VIPs among a command's words.
import type { Address } from '../model/address.js';
import { parseIpv4 } from '../model/address-text.js';
import { capability } from '../model/capabilities.js';
import { WeirError } from '../model/errors/weir-error.js';

/** @throws WeirError argument-value, argument-not-yet */
export function readVip(text: string): Address {
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  throw text.includes(':')
    ? new WeirError('argument-not-yet', { given: text, missing: capability('ipv6-vips').missing })
    : new WeirError('argument-value', { expected: 'an IPv4 address', given: text });
}

/** Separated by commas. @throws WeirError argument-value, argument-twice, argument-not-yet */
export function readVips(text: string): readonly Address[] {
  const texts = text.split(',');
  return texts.map((one, index) => {
    if (texts.indexOf(one) !== index) throw new WeirError('argument-twice', { given: one });
    return readVip(one);
  });
}
