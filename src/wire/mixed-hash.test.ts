import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MixedHash } from './mixed-hash.js';

const nameOf = (hash: MixedHash): string => hash.value().join(' ');
const ofWords = (...words: readonly number[]): string => nameOf(words.reduce((hash, word) => hash.word(word), new MixedHash()));

test('one bit, the order and the number of words each make another hash', () => {
  const names = [
    ...Array.from({ length: 32 }, (_, bit) => ofWords(1 << bit, 0)),
    ...Array.from({ length: 32 }, (_, bit) => ofWords(0, 1 << bit)),
    ...[ofWords(), ofWords(0), ofWords(0, 0), ofWords(0, 0, 0)],
  ];
  assert.equal(new Set(names).size, names.length);
  assert.equal(ofWords(7, 8), ofWords(7, 8));
});

test('texts do not run into each other', () => {
  const of = (...texts: readonly string[]): string => nameOf(texts.reduce((hash, text) => hash.text(text), new MixedHash()));
  assert.equal(new Set([of('ab', 'c'), of('a', 'bc'), of('abc'), of('abc', '')]).size, 4);
});

test('half of the bits change with each bit of a word, in both words of the hash', () => {
  const bits = (number: number): number => (number >>> 0).toString(2).replaceAll('0', '').length;
  const changed = [0, 0];
  for (let word = 0; word < 1000; word++)
    for (let bit = 0; bit < 32; bit++) {
      const [before, now] = [new MixedHash().word(word).value(), new MixedHash().word(word ^ (1 << bit)).value()];
      for (const lane of [0, 1] as const) changed[lane] = (changed[lane] ?? 0) + bits(before[lane] ^ now[lane]);
    }
  for (const each of changed) assert.ok(Math.abs(each / 32_000 - 16) < 0.5, `${each / 32_000} of 32`);
});
