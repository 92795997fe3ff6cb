// SHA-256 (FIPS 180-4): the hash inside auth_hmac's trailer.
import { concat, viewOf } from './bytes.js';

const primes = firstPrimes(64);
/** The first 32 bits of the fractional parts of the cube roots (rounds) and square roots (start) of the first primes. */
const rounds = primes.map((prime) => fraction(Math.cbrt(prime)));
const start = primes.slice(0, 8).map((prime) => fraction(Math.sqrt(prime)));

function firstPrimes(count: number): readonly number[] {
  const out: number[] = [];
  for (let candidate = 2; out.length < count; candidate++) {
    if (out.every((prime) => candidate % prime !== 0)) out.push(candidate);
  }
  return out;
}

function fraction(value: number): number {
  return Math.floor((value - Math.floor(value)) * 2 ** 32) | 0;
}

function rotate(value: number, by: number): number {
  return (value >>> by) | (value << (32 - by));
}

function schedule(view: DataView, block: number, words: Int32Array): void {
  for (let index = 0; index < 16; index++) words[index] = view.getInt32(block + index * 4);
  for (let index = 16; index < 64; index++) {
    const early = words[index - 15] ?? 0;
    const late = words[index - 2] ?? 0;
    const s0 = rotate(early, 7) ^ rotate(early, 18) ^ (early >>> 3);
    const s1 = rotate(late, 17) ^ rotate(late, 19) ^ (late >>> 10);
    words[index] = (words[index - 16] ?? 0) + s0 + (words[index - 7] ?? 0) + s1;
  }
}

function compress(state: Int32Array, words: Int32Array): void {
  let [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0, g = 0, h = 0] = state;
  for (let round = 0; round < 64; round++) {
    const s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25);
    const choice = (e & f) ^ (~e & g);
    const first = (h + s1 + choice + (rounds[round] ?? 0) + (words[round] ?? 0)) | 0;
    const s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22);
    const majority = (a & b) ^ (a & c) ^ (b & c);
    [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + s0 + majority) | 0];
  }
  [a, b, c, d, e, f, g, h].forEach((word, index) => {
    state[index] = (state[index] ?? 0) + word;
  });
}

/** The state after a first block of 64 bytes, in words. */
export function sha256After(block: Uint8Array): readonly number[] {
  const state = Int32Array.from(start);
  const words = new Int32Array(64);
  schedule(viewOf(block), 0, words);
  compress(state, words);
  return Array.from(state, (word) => word >>> 0);
}

/** The 32-byte digest. */
export function sha256(message: Uint8Array): Uint8Array {
  const padded = concat(message, new Uint8Array(((119 - (message.length % 64)) % 64) + 9));
  const view = viewOf(padded);
  padded[message.length] = 0x80;
  view.setUint32(padded.length - 8, Math.floor(message.length / 2 ** 29));
  view.setUint32(padded.length - 4, (message.length * 8) >>> 0);
  const state = Int32Array.from(start);
  const words = new Int32Array(64);
  for (let block = 0; block < padded.length; block += 64) {
    schedule(view, block, words);
    compress(state, words);
  }
  const out = new Uint8Array(32);
  state.forEach((word, index) => viewOf(out).setInt32(index * 4, word));
  return out;
}
