// Checksums after a change, bit for bit as the kernel's helpers update them.
import { fold, sumWords } from '../../../wire/checksum.js';

/**
 * The kernel's csum_replace4(): RFC 1624 with a complement of 32 bits, so that a sum of 0 comes out as 0, never as 0xffff. A word of 16 bits
 * stands in the lower half.
 */
export function replaceWord(sum: number, before: number, after: number): number {
  const words = (~sum & 0xffff) + (~before & 0xffff) + (~(before >>> 16) & 0xffff) + (after & 0xffff) + (after >>> 16);
  return ~fold(0xffff + words) & 0xffff;
}

/** The kernel's csum_replace2(): its complement has 16 bits. */
export function replaceHalf(sum: number, before: number, after: number): number {
  return ~fold((~sum & 0xffff) + (~before & 0xffff) + after) & 0xffff;
}

/** The checksum after these bytes, of an even number, changed. Their complements have 16 bits, as in csum_replace2(). */
export function replaceBytes(sum: number, before: Uint8Array, after: Uint8Array): number {
  const complement = before.map((byte) => ~byte);
  return ~fold(0xffff + (~sum & 0xffff) + sumWords(complement) + sumWords(after)) & 0xffff;
}

/** Overwrites a word, or a half of one, and brings the change into the checksum at `sumAt`. */
export function overwrite(view: DataView, at: number, size: 2 | 4, after: number, sumAt: number): void {
  const before = size === 4 ? view.getUint32(at) : view.getUint16(at);
  view.setUint16(sumAt, replaceWord(view.getUint16(sumAt), before, after));
  if (size === 4) view.setUint32(at, after);
  else view.setUint16(at, after);
}
