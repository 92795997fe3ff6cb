import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DocumentPlan } from '../../control/plan/document-plan.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { type AppliedPlan, PlanBook } from './plan-book.js';

/** `size`: characters of JSON, about. */
const planOfSize = (size: number): DocumentPlan => ({ base: 'x'.repeat(size), steps: [] }) as unknown as DocumentPlan;
const [document, options] = [{ services: [] }, {}];

function bed(lengthMax?: number) {
  let [ids, nowMs] = [0, 0];
  const book = new PlanBook(
    () => nowMs,
    () => String(++ids),
    lengthMax,
  );
  const add = (size = 1): string => book.add({ author: 'uid 0', document, options, plan: planOfSize(size) }).id;
  const pass = (ms: number): void => {
    nowMs += ms;
  };
  return { book, add, pass, kept: () => book.all().map(({ id }) => id) };
}

test('the oldest plans make room for a new one: by their number, by the size of all, and after their time', () => {
  const many = bed();
  for (let count = 0; count < 105; count++) many.add();
  assert.deepEqual([many.kept().length, many.kept()[0], many.kept().at(-1)], [100, '6', '105']);
  const large = bed(1000);
  for (const size of [400, 400, 400]) large.add(size);
  assert.deepEqual(large.kept(), ['2', '3']);
  large.add(5000);
  assert.deepEqual(large.kept(), ['4']);
  large.add(10);
  assert.deepEqual(large.kept(), ['5']);
  large.pass(600_001);
  large.add(10);
  assert.deepEqual(large.kept(), ['6']);
});

test('a plan that made room while it was applied keeps its result', async () => {
  const { book, add, kept } = bed(1000);
  const id = add(600);
  let done: (applied: AppliedPlan) => void = () => {};
  const applied = book.applyOnce(id, () => new Promise((resolve) => (done = resolve)));
  add(600);
  assert.deepEqual(kept(), ['2']);
  const result = { plan: planOfSize(1), etag: null, change: null, warnings: [] };
  done(result);
  assert.equal(await applied, result);
  assert.throws(
    () => book.get(id),
    (error) => isWeirError(error, 'api-no-plan'),
  );
});
