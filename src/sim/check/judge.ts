// Judges the history of a seed: runs it, shrinks it if an invariant breaks, and describes it as text.
import { shrink } from '../shrink.js';
import type { History } from './history.js';
import type { MakeInvariant, Violation } from './invariant.js';
import type { Machine } from './machine.js';
import { describeSetup } from './print.js';
import { runHistory } from './run.js';
import { historyOf } from './scenario.js';

export interface Verdict {
  readonly seed: number;
  readonly steps: number;
  readonly violation: Violation | undefined;
}

export function judgeSeed<S>(machine: Machine<S>, invariants: readonly MakeInvariant[], seed: number): Verdict {
  return { seed, ...runHistory(machine, historyOf(seed), invariants) };
}

/** Everything that happens in a history, one line per event, and what is wrong at the end. */
export function describeHistory<S>(machine: Machine<S>, invariants: readonly MakeInvariant[], history: History): readonly string[] {
  const lines: string[] = [];
  const { violation } = runHistory(machine, history, invariants, (line) => lines.push(line));
  const end = violation === undefined ? 'nothing is wrong' : `wrong at ${(violation.atUs / 1_000_000).toFixed(6)}: ${violation.text}`;
  return [`seed ${history.seed}, calm from ${history.calmFromUs / 1_000_000} s`, ...describeSetup(history), ...lines, end];
}

/** Two failures are alike if they differ in nothing but numbers and addresses. */
const kindOf = (text: string): string => text.replace(/[0-9:.,[\]]+/g, '');

/** The smallest history found that breaks an invariant in the same way as the seed's. */
export function smallest<S>(machine: Machine<S>, invariants: readonly MakeInvariant[], seed: number): History {
  const history = historyOf(seed);
  const first = runHistory(machine, history, invariants).violation;
  if (first === undefined) return history;
  return shrink(history, (candidate) => {
    const { violation } = runHistory(machine, candidate, invariants);
    return violation !== undefined && kindOf(violation.text) === kindOf(first.text);
  });
}
