// MD5 (RFC 1321): the hash inside keepalived's auth_type AH. Not for new protocols.
import { concat, viewOf } from './bytes.js';

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const STEPS = 64;

/** Of each step: by how many bits it rotates, and which number it adds (RFC 1321 §3.4). */
const shiftOf = Uint8Array.from({ length: STEPS }, (_, step) => SHIFTS[(step >> 4) * 4 + (step % 4)] ?? 0);
const sineOf = Int32Array.from({ length: STEPS }, (_, step) => Math.floor(Math.abs(Math.sin(step + 1)) * 2 ** 32) | 0);
/** Which word of the block it takes: each round of 16 steps goes through the words in an order of its own. */
const ORDERS = [
  [1, 0],
  [5, 1],
  [3, 5],
  [7, 0],
] as const;
const wordOf = Uint8Array.from({ length: STEPS }, (_, step) => {
  const [by, from] = ORDERS[step >> 4] ?? [0, 0];
  return (by * step + from) % 16;
});

type State = [number, number, number, number];

const start = (): State => [0x67452301, 0xefcdab89 | 0, 0x98badcfe | 0, 0x10325476];

const words = new Int32Array(16);

/** The mixing function of a round. */
function mix(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  if (round === 2) return b ^ c ^ d;
  return c ^ (b | ~d);
}

/** Adds the 64 bytes from `block` on to the state. Nothing is allocated: a check may digest a page of 64 MB. */
function compress(state: State, view: DataView, block: number): void {
  for (let word = 0; word < 16; word++) words[word] = view.getInt32(block + word * 4, true);
  let [a, b, c, d] = state;
  for (let step = 0; step < STEPS; step++) {
    const sum = (a + mix(step >> 4, b, c, d) + (sineOf[step] as number) + (words[wordOf[step] as number] as number)) | 0;
    const by = shiftOf[step] as number;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << by) | (sum >>> (32 - by)))) | 0;
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
