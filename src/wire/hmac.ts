// HMAC (RFC 2104) over any hash with blocks of 64 bytes, and a comparison of digests in constant time.
import { concat } from './bytes.js';

const BLOCK_BYTES = 64;

export type Hash = (message: Uint8Array) => Uint8Array;

/** The blocks that the inner and the outer hash begin with. */
function keyBlocks(hash: Hash, key: Uint8Array): { readonly inner: Uint8Array; readonly outer: Uint8Array } {
  const block = new Uint8Array(BLOCK_BYTES);
  block.set(key.length > BLOCK_BYTES ? hash(key) : key);
  return { inner: block.map((byte) => byte ^ 0x36), outer: block.map((byte) => byte ^ 0x5c) };
}

export function hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  const { inner, outer } = keyBlocks(hash, key);
  return hash(concat(outer, hash(concat(inner, message))));
}

/** All that HMAC needs of a key, in words: the states after its inner and its outer block. */
export function hmacStates(
  hash: Hash,
  after: (block: Uint8Array) => readonly number[],
  key: Uint8Array,
): { readonly inner: readonly number[]; readonly outer: readonly number[] } {
  const { inner, outer } = keyBlocks(hash, key);
  return { inner: after(inner), outer: after(outer) };
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
