import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../../test/support/properties.js';
import { compose, originAt, type Part, slice, standingFor, trimmed, written } from './text.js';

const column = (text: Parameters<typeof originAt>[0], index: number): number => originAt(text, index).column;

test('a part knows where it was written', () => {
  const line = written('  abc def', 'f', 7);
  assert.deepEqual(originAt(slice(line, 6), 0), { file: 'f', line: 7, column: 7 });
  assert.equal(column(slice(slice(line, 2), 4), 2), 9);
  assert.equal(trimmed(written(' \t a b \r', 'f', 1)).text, 'a b');
  assert.equal(trimmed(written(' \t ', 'f', 1)).text, '');
});

test('an insertion has the place of what it replaces', () => {
  const line = written('a $X c', 'f', 1);
  const made = compose(line, [
    { from: 0, to: 2 },
    { insert: 'long one', index: 2 },
    { from: 4, to: 6 },
  ]);
  assert.equal(made.text, 'a long one c');
  assert.deepEqual(
    [0, 2, 9, 10, 11].map((index) => column(made, index)),
    [1, 3, 3, 5, 6],
  );
  assert.equal(column(standingFor('anything', line, 2), 5), 3);
});

test('parts of any line, in any order, keep each character’s place', () => {
  const part = (length: number): fc.Arbitrary<Part> =>
    fc.oneof(
      fc.tuple(fc.nat(length), fc.nat(length)).map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) })),
      fc.tuple(fc.constantFrom('', 'x', 'yy'), fc.nat(Math.max(0, length - 1))).map(([insert, index]) => ({ insert, index })),
    );
  const input = fc
    .string({ minLength: 1, maxLength: 20 })
    .chain((text) => fc.tuple(fc.constant(text), fc.array(part(text.length), { maxLength: 6 })));
  fc.assert(
    fc.property(input, ([text, parts]) => {
      const line = written(text, 'f', 1);
      const made = compose(line, parts);
      const columns = parts.flatMap((each) =>
        'insert' in each
          ? Array.from(each.insert, () => each.index + 1)
          : Array.from({ length: each.to - each.from }, (_, at) => each.from + at + 1),
      );
      assert.equal(made.text, parts.map((each) => ('insert' in each ? each.insert : text.slice(each.from, each.to))).join(''));
      assert.deepEqual(
        Array.from({ length: made.text.length }, (_, index) => column(made, index)),
        columns.slice(0, made.text.length),
      );
      const half = slice(made, made.text.length >> 1);
      for (let index = 0; index < half.text.length; index++) assert.equal(column(half, index), columns[(made.text.length >> 1) + index]);
    }),
  );
});
