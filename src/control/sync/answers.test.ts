import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Answers } from './answers.js';

const SECOND_US = 1_000_000;

test('without a request no answer; one asks, and others do so too soon: one answer, and after five seconds another one for all of these', () => {
  const answers = new Answers();
  assert.equal(answers.isDue(0), false);
  answers.asked();
  assert.equal(answers.isDue(SECOND_US), true);
  answers.ended();
  assert.equal(answers.isDue(SECOND_US), false);
  for (let k = 0; k < 3; k++) answers.asked();
  assert.deepEqual(
    [1.1, 5.9, 6, 12].map((seconds) => answers.isDue(seconds * SECOND_US)),
    [false, false, true, false],
  );
});

test('an answer that takes long is not begun again, and who asked meanwhile is answered after it', () => {
  const answers = new Answers();
  answers.asked();
  assert.equal(answers.isDue(0), true);
  answers.asked();
  assert.deepEqual([answers.isDue(10 * SECOND_US), answers.isDue(100 * SECOND_US)], [false, false]);
  answers.ended();
  assert.deepEqual([answers.isDue(100 * SECOND_US), answers.isDue(110 * SECOND_US)], [true, false]);
});
