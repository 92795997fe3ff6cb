// A reload changes nothing that the file did not change. A process begins with what the one before it found, which is written down in time.
import { checkerIdentity, realIdentity, serverIdentity } from '../../../control/check/identity.js';
import { isAttempted } from '../../../control/check/kinds/index.js';
import { rememberedKey } from '../../../control/check/remembered.js';
import { keysByQuestion } from '../expected-sharing.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import type { RealView, ServerView } from '../machine.js';
import { checkerKeys, realText, serverKey } from '../names.js';
import type { Observation } from '../observation.js';
import type { World } from '../world.js';

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** keepalived logs these at each reload. */
const CHECKER_LINE = /^(?:Activating|Deactivating) healthchecker/;
/** So long after a verdict it must be written down. */
const WRITTEN_US = 60_000;

/** What must be as before of a server that the file did not change. */
const lastingOf = ({ alive, slow, checkers }: RealView): unknown => [
  alive,
  slow,
  checkers.map(({ up, attempt, dueAtUs }) => [up, attempt, dueAtUs]),
];

/** The keys of checks that share with others than before: they take over what those know. */
function joined({ before, after, input }: Observation, sharedBefore: boolean): ReadonlySet<string> {
  const groups = (view: readonly ServerView[], on: boolean): ReadonlyMap<string, string> => {
    const all = on ? [...keysByQuestion(view.map(({ config }) => config)).values()] : [];
    return new Map(all.filter(({ length }) => length > 1).flatMap((keys) => keys.map((key) => [key, keys.join('\n')] as const)));
  };
  const [old, now] = [groups(before, sharedBefore), groups(after, input.kind === 'configure' && input.settings.sharedChecks)];
  return new Set([...now].flatMap(([key, group]) => (old.get(key) === group ? [] : [key])));
}

function reloaded(observation: Observation, sharedBefore: boolean): string | undefined {
  const { before, after, effects } = observation;
  const news = joined(observation, sharedBefore);
  const abandoned = new Set(effects.flatMap((effect) => (effect.kind === 'abandon' ? [effect.attempt] : [])));
  for (const now of after) {
    const old = before.find((one) => serverKey(one.config) === serverKey(now.config));
    if (old === undefined || now.reals.some((real) => checkerKeys(now.config, real.config).some((key) => news.has(key)))) continue;
    for (const real of now.reals) {
      const was = old.reals.find((one) => same(one.config, real.config));
      if (was === undefined) continue;
      if (!same(lastingOf(was), lastingOf(real))) return `the reload changed ${realText(now.config, real.config)}, which the file did not`;
      if (was.checkers.some(({ attempt }) => abandoned.has(attempt)))
        return `the reload ended a check of ${realText(now.config, real.config)}`;
    }
    if (!same(old.config, now.config)) continue;
    if (old.quorumUp !== now.quorumUp || old.sorry !== now.sorry) return `the reload changed ${now.config.name}, which the file did not`;
    const lines = effects.filter((effect) => effect.kind === 'notify' && effect.line.includes(now.config.name));
    if (lines.length > 0) return `the reload reports ${now.config.name}, which the file did not change`;
    const other = effects.find(
      (effect) => effect.kind === 'log' && effect.text.endsWith(now.config.name) && !CHECKER_LINE.test(effect.text),
    );
    if (other?.kind === 'log') return `the reload logs "${other.text}", which the file did not change`;
    if (effects.some((effect) => effect.kind === 'mail' && effect.subject.includes(now.config.name)))
      return `the reload mails of ${now.config.name}`;
  }
  return undefined;
}

/** What was up or down when the process before ended is so again, and what was down is not served. */
function restarted({ input, after }: Observation): string | undefined {
  if (input.kind !== 'configure' || input.remembered === undefined || input.settings.sharedChecks) return undefined;
  for (const server of after) {
    for (const real of server.reals) {
      for (const { config, up } of real.checkers) {
        const past = input.remembered.get(rememberedKey(serverIdentity(server.config), realIdentity(real.config), checkerIdentity(config)));
        if (past === undefined || !isAttempted(config.check.kind)) continue;
        if (past.up !== up) return `${realText(server.config, real.config)} was ${past.up ? 'up' : 'down'} before the start`;
        if (!past.up && real.alive) return `${realText(server.config, real.config)} was down before the start, and serves`;
      }
    }
  }
  return undefined;
}

const isReload = (before: readonly ServerView[], { input }: Observation): boolean =>
  input.kind === 'configure' && input.remembered === undefined && before.length > 0;

/** A check that the process which ends now found down, and of which the next one would not know. */
function unwritten({ view, disk, verdicts }: World): string | undefined {
  for (const { config, reals } of view) {
    for (const { config: real } of reals) {
      const keys = checkerKeys(config, real);
      for (const [index, checker] of real.checkers.entries()) {
        const expected = verdicts.checks.get(keys[index]!);
        if (expected?.up !== false || !expected.ran || !isAttempted(checker.check.kind)) continue;
        const past = disk.get(rememberedKey(serverIdentity(config), realIdentity(real), checkerIdentity(checker)));
        if (past?.up !== false) return `${realText(config, real)} is down, and that is not written down`;
      }
    }
  }
  return undefined;
}

export const reload: MakeInvariant = (world): Invariant => {
  let changedUs = 0;
  let shared = false;
  return {
    disturbed: (nowUs, { kind }) => {
      const ends = kind === 'kill' || kind === 'stop';
      return ends && world.alive && !world.paused && nowUs > changedUs + WRITTEN_US ? unwritten(world) : undefined;
    },
    stepped: (observation) => {
      if (observation.effects.some(({ kind }) => kind === 'remember')) changedUs = observation.nowUs;
      const wrong = isReload(observation.before, observation) ? reloaded(observation, shared) : restarted(observation);
      if (observation.input.kind === 'configure') shared = observation.input.settings.sharedChecks;
      return wrong;
    },
  };
};
