// Random values for the tests of codecs: addresses, MACs, ports, byte runs, and the properties that every codec must keep.
import assert from 'node:assert/strict';
import type { Address } from '../../src/model/address.js';
import fc from './properties.js';

export const word = fc.nat(0xffffffff);
export const half = fc.nat(0xffff);
export const byte = fc.nat(0xff);
export const bytes = (maxLength = 200) => fc.uint8Array({ maxLength });

export const ipv4 = word.map((value): Address => ({ family: 'inet', words: [value] }));
export const ipv6 = fc.tuple(word, word, word, word).map((words): Address => ({ family: 'inet6', words }));
export const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((six) => Array.from(six, (one) => one.toString(16).padStart(2, '0')).join(':'));
/** Options of IPv4 and TCP: whole 32-bit words, ten at most. */
export const options = fc.nat(10).chain((words) => fc.uint8Array({ minLength: words * 4, maxLength: words * 4 }));

/** Decoding random bytes, cut-off encodings and flipped bits answers a value or undefined: it never throws. */
export function survivesGarbage(decode: (bytes: Uint8Array) => unknown, sample: Uint8Array): void {
  fc.assert(fc.property(bytes(), (garbage) => void decode(garbage)));
  for (let length = 0; length <= sample.length; length++) {
    decode(sample.subarray(0, length));
  }
  fc.assert(
    fc.property(fc.nat(Math.max(0, sample.length * 8 - 1)), (bit) => {
      const flipped = sample.slice();
      flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      decode(flipped);
    }),
  );
}

/** A decoder must not read outside the bytes that it was given, although they are part of a larger buffer. */
export function staysInside<T>(decode: (bytes: Uint8Array) => T, sample: Uint8Array): void {
  const framed = (filler: number) => {
    const buffer = new Uint8Array(sample.length + 64).fill(filler);
    buffer.set(sample, 32);
    return buffer.subarray(32, 32 + sample.length);
  };
  assert.deepEqual(decode(framed(0x00)), decode(framed(0xff)));
  assert.deepEqual(decode(framed(0x00)), decode(sample));
}
