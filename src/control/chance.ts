// Random numbers from a seed, for discriminators and jitter (xoshiro128++, Blackman and Vigna). The seed comes from the system.

/** Four words of 32 bits, not all zero. */
export type Chance = readonly [number, number, number, number];

const rotate = (word: number, by: number): number => ((word << by) | (word >>> (32 - by))) >>> 0;

/** A word of 32 bits, and the state for the next one. */
export function draw([a, b, c, d]: Chance): { readonly word: number; readonly next: Chance } {
  const word = (rotate((a + d) >>> 0, 7) + a) >>> 0;
  const third = (c ^ a) >>> 0;
  const fourth = (d ^ b) >>> 0;
  const next: Chance = [(a ^ fourth) >>> 0, (b ^ third) >>> 0, (third ^ ((b << 9) >>> 0)) >>> 0, rotate(fourth, 11)];
  return { word, next };
}

/** Chance that begins with random bytes of the system. @throws RangeError for fewer than 16 */
export function chanceFrom(bytes: Uint8Array): Chance {
  if (bytes.length < 16) throw new RangeError('chance needs 16 bytes');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [view.getUint32(0) | 1, view.getUint32(4), view.getUint32(8), view.getUint32(12)].map((word) => word >>> 0) as [
    number,
    number,
    number,
    number,
  ];
}
