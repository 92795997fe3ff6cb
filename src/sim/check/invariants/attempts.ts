// Attempts: one of a check at a time; each that begins ends, or is abandoned; no check is forgotten, and none runs while it is suspended.
import { isAttempted } from '../../../control/check/kinds/index.js';
import { addressId } from '../../../model/identity.js';
import { keysByQuestion } from '../expected-sharing.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { CheckerView, ServerView } from '../machine.js';
import { checkerKeys, realText } from '../names.js';
import type { Observation } from '../observation.js';
import type { World } from '../world.js';

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
    const wanted = haSuspend && !present.has(addressId(target.key.address));
    if (suspended !== wanted) return `${config.name} is ${suspended ? '' : 'not '}suspended`;
  }
  return undefined;
}

/** With shared_checks all that ask the same make one attempt, and are due at one moment; without it each makes its own. */
function wronglyShared({ after, effects, input }: Observation, { taken, shared }: World): string | undefined {
  const views = new Map(
    after.flatMap(({ config, reals }) =>
      reals.flatMap((real) => real.checkers.map((checker, index) => [checkerKeys(config, real.config)[index] ?? '', checker] as const)),
    ),
  );
  const begun = new Set(effects.flatMap((effect) => (effect.kind === 'attempt' ? [effect.attempt.number] : [])));
  const waiting = new Map<number, number>();
  for (const { attempt } of views.values()) waiting.set(attempt, (waiting.get(attempt) ?? 0) + 1);
  /** How many checks wait for an attempt that this step began. */
  const sharersOf = (attempt: number): number => (begun.has(attempt) ? (waiting.get(attempt) ?? 0) : 0);
  for (const [question, keys] of keysByQuestion([...taken.values()])) {
    const members = keys.flatMap((key) => views.get(key) ?? []);
    const [first] = members;
    if (first === undefined) continue;
    if (!shared && sharersOf(first.attempt) > 1) return `two checks make one attempt: ${question}`;
    if (!shared || input.kind === 'stop') continue;
    for (const { attempt, dueAtUs } of members)
      if (attempt !== first.attempt || dueAtUs !== first.dueAtUs) return `not all make one attempt that ask the same: ${question}`;
    if (sharersOf(first.attempt) > members.length) return `others make the attempt, too: ${question}`;
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
      const unlike = wronglyShared(observation, world);
      if (unlike !== undefined) return unlike;
      const suspended = new Set(before.filter((one) => one.suspended).map(({ config }) => config.name));
      const idle = after.filter((one) => one.suspended && suspended.has(one.config.name)).flatMap(({ reals }) => reals);
      const idleOnes = new Set(idle.flatMap((real) => real.checkers));
      for (const { attempt } of begun) {
        const waiting = checkers.filter((one) => one.attempt === attempt.number);
        if (waiting.every((one) => idleOnes.has(one))) return 'a suspended check is made';
      }
      const due = Math.min(...checkers.flatMap(({ dueAtUs }) => dueAtUs ?? []));
      if (Number.isFinite(due) && (wakeAtUs === undefined || wakeAtUs > due))
        return `sleeps until ${wakeAtUs}, although a check is due at ${due}`;
      return forgotten(after) ?? suspension(observation, present);
    },
  };
};
