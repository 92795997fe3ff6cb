import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Family, Sample } from './family.js';
import { KeptLines } from './kept-lines.js';
import { expositionPieces } from './prometheus.js';

const family = (samples: readonly Sample[]): Family => ({ name: 'weir_x', type: 'gauge', help: 'X', scope: 'server', samples });
const samplesOf = (count: number, value: (index: number) => number | bigint): readonly Sample[] =>
  Array.from({ length: count }, (_, index) => ({ labels: `{server="${index}"}`, value: value(index) }));

test('kept lines are those that are written again', () => {
  const lines = new KeptLines();
  const states: readonly (readonly Sample[])[] = [
    samplesOf(2500, (index) => index),
    samplesOf(2500, (index) => index),
    samplesOf(2500, (index) => (index === 1700 ? 5n : index)),
    // An integer and a bigint of one value, another label, fewer, more, and another suffix.
    samplesOf(2500, (index) => BigInt(index)),
    samplesOf(2500, (index) => index).with(3, { labels: '{server="three"}', value: 3 }),
    samplesOf(2499, (index) => index),
    samplesOf(5000, (index) => index),
    samplesOf(5000, (index) => index).map((one) => ({ ...one, suffix: '_sum' })),
    [],
    samplesOf(3, (index) => index),
  ];
  for (const samples of states) {
    const pieces = [...expositionPieces([family(samples)], 'prometheus', lines)];
    assert.equal(pieces.join(''), [...expositionPieces([family(samples)], 'prometheus')].join(''));
    assert.ok(
      pieces.every((piece) => piece.length < 128 * 1024),
      'other requests have their turns in between',
    );
  }
});

test('a text that nothing changed in is the same one', () => {
  const lines = new KeptLines();
  const longest = (): string => [...lines.of(family(samplesOf(1000, (index) => index)))][0] ?? '';
  const first = longest();
  assert.equal(longest(), first);
  assert.equal(first.split('\n').length, 1001);
});
