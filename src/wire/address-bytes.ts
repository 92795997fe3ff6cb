// IP addresses as bytes of a packet: 4 or 16 bytes, most significant first.
import type { Address } from '../model/address.js';
import { viewOf } from './bytes.js';

/** 4 bytes for inet, 16 for inet6. @throws RangeError when `words` does not fit the family */
export function encodeAddress(address: Address): Uint8Array {
  const count = address.family === 'inet' ? 1 : 4;
  if (address.words.length !== count) {
    throw new RangeError(`an ${address.family} address has ${count} words, not ${address.words.length}`);
  }
  const out = new Uint8Array(count * 4);
  const view = viewOf(out);
  address.words.forEach((word, index) => view.setUint32(index * 4, word));
  return out;
}

/** The address in these bytes: inet for 4, inet6 for 16, else undefined. */
export function decodeAddress(bytes: Uint8Array): Address | undefined {
  if (bytes.length !== 4 && bytes.length !== 16) return undefined;
  const view = viewOf(bytes);
  const words: number[] = [];
  for (let at = 0; at < bytes.length; at += 4) {
    words.push(view.getUint32(at));
  }
  return { family: bytes.length === 4 ? 'inet' : 'inet6', words };
}
