// The simulator of health checks: a machine, invariants, and histories of seeds.
import type { Simulator } from '../judge.js';
import type { History } from './history.js';
import type { MakeInvariant } from './invariant.js';
import type { Machine } from './machine.js';
import { describeSetup } from './print.js';
import { runHistory } from './run.js';
import { historyOf } from './scenario.js';

/** Two violations are alike if they differ in nothing but numbers and addresses. */
const kindOf = (text: string): string => text.replace(/[0-9:.,[\]]+/g, '');

export function simulatorOf<S>(machine: Machine<S>, invariants: readonly MakeInvariant[]): Simulator<History> {
  return { historyOf, run: (history, trace) => runHistory(machine, history, invariants, trace), describeSetup, kindOf };
}
