// One seed's history, judged: run, and where an invariant breaks, made small and told as a text.

import type { History } from './history.js';
import type { MakeCheck, Violation } from './invariant.js';
import type { Machine } from './machine.js';
import { describeSetup } from './print.js';
import { runHistory } from './run.js';
import { historyOf, type ScenarioOptions } from './scenario.js';
import { shrink } from './shrink.js';

export interface Verdict {
  readonly seed: number;
  readonly steps: number;
  readonly violation: Violation | undefined;
}

export function judgeSeed<S>(machine: Machine<S>, checks: readonly MakeCheck[], seed: number, options: ScenarioOptions = {}): Verdict {
  return { seed, ...runHistory(machine, historyOf(seed, options), checks) };
}

/** Everything that happens in a history, one line an event, and what is wrong at its end. */
export function tell<S>(machine: Machine<S>, checks: readonly MakeCheck[], history: History): readonly string[] {
  const lines: string[] = [];
  const { violation } = runHistory(machine, history, checks, (line) => lines.push(line));
  const end = violation === undefined ? 'nothing is wrong' : `wrong at ${(violation.atUs / 1_000_000).toFixed(6)}: ${violation.text}`;
  return [`seed ${history.seed}, calm from ${history.calmFromUs / 1_000_000} s`, ...describeSetup(history), ...lines, end];
}

const kindOf = (text: string): string => text.replace(/[A-E0-9:.]+/g, '');

/** The smallest history found that breaks an invariant in the same way as that of the seed. */
export function smallest<S>(machine: Machine<S>, checks: readonly MakeCheck[], seed: number, options: ScenarioOptions = {}): History {
  const history = historyOf(seed, options);
  const first = runHistory(machine, history, checks).violation;
  if (first === undefined) return history;
  const same = (candidate: History): boolean => {
    const { violation } = runHistory(machine, candidate, checks);
    return violation !== undefined && kindOf(violation.text) === kindOf(first.text);
  };
  return shrink(history, same);
}
