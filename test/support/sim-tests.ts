// What the tests of every simulator do: try weir's own machine on histories, and machines with one fault in their answers.
import assert from 'node:assert/strict';
import type { Step, StepFunction } from '../../src/control/machine.js';
import type { CommonHistory } from '../../src/sim/history.js';
import { describeHistory, judgeSeed, type Simulator, smallest } from '../../src/sim/judge.js';

/** No history of the seeds from 1 on breaks an invariant; the smallest history of a seed that does is printed. */
export function assertHistoriesHold<History extends CommonHistory<unknown>>(simulator: Simulator<History>, seeds: number): void {
  for (let seed = 1; seed <= seeds; seed++) {
    if (judgeSeed(simulator, seed).violation === undefined) continue;
    assert.fail(describeHistory(simulator, smallest(simulator, seed)).join('\n'));
  }
}

/** A machine that makes every step twice: both must answer the same and change none of their arguments. */
export function assertingPure<State, Input, Effect, Machine>(
  machine: Machine & { readonly step: StepFunction<State, Input, Effect> },
): Machine & { readonly step: StepFunction<State, Input, Effect> } {
  return {
    ...machine,
    step: (state, input, atUs) => {
      const before = structuredClone({ state, input });
      const first = machine.step(state, input, atUs);
      const answered = structuredClone(first);
      assert.deepEqual(machine.step(state, input, atUs), answered);
      assert.deepEqual({ state, input }, before);
      return first;
    },
  };
}

/** A machine whose answers are changed by `bend`. */
export function bentMachine<State, Input, Effect, Machine>(
  machine: Machine & { readonly step: StepFunction<State, Input, Effect> },
  bend: (answer: Step<State, Effect>, input: Input, atUs: number) => Step<State, Effect>,
): Machine & { readonly step: StepFunction<State, Input, Effect> } {
  return { ...machine, step: (state, input, atUs) => bend(machine.step(state, input, atUs), input, atUs) };
}

/** Some seed breaks an invariant, with these words; `worth`: only such histories are tried. */
export function assertCaught<History extends CommonHistory<unknown>>(
  simulator: Simulator<History>,
  words: RegExp,
  seeds: number,
  worth: (history: History) => boolean = () => true,
): void {
  const texts: string[] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    if (!worth(simulator.historyOf(seed))) continue;
    const text = judgeSeed(simulator, seed).violation?.text;
    if (text !== undefined && words.test(text)) return;
    if (text !== undefined) texts.push(text);
  }
  assert.fail(`no invariant reported ${words}, but ${texts.slice(0, 3).join(' | ') || 'nothing'}`);
}
