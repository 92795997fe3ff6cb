// weir sim feedback: the law of feedback beside fixed weights and the cube root on simulated pools, and its invariants on random ones.
import { counted } from '../../model/counted.js';
import { CUBE_ROOT, FEEDBACK_DEFAULTS } from '../../model/feedback/feedback-settings.js';
import { brokenInvariant } from '../../sim/feedback/invariants.js';
import { measure } from '../../sim/feedback/measures.js';
import { scenarioOf } from '../../sim/feedback/random-scenario.js';
import { runFeedback } from '../../sim/feedback/run.js';
import { scenarios } from '../../sim/feedback/scenario.js';
import type { Io } from '../io.js';

const LAWS = [
  ['fixed weights', 'none'],
  ['served per busy', FEEDBACK_DEFAULTS],
  ['cube root', { ...FEEDBACK_DEFAULTS, law: CUBE_ROOT }],
] as const;

/** The cases that the law was chosen by, each with three laws. */
export function compareLaws(io: Io): number {
  for (const scenario of scenarios) {
    io.out(`${scenario.name}\n`);
    for (const [name, settings] of LAWS) {
      const { overloaded, worstS, recoveredS, reversals, weights } = measure(runFeedback(scenario, settings), scenario);
      const recovered = recoveredS === undefined ? 'not recovered' : `recovered in ${recoveredS} s`;
      const queue = `${overloaded} server-seconds with a queue, ${worstS.toFixed(1)} s at most`;
      io.out(`  ${name.padEnd(16)} ${queue}; ${recovered}; ${reversals.toFixed(1)} reversals/min; ends at ${weights.join(':')}\n`);
    }
  }
  return 0;
}

/** Random pools with agents of every kind: 0 when all invariants held. */
export function runPools(io: Io, from: number, count: number): number {
  for (let seed = from; seed < from + count; seed++) {
    const [scenario, settings] = [scenarioOf(seed), FEEDBACK_DEFAULTS];
    const wrong = brokenInvariant(runFeedback(scenario, settings, seed), scenario, settings);
    if (wrong === undefined) continue;
    io.out(`seed ${seed}: ${wrong}\n`);
    return 1;
  }
  io.out(`${counted(count, 'seed')} from ${from}: every invariant held\n`);
  return 0;
}
