import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keptPieces, unhurried } from './unhurried.js';

function* counted(made: number[]): Generator<string> {
  for (let piece = 0; piece < 3; piece++) {
    made.push(piece);
    yield String(piece);
  }
}

test('two readers of kept pieces have the same text, and each piece is made once; other work has its turn between two', async () => {
  const made: number[] = [];
  const pieces = keptPieces(counted(made));
  const first = pieces[Symbol.iterator]();
  assert.equal(first.next().value, '0');
  assert.deepEqual(made, [0], 'nothing is made before it is asked for');
  assert.deepEqual([...pieces], ['0', '1', '2']);
  assert.deepEqual([first.next().value, first.next().value, first.next().done, made], ['1', '2', true, [0, 1, 2]]);
  const turns: string[] = [];
  setImmediate(() => turns.push('other'));
  for await (const piece of unhurried(pieces, { lengthMax: 1 })) turns.push(piece);
  assert.deepEqual(turns, ['0', 'other', '1', '2']);
});

test('pieces that cost nothing are sent together, and after a turn of work the next one is', async () => {
  const all = async (turnMs: number): Promise<readonly string[]> => {
    const texts: string[] = [];
    for await (const text of unhurried(['a', 'b', 'c'], { turnMs })) texts.push(text);
    return texts;
  };
  assert.deepEqual([await all(Number.POSITIVE_INFINITY), await all(0)], [['abc'], ['a', 'b', 'c']]);
});
