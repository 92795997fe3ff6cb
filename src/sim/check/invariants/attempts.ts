// Attempts: one of a check at a time; each that begins ends, or is abandoned; no check is forgotten, and none runs while it is suspended.
import { isAttempted } from '../../../control/check/kinds/index.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { CheckerView, ServerView } from '../machine.js';
import { realText } from '../names.js';
import type { Observation } from '../observation.js';

const checkersOf = (view: readonly ServerView[]): readonly CheckerView[] =>
  view.flatMap(({ reals }) => reals.flatMap(({ checkers }) => checkers));

function forgotten(view: readonly ServerView[]): string | undefined {
  for (const { config, reals } of view) {
    for (const real of reals) {
      for (const { config: checker, attempt, dueAtUs } of real.checkers) {
        if (!isAttempted(checker.check.kind)) continue;
        if (attempt === 0 && dueAtUs === undefined) return `${checker.check.kind} of ${realText(config, real.config)} is never made again`;
        if (attempt !== 0 && dueAtUs !== undefined)
          return `${checker.check.kind} of ${realText(config, real.config)} is due while it is made`;
      }
    }
  }
  return undefined;
}

/** The step that took the file must have settled who is suspended. */
function suspension({ after, input }: Observation, present: ReadonlySet<string>): string | undefined {
  if (input.kind !== 'configure' && input.kind !== 'addresses') return undefined;
  for (const { config, suspended } of after) {
    const { target, haSuspend } = config;
    if (target.kind !== 'service' || target.key.kind !== 'address') {
      if (suspended) return `${config.name} is suspended, which has no address`;
      continue;
    }
    const { family, words } = target.key.address;
    const wanted = haSuspend && !present.has(`${family}/${words.join('.')}`);
    if (suspended !== wanted) return `${config.name} is ${suspended ? '' : 'not '}suspended`;
  }
  return undefined;
}

export const attempts: MakeInvariant = (world): Invariant => {
  let present: ReadonlySet<string> = new Set();
  return {
    disturbed: (_, { kind }) => {
      if (kind === 'start') present = new Set();
      return undefined;
    },
    stepped: (observation) => {
      const { input, after, before, effects, wakeAtUs } = observation;
      if (input.kind === 'addresses') present = new Set(input.counts.keys());
      const checkers = checkersOf(after);
      const begun = effects.filter((effect) => effect.kind === 'attempt');
      const known = new Set(checkers.flatMap(({ attempt }) => (attempt === 0 ? [] : [attempt])));
      const ended = new Set(world.gathered.map(({ attempt }) => attempt));
      for (const number of world.running.keys()) if (!known.has(number)) return `attempt ${number} is of no check, and goes on`;
      for (const number of known)
        if (!world.running.has(number) && !ended.has(number)) return `attempt ${number} is waited for, which is not under way`;
      if (known.size !== checkers.filter(({ attempt }) => attempt !== 0).length) return 'two checks share an attempt';
      const suspended = new Set(before.filter((one) => one.suspended).map(({ config }) => config.name));
      const idle = after.filter((one) => one.suspended && suspended.has(one.config.name)).flatMap(({ reals }) => reals);
      for (const { attempt } of begun) {
        if (idle.some((real) => real.checkers.some((one) => one.attempt === attempt.number))) return 'a suspended check is made';
      }
      const due = Math.min(...checkers.flatMap(({ dueAtUs }) => dueAtUs ?? []));
      if (Number.isFinite(due) && (wakeAtUs === undefined || wakeAtUs > due))
        return `sleeps until ${wakeAtUs}, although a check is due at ${due}`;
      return forgotten(after) ?? suspension(observation, present);
    },
  };
};
