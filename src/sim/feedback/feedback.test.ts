// The cases that the law of feedback was chosen by, what must hold in all of them, and random pools.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CUBE_ROOT, FEEDBACK_DEFAULTS } from '../../model/feedback/feedback-settings.js';
import { brokenInvariant } from './invariants.js';
import { type Measures, measure } from './measures.js';
import { scenarioOf } from './random-scenario.js';
import { type FeedbackRun, runFeedback } from './run.js';
import { type Scenario, scenarios } from './scenario.js';

const PERIOD_S = FEEDBACK_DEFAULTS.periodUs / 1_000_000;

function named(part: string): { readonly scenario: Scenario; readonly run: FeedbackRun; readonly measures: Measures } {
  const scenario = scenarios.find(({ name }) => name.includes(part));
  assert.ok(scenario !== undefined, part);
  const run = runFeedback(scenario);
  return { scenario, run, measures: measure(run, scenario) };
}

const weightsAt = ({ moments }: FeedbackRun, atS: number): readonly number[] => moments[atS - 1]?.weights ?? [];
const logged = ({ log }: FeedbackRun, text: string): readonly string[] => log.filter((line) => line.includes(text));

test('in every scenario: no weight of 0, bounds, small steps, few lowered together, the sum kept', () => {
  for (const scenario of scenarios)
    assert.equal(brokenInvariant(runFeedback(scenario), scenario, FEEDBACK_DEFAULTS), undefined, scenario.name);
});

test('the same on random pools with agents of every kind', () => {
  for (let seed = 1; seed <= 40; seed++) {
    const scenario = scenarioOf(seed);
    assert.equal(brokenInvariant(runFeedback(scenario, FEEDBACK_DEFAULTS, seed), scenario, FEEDBACK_DEFAULTS), undefined, scenario.name);
  }
});

test('a server that loses 60 % of its time recovers within 10 periods, and gets its weight back', () => {
  for (const part of ['equal servers', 'capacities 1:1:2, 75 %']) {
    const { run, scenario, measures } = named(part);
    assert.ok((measures.recoveredS ?? Number.POSITIVE_INFINITY) <= 10 * PERIOD_S, `${part}: ${measures.recoveredS} s`);
    assert.ok(measures.reversals <= 1.5, `${part}: ${measures.reversals} reversals a minute`);
    const before = weightsAt(run, scenario.hitS)[0] ?? 0;
    const after = weightsAt(run, scenario.backS + 10 * PERIOD_S)[0] ?? 0;
    assert.ok((weightsAt(run, scenario.backS)[0] ?? 0) < before * 0.7, part);
    assert.ok(Math.abs(after / before - 1) < 0.25, `${part}: ${before}, then ${after}`);
    assert.ok(measures.overloaded < measure(runFeedback(scenario, 'none'), scenario).overloaded / 3, part);
  }
});

test('weights of equal numbers become those of unequal servers', () => {
  const weights = named('capacities 1:1:2, 75 %').measures.weights;
  for (const [index, ideal] of [75, 75, 150].entries()) assert.ok(Math.abs((weights[index] ?? 0) / ideal - 1) < 0.12, String(weights));
});

test('late reports delay the weights, and do not make them swing', () => {
  for (const [part, lateS] of [
    ['20 s late', 20],
    ['60 s late', 60],
  ] as const) {
    const { measures } = named(part);
    assert.ok((measures.recoveredS ?? Number.POSITIVE_INFINITY) <= lateS + 10 * PERIOD_S, part);
    assert.ok(measures.reversals <= 3, `${part}: ${measures.reversals}`);
  }
});

test('all busy: nothing moves, and the log has why', () => {
  const { run, measures } = named('all busy');
  assert.deepEqual(measures.weights, [100, 100, 100]);
  assert.equal(logged(run, 'pool overloaded').length, 1);
});

test('a silent agent: back to the configured weight in five steps', () => {
  const { run, scenario } = named('agent silent');
  assert.equal(weightsAt(run, scenario.backS)[0], 100);
  assert.equal(logged(run, 'no report to go by for 4 periods: back to weight 100').length, 1);
});

test('agents that report what cannot be change nothing, and are named', () => {
  for (const [part, text] of [
    ['reports no load', 'web1: its report is ignored: it reports no load, and completed'],
    ['reports NaN', 'web1: its report is ignored: a counter is NaN'],
  ] as const) {
    const { run, scenario } = named(part);
    for (let atS = scenario.hitS; atS <= scenario.backS; atS++)
      assert.ok(
        weightsAt(run, atS).every((weight) => Math.abs(weight - 100) <= 10),
        `${part} at ${atS} s`,
      );
    assert.ok(logged(run, text).length > 0, part);
  }
});

test('a lie that looks like a fast server ends at the bounds', () => {
  const { measures } = named('half its load');
  assert.ok((measures.weights[0] ?? 0) <= 400 && (measures.weights[1] ?? 0) >= 10);
  assert.equal(measures.overloaded, 0);
});

test('a herd that slows down together keeps its weights', () => {
  for (const { weights } of named('herd').run.moments)
    assert.ok(
      weights.every((weight) => weight >= 75 && weight <= 135),
      String(weights),
    );
});

test('a quiesced server stays at 0, and begins slowly when it comes back', () => {
  const { run, scenario } = named('quiesced');
  assert.equal(weightsAt(run, scenario.backS)[0], 0);
  assert.equal(weightsAt(run, scenario.backS + 1)[0], 20);
  assert.ok((weightsAt(run, scenario.backS + 6 * PERIOD_S)[0] ?? 0) >= 100);
});

test('the cube root of an idle pool rises to the ceiling, where weights no longer differ', () => {
  const scenario = scenarios.find(({ name }) => name.startsWith('equal servers'));
  assert.ok(scenario !== undefined);
  const idle = { ...scenario, load: () => 30, endS: 3000 };
  const { weights } = measure(runFeedback(idle, { ...FEEDBACK_DEFAULTS, law: CUBE_ROOT }), idle);
  assert.deepEqual(weights, [1000, 1000, 1000]);
});
