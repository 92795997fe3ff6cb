// MD5 (RFC 1321): the hash inside keepalived's auth_type AH. Not for new protocols.
import { concat, viewOf } from './bytes.js';

const shifts = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const sines = Array.from({ length: 64 }, (_, index) => Math.floor(Math.abs(Math.sin(index + 1)) * 2 ** 32) | 0);

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

/** One step's mixing function and the word of the block it takes (RFC 1321 §3.4). */
function mix(step: number, b: number, c: number, d: number): { readonly f: number; readonly word: number } {
  if (step < 16) return { f: (b & c) | (~b & d), word: step };
  if (step < 32) return { f: (d & b) | (~d & c), word: (5 * step + 1) % 16 };
  if (step < 48) return { f: b ^ c ^ d, word: (3 * step + 5) % 16 };
  return { f: c ^ (b | ~d), word: (7 * step) % 16 };
}

type State = [number, number, number, number];

const start = (): State => [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];

/** Adds the 64 bytes from `block` on to the state. */
function compress(state: State, view: DataView, block: number): void {
  let [a, b, c, d] = state;
  for (let step = 0; step < 64; step++) {
    const { f, word } = mix(step, b, c, d);
    const sum = (a + f + (sines[step] ?? 0) + view.getUint32(block + word * 4, true)) | 0;
    [a, d, c, b] = [d, c, b, (b + rotate(sum, shifts[(step >> 4) * 4 + (step % 4)] ?? 0)) | 0];
  }
  state[0] = (state[0] + a) | 0;
  state[1] = (state[1] + b) | 0;
  state[2] = (state[2] + c) | 0;
  state[3] = (state[3] + d) | 0;
}

/** The state after a first block of 64 bytes, in words. */
export function md5After(block: Uint8Array): readonly number[] {
  const state = start();
  compress(state, viewOf(block), 0);
  return state.map((word) => word >>> 0);
}

/** A digest in the making: what was added so far. */
export interface Md5 {
  readonly state: readonly [number, number, number, number];
  /** What does not fill a block yet, less than 64 bytes. */
  readonly rest: Uint8Array;
  /** Bytes added. */
  readonly length: number;
}

export const md5Start: Md5 = { state: start(), rest: new Uint8Array(0), length: 0 };

export function md5Add({ state, rest, length }: Md5, bytes: Uint8Array): Md5 {
  const all = rest.length === 0 ? bytes : concat(rest, bytes);
  const view = viewOf(all);
  const next: State = [...state];
  let block = 0;
  for (; block + 64 <= all.length; block += 64) compress(next, view, block);
  return { state: next, rest: all.slice(block), length: length + bytes.length };
}

/** The 16-byte digest. */
export function md5End({ state, rest, length }: Md5): Uint8Array {
  const padded = concat(rest, new Uint8Array(((119 - rest.length) % 64) + 9));
  const view = viewOf(padded);
  padded[rest.length] = 0x80;
  view.setUint32(padded.length - 8, (length * 8) >>> 0, true);
  view.setUint32(padded.length - 4, Math.floor(length / 2 ** 29), true);
  const last: State = [...state];
  for (let block = 0; block < padded.length; block += 64) compress(last, view, block);
  const out = new Uint8Array(16);
  last.forEach((word, index) => viewOf(out).setUint32(index * 4, word, true));
  return out;
}

/** The 16-byte digest of a whole message. */
export const md5 = (message: Uint8Array): Uint8Array => md5End(md5Add(md5Start, message));
