// Addresses as the rules for packets compare them.
import type { Address, Family } from '../../../model/address.js';
import { formatAddress } from '../../../model/address-text.js';
import { viewOf } from '../../../wire/bytes.js';

/** IPv4: a number in host order. IPv6: 32 hexadecimal digits. */
export type Ip = number | string;

const WORD_DIGITS = 8;
const WORD_BITS = 32;
const HEX = 16;

const digitsOf = (word: number): string => word.toString(HEX).padStart(WORD_DIGITS, '0');

export const ipOf = ({ family, words }: Address): Ip => (family === 'inet' ? (words[0] ?? 0) : words.map(digitsOf).join(''));

export const familyOf = (ip: Ip): Family => (typeof ip === 'number' ? 'inet' : 'inet6');

/** The unspecified address of the same family. */
export const anyOf = (ip: Ip): Ip => (typeof ip === 'number' ? 0 : '0'.repeat(ip.length));

/** One word, or four, in host order. */
export function wordsOf(ip: Ip): readonly number[] {
  if (typeof ip === 'number') return [ip];
  return [0, 1, 2, 3].map((word) => Number.parseInt(ip.slice(word * WORD_DIGITS, (word + 1) * WORD_DIGITS), HEX));
}

export const addressOf = (ip: Ip): Address => ({ family: familyOf(ip), words: wordsOf(ip) });

export const textOf = (ip: Ip): string => formatAddress(addressOf(ip));

/** What schedulers hash: the words XORed, as the kernel's IPVS folds them. */
export const foldOf = (ip: Ip): number => wordsOf(ip).reduce((fold, word) => fold ^ word, 0) >>> 0;

/** `mask`: IPv4's as a number, or the length of an IPv6 prefix. */
export function maskedOf(ip: Ip, mask: number): Ip {
  if (typeof ip === 'number') return (ip & mask) >>> 0;
  const kept = (word: number, index: number): number => {
    const bits = Math.min(WORD_BITS, Math.max(0, mask - index * WORD_BITS));
    return bits === 0 ? 0 : (word >>> (WORD_BITS - bits)) * 2 ** (WORD_BITS - bits);
  };
  return wordsOf(ip).map(kept).map(digitsOf).join('');
}

export const readIpv4 = (bytes: Uint8Array, at: number): Ip => viewOf(bytes).getUint32(at);

export function readIpv6(bytes: Uint8Array, at: number): Ip {
  const view = viewOf(bytes);
  return [0, 4, 8, 12].map((offset) => digitsOf(view.getUint32(at + offset))).join('');
}

export function writeIp(bytes: Uint8Array, at: number, ip: Ip): void {
  const view = viewOf(bytes);
  wordsOf(ip).forEach((word, index) => {
    view.setUint32(at + index * 4, word);
  });
}
