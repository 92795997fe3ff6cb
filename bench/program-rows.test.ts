import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProgramCase, programCases } from './program-cases.js';
import { rowsOf } from './program-rows.js';
import type { ProgramTurn, Sample } from './program-samples.js';
import { passes } from './report.js';
import { XDP_PASS, XDP_REDIRECT } from './wrap.js';

const oneFlow: ProgramCase = { ...(programCases[0] as ProgramCase), name: 'case', ofTextbook: 0.3, bound: { touch: 9, redirect: 1 } };

const sample = (over: Partial<Sample> = {}): Sample => ({ nanoseconds: 24, counted: 1, opened: 0, verdict: XDP_REDIRECT, ...over });

const turn = (weir: Sample, textbook: Sample): ProgramTurn => ({
  nanoseconds: weir.nanoseconds,
  weir,
  textbook,
  references: { textbook: textbook.nanoseconds, touch: 2, redirect: 10 },
});

const turns = (weir: Sample, textbook = sample({ nanoseconds: 200 })): readonly ProgramTurn[] => [turn(weir, textbook)];

test('a case has a row with its share of the textbook, and one with its share of the bound', () => {
  const [main, bound] = rowsOf(oneFlow, turns(sample()));
  assert.equal(main?.ratio, 0.12);
  assert.equal(main?.basis, 'textbook');
  assert.equal(bound?.name, 'case, bound');
  assert.equal(bound?.ratio, 24 / 28);
  assert.equal(bound?.basis, 'of 9 touch + 1 redirect');
  assert.deepEqual(
    [main, bound].map((row) => row && passes(row)),
    [true, true],
  );
});

test('a case that costs more than its references allow misses its gates', () => {
  const rows = rowsOf(oneFlow, turns(sample({ nanoseconds: 61 })));
  assert.deepEqual(rows.map(passes), [false, false]);
});

test('a program that did not do the work has no speed and misses its gates', () => {
  for (const wrong of [{ verdict: XDP_PASS }, { counted: 0.9 }, { opened: 1 }]) {
    for (const rows of [rowsOf(oneFlow, turns(sample(wrong))), rowsOf(oneFlow, turns(sample(), sample({ nanoseconds: 200, ...wrong })))]) {
      assert.deepEqual(
        rows.map(({ value }) => value),
        [Number.NaN, Number.NaN],
      );
      assert.deepEqual(rows.map(passes), [false, false]);
      assert.match(rows[0]?.note ?? '', /verdict|counted|opened/);
    }
  }
});

test('what is compared with no reference has one row without a gate', () => {
  const { ofTextbook: _, bound: __, ...plain } = oneFlow;
  const rows = rowsOf(plain, [{ nanoseconds: 24, weir: sample(), references: {} }]);
  assert.equal(rows.length, 1);
  assert.equal(rows[0]?.ratio, undefined);
  assert.equal(rows[0] && passes(rows[0]), undefined);
});
