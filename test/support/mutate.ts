// Bytes that an attacker might choose: valid ones with changed numbers, lengths and ends, from a seed, so that a failure is repeatable.
import { concat } from '../../src/wire/bytes.js';

/** A whole number from 0 up to and without `below`. */
export type Random = (below: number) => number;

/** mulberry32 */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

export const randomBytes = (random: Random, length: number): Uint8Array => Uint8Array.from({ length }, () => random(256));

/** Boundary values of 8 and 16 bits. */
const edges = [0, 1, 3, 4, 0x7f, 0x80, 0xfe, 0xff] as const;

/** One to four changes. `from`: bytes before it stay as they are, as far as the length is not changed. */
export function mutate(sample: Uint8Array, random: Random, from = 0): Uint8Array {
  let bytes: Uint8Array = sample.slice();
  const edge = (): number => edges[random(edges.length)] ?? 0;
  for (let changes = random(4); changes >= 0; changes--) {
    const at = from + random(Math.max(1, bytes.length - from));
    const kind = random(6);
    if (kind === 0) bytes[at] = edge();
    else if (kind === 1) bytes[at] = (bytes[at] ?? 0) ^ (1 << random(8));
    else if (kind === 2) bytes.fill(edge(), at, at + 4);
    else if (kind === 3) bytes = bytes.slice(0, at);
    else if (kind === 4) bytes = concat(bytes, randomBytes(random, random(40)));
    else bytes = concat(bytes.subarray(0, at), bytes.subarray(from + random(at - from + 1)));
  }
  return bytes;
}
