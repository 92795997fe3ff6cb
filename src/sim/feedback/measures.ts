// What a run of feedback was like: overload, recovery, and how often weights turned round.
import type { FeedbackRun } from './run.js';
import type { Scenario } from './scenario.js';

export interface Measures {
  /** Server-seconds with a queue. */
  readonly overloaded: number;
  /** The longest queue, in seconds of the server's work. */
  readonly worstS: number;
  /** Seconds from the beginning of what happens until no server has more than it can do; undefined: never while it lasts. */
  readonly recoveredS: number | undefined;
  /** How often a weight turned round, a minute, after the first minute. */
  readonly reversals: number;
  readonly weights: readonly number[];
}

const CALM_S = 15;
const SETTLE_S = 60;

function reversalsOf({ moments }: FeedbackRun): number {
  const first = moments[0]?.weights ?? [];
  let count = 0;
  for (const index of first.keys()) {
    let last = 0;
    for (let at = 1; at < moments.length; at++) {
      const moved = Math.sign((moments[at]?.weights[index] ?? 0) - (moments[at - 1]?.weights[index] ?? 0));
      if (moved === 0) continue;
      if (last !== 0 && moved !== last && at > SETTLE_S) count++;
      last = moved;
    }
  }
  return count / (moments.length / 60);
}

/** Fluids are never exactly at their limit. */
const FULL = 1.0001;

export function measure(run: FeedbackRun, { hitS, backS }: Scenario): Measures {
  const { moments } = run;
  const isCalm = (from: number): boolean => moments.slice(from, from + CALM_S).every(({ demand }) => demand.every((one) => one <= FULL));
  let recoveredS: number | undefined;
  for (let at = hitS; at < backS && recoveredS === undefined; at++) if (isCalm(at)) recoveredS = at - hitS;
  return {
    overloaded: moments.reduce((sum, { queueS }) => sum + queueS.filter((one) => one > 1e-9).length, 0),
    worstS: Math.max(...moments.flatMap(({ queueS }) => queueS)),
    recoveredS,
    reversals: reversalsOf(run),
    weights: moments.at(-1)?.weights ?? [],
  };
}
