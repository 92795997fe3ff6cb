// What an attempt saw, as people are shown it: a server's bytes are cut, and are one printable line.
import { hexOf } from '../../../model/hex.js';

const SHOWN_MAX = 60;
const HEX_MAX = 16;

export function shownText(bytes: Uint8Array): string {
  const text = [...bytes.subarray(0, SHOWN_MAX)].map((byte) => (byte >= 0x20 && byte <= 0x7e ? String.fromCharCode(byte) : '.')).join('');
  return `"${text}"${bytes.length > SHOWN_MAX ? ' …' : ''}`;
}

export function shownHex(bytes: Uint8Array): string {
  return `${hexOf(bytes.subarray(0, HEX_MAX))}${bytes.length > HEX_MAX ? ' …' : ''}`;
}

export const seconds = (us: number): string => `${us / 1_000_000} s`;
