import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi } from '../abi.gen.js';
import { SLOT_WORDS, VALUE_WORD } from './living-slots.js';
import { spilledBuckets } from './spilled-buckets.js';

const BUCKET_WORDS = Abi.BUCKET_SLOTS * SLOT_WORDS;

function tableOf(buckets: number, isSpilled: (bucket: number) => boolean): Uint32Array {
  const words = new Uint32Array(buckets * BUCKET_WORDS);
  for (let bucket = 0; bucket < buckets; bucket++) {
    // Other bits of the value, and the mark in another slot, do not count.
    words[bucket * BUCKET_WORDS + VALUE_WORD + 1] = 0x1234 | (isSpilled(bucket) ? Number(Abi.V_SPILLED >> 32n) : 0);
    words[bucket * BUCKET_WORDS + SLOT_WORDS + VALUE_WORD + 1] = 0xffff_ffff;
  }
  return words;
}

test('a small table is counted, a large one estimated', () => {
  assert.equal(spilledBuckets(new Uint32Array()), 0);
  assert.equal(spilledBuckets(tableOf(1000, (bucket) => bucket % 7 === 0)), 143);
  assert.equal(spilledBuckets(tableOf(1 << 16, () => true)), 1 << 16);
  const part = spilledBuckets(tableOf(1 << 16, (bucket) => bucket < 1 << 14));
  assert.equal(part, 1 << 14);
});
