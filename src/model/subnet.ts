// Whether an address is in a network.
import type { Address } from './address.js';

export function contains(network: { readonly address: Address; readonly prefixLength: number }, address: Address): boolean {
  const same = (word: number, index: number): boolean => {
    const bits = Math.min(Math.max(network.prefixLength - 32 * index, 0), 32);
    return bits === 0 || (word ^ (address.words[index] ?? 0)) >>> (32 - bits) === 0;
  };
  return address.family === network.address.family && network.address.words.every(same);
}
