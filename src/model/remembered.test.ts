import assert from 'node:assert/strict';
import { test } from 'node:test';
import { remembered } from './remembered.js';

test('an answer is made once for each key, and again when there were too many others', () => {
  const asked: number[] = [];
  const half = remembered(
    (value: number) => {
      asked.push(value);
      return value % 2 === 0;
    },
    { max: 2 },
  );
  assert.deepEqual([1, 1, 2, 2, 1].map(half), [false, false, true, true, false]);
  assert.deepEqual(asked, [1, 2]);
  half(3);
  half(1);
  assert.deepEqual(asked, [1, 2, 3, 1]);
});

test('equal keys have one answer', () => {
  let made = 0;
  const numberOf = remembered((_: { readonly id: string }) => (made += 1), { idOf: ({ id }) => id });
  assert.deepEqual([{ id: 'a' }, { id: 'a' }, { id: 'b' }].map(numberOf), [1, 1, 2]);
});
