// The simulator of VRRP: a machine, invariants, and histories of seeds.
import type { Simulator } from '../judge.js';
import type { History } from './history.js';
import type { MakeInvariant } from './invariant.js';
import type { Machine } from './machine.js';
import { describeSetup } from './print.js';
import { runHistory } from './run.js';
import { historyOf, type ScenarioOptions } from './scenario.js';

/** Two violations are alike if they differ in nothing but numbers, addresses and the names of nodes. */
const kindOf = (text: string): string => text.replace(/[A-E0-9:.]+/g, '');

export function simulatorOf<S>(
  machine: Machine<S>,
  invariants: readonly MakeInvariant[],
  options: ScenarioOptions = {},
): Simulator<History> {
  return {
    historyOf: (seed) => historyOf(seed, options),
    run: (history, trace) => runHistory(machine, history, invariants, trace),
    describeSetup,
    kindOf,
  };
}
