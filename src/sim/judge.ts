// Judges the history of a seed: runs it, shrinks it if an invariant breaks, and describes it as text.
import type { CommonHistory } from './history.js';
import type { Result, Trace } from './run-events.js';
import { shrink } from './shrink.js';

/** A machine with its invariants and the histories that it is tried on. */
export interface Simulator<History extends CommonHistory<unknown>> {
  readonly historyOf: (seed: number) => History;
  /** Runs a history to its end or to the first violation. `trace` gets one line per event. */
  readonly run: (history: History, trace?: Trace) => Result;
  readonly describeSetup: (history: History) => readonly string[];
  /** A violation's text without what may differ between two of one kind. */
  readonly kindOf: (text: string) => string;
}

export interface Verdict extends Result {
  readonly seed: number;
}

export function judgeSeed<History extends CommonHistory<unknown>>({ run, historyOf }: Simulator<History>, seed: number): Verdict {
  return { seed, ...run(historyOf(seed)) };
}

/** Everything that happens in a history, one line per event, and what is wrong at the end. */
export function describeHistory<History extends CommonHistory<unknown>>(
  simulator: Simulator<History>,
  history: History,
): readonly string[] {
  const lines: string[] = [];
  const { violation } = simulator.run(history, (line) => lines.push(line));
  const end = violation === undefined ? 'nothing is wrong' : `wrong at ${(violation.atUs / 1_000_000).toFixed(6)}: ${violation.text}`;
  return [`seed ${history.seed}, calm from ${history.calmFromUs / 1_000_000} s`, ...simulator.describeSetup(history), ...lines, end];
}

/** The smallest history found that breaks an invariant in the same way as the seed's. */
export function smallest<History extends CommonHistory<unknown>>({ run, historyOf, kindOf }: Simulator<History>, seed: number): History {
  const history = historyOf(seed);
  const first = run(history).violation;
  if (first === undefined) return history;
  return shrink(history, (candidate) => {
    const { violation } = run(candidate);
    return violation !== undefined && kindOf(violation.text) === kindOf(first.text);
  });
}
