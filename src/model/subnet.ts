// Networks of addresses: which address is in which.
import type { Address } from './address.js';

export interface Subnet {
  readonly address: Address;
  /** 0 to 32, or to 128; of `address` only so many bits count. */
  readonly prefixLength: number;
}

/** Whether the network has this address; never where their families differ. */
export function contains({ address: network, prefixLength }: Subnet, address: Address): boolean {
  const same = (word: number, index: number): boolean => {
    const bits = Math.min(Math.max(prefixLength - 32 * index, 0), 32);
    return bits === 0 || (word ^ (address.words[index] ?? 0)) >>> (32 - bits) === 0;
  };
  return address.family === network.family && network.words.every(same);
}
