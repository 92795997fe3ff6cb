import assert from 'node:assert/strict';
import { test } from 'node:test';
import { internetChecksum } from '../../../wire/checksum.js';
import { replaceWord } from './checksum.js';

test('a sum is updated as if it were computed again', () => {
  for (const [before, after] of [
    [0x0a000164, 0x0a00020b],
    [0xffffffff, 0x00000000],
    [0x00000000, 0x00010000],
    [80, 8080],
  ] as const) {
    const words = (word: number): Uint8Array =>
      Uint8Array.of(0x45, 0, 0x12, 0x34, word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255);
    assert.equal(replaceWord(internetChecksum(words(before)), before, after), internetChecksum(words(after)), `${before} to ${after}`);
  }
});

test('a sum of nothing but zeros becomes 0, as the kernel has it, not 0xffff', () => assert.equal(replaceWord(0xffff, 0xffffffff, 0), 0));
