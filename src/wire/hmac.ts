// HMAC (RFC 2104) over any hash with blocks of 64 bytes, and a comparison that takes the same time wherever two digests differ.
import { concat } from './bytes.js';

const blockBytes = 64;

export type Hash = (message: Uint8Array) => Uint8Array;

export function hmac(hash: Hash, key: Uint8Array, message: Uint8Array): Uint8Array {
  const block = new Uint8Array(blockBytes);
  block.set(key.length > blockBytes ? hash(key) : key);
  const inner = hash(
    concat(
      block.map((byte) => byte ^ 0x36),
      message,
    ),
  );
  return hash(
    concat(
      block.map((byte) => byte ^ 0x5c),
      inner,
    ),
  );
}

export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) difference |= (a[index] ?? 0) ^ (b[index] ?? 0);
  return difference === 0;
}
