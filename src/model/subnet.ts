// Networks of addresses: which address is in which.
import type { Address } from './address.js';

export interface Subnet {
  readonly address: Address;
  /** 0 to 32, or to 128; of `address` only so many bits count. */
  readonly prefixLength: number;
}

/** The prefix length that covers one address alone. */
export const hostLength = ({ family }: Address): 32 | 128 => (family === 'inet' ? 32 : 128);

/** The first address of a subnet: all bits behind the prefix are 0. */
export function networkAddress({ address, prefixLength }: Subnet): Address {
  const masked = (word: number, index: number): number => {
    const bits = Math.min(Math.max(prefixLength - 32 * index, 0), 32);
    return bits === 0 ? 0 : (word & (0xffffffff << (32 - bits))) >>> 0;
  };
  return { ...address, words: address.words.map(masked) };
}

/** Whether the network has this address; never where their families differ. */
export function contains({ address: network, prefixLength }: Subnet, address: Address): boolean {
  const same = (word: number, index: number): boolean => {
    const bits = Math.min(Math.max(prefixLength - 32 * index, 0), 32);
    return bits === 0 || (word ^ (address.words[index] ?? 0)) >>> (32 - bits) === 0;
  };
  return address.family === network.family && network.words.every(same);
}
