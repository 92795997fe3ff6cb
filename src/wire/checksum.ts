// The internet checksum (RFC 1071), over packets and over their pseudo-headers.
import type { Address } from '../model/address.js';
import { encodeAddress } from './address-bytes.js';

/** One's complement sum of 16-bit big-endian words; an odd last byte is padded with zero. Not yet folded or inverted. */
export function sumWords(bytes: Uint8Array, initial = 0): number {
  let sum = initial;
  for (let at = 0; at + 1 < bytes.length; at += 2) {
    sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  }
  if (bytes.length % 2 === 1) sum += (bytes[bytes.length - 1] ?? 0) << 8;
  return sum;
}

/** Folds carries until 16 bits are left. Sums stay exact: a double holds far more than the largest packet gives. */
export function fold(sum: number): number {
  let folded = sum;
  while (folded > 0xffff) folded = (folded % 0x10000) + Math.floor(folded / 0x10000);
  return folded;
}

/** The checksum to write into a header whose checksum field is zero in `bytes`. */
export function internetChecksum(bytes: Uint8Array, initial = 0): number {
  return ~fold(sumWords(bytes, initial)) & 0xffff;
}

/**
 * The sum of a TCP, UDP or ICMPv6 pseudo-header, to start `internetChecksum` with.
 *
 *      0               1               2               3
 *     +---------------------------------------------------------------+
 *     |                     source address (4 or 16)                  |
 *     |                  destination address (4 or 16)                |
 *     |        zero        |    protocol    |   upper-layer length    |
 *     +---------------------------------------------------------------+
 */
export function pseudoHeaderSum(source: Address, destination: Address, protocol: number, length: number): number {
  const addresses = sumWords(encodeAddress(destination), sumWords(encodeAddress(source)));
  return addresses + protocol + Math.floor(length / 0x10000) + (length % 0x10000);
}
