// Slow start: who comes back has it, and no other; its weight only rises, in a bounded number of steps, and is full in time; a step is not
// reported.
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { RealView } from '../machine.js';
import { realKey, realText } from '../names.js';

const STEPS_MAX = 10;
/** Steps fall on whole seconds. */
const ROUNDED_US = 2_000_000;

interface Known {
  readonly alive: boolean;
  readonly slow: RealView['slow'];
  /** When it came back. */
  readonly fromUs: number;
  readonly slowStartUs: number;
  readonly steps: number;
}

function wrongStep(real: RealView, { slow: before, slowStartUs, steps }: Known): string | undefined {
  const { slow, config } = real;
  if (slow === undefined) return undefined;
  if (!real.alive) return 'starts slowly and is dead';
  if (config.slowStartUs === 0) return 'starts slowly without slow_start';
  if (slow.step < 0 || slow.step >= slow.of || slow.of > STEPS_MAX) return `is at step ${slow.step} of ${slow.of}`;
  if (before !== undefined && config.slowStartUs === slowStartUs && slow.step < before.step) return 'goes back in its slow start';
  return steps > STEPS_MAX && config.slowStartUs === slowStartUs ? `takes ${steps} steps` : undefined;
}

export const slowStart: MakeInvariant = (_world, { lateUs }): Invariant => {
  let known = new Map<string, Known>();
  /** Servers that this process saw in service. */
  const served = new Set<string>();
  return {
    disturbed: (_, { kind }) => {
      if (kind !== 'start' && kind !== 'kill' && kind !== 'crash') return undefined;
      known = new Map();
      served.clear();
      return undefined;
    },
    stepped: ({ input, after, effects, localUs }) => {
      if (input.kind === 'wake' && effects.some(({ kind }) => kind === 'notify' || kind === 'mail'))
        return 'reports something when it is woken';
      const restarted = input.kind === 'configure' && input.remembered !== undefined;
      const next = new Map<string, Known>();
      for (const { config: server, reals } of after) {
        for (const real of reals) {
          const { alive, slow, config } = real;
          const key = realKey(server, config);
          const who = realText(server, config);
          const before = known.get(key);
          const { slowStartUs } = config;
          if (before === undefined && slow !== undefined && !restarted) return `${who} starts slowly, and was never down`;
          const came = before?.alive === false && alive;
          if (before?.alive === true && before.slow === undefined && slow !== undefined) return `${who} starts slowly, and was in service`;
          const same = before?.alive && alive;
          const fromUs = same ? before.fromUs : localUs;
          const steps = same ? before.steps + Number(before.slow?.step !== slow?.step) : 0;
          const wrong = wrongStep(real, {
            alive,
            slow: same ? before.slow : undefined,
            fromUs,
            slowStartUs: before?.slowStartUs ?? slowStartUs,
            steps,
          });
          if (wrong !== undefined) return `${who} ${wrong}`;
          const over = localUs > fromUs + slowStartUs + ROUNDED_US + lateUs;
          if (input.kind === 'wake' && slow !== undefined && over) return `${who} starts slowly for too long`;
          if (came && served.has(key) && slowStartUs > 0 && slow === undefined) return `${who} comes back with its full weight`;
          if (alive) served.add(key);
          next.set(key, { alive, slow, fromUs, slowStartUs, steps });
        }
      }
      known = next;
      return undefined;
    },
  };
};
