// No storm of checks: whatever was missed in a pause, each check is made once, and not again before its interval is over.
import { BEGUN_MAX } from '../../../control/check/attempts.js';
import { asksPages, type CheckTiming } from '../../../model/keepalived/virtual-server.js';
import type { Invariant, MakeInvariant } from '../invariant.js';
import { checkerKeys } from '../names.js';

const BOOTSTRAP_US = 1_000_000;

interface Last {
  readonly begunUs: number;
  readonly endedUs: number;
  /** The shortest of its intervals since then: a reload may shorten it. */
  readonly pauseUs: number;
  readonly failed: boolean;
  /** So many in a row began without that pause. */
  readonly unpaused: number;
}

const pauseOf = ({ delayLoopUs, delayBeforeRetryUs }: CheckTiming): number => Math.min(delayLoopUs, delayBeforeRetryUs);

export const storm: MakeInvariant = (): Invariant => {
  const last = new Map<string, Last>();
  const running = new Map<number, string>();
  let startedUs = 0;
  return {
    disturbed: (_, { kind }) => {
      if (kind !== 'start' && kind !== 'kill' && kind !== 'crash') return undefined;
      last.clear();
      running.clear();
      return undefined;
    },
    stepped: ({ input, effects, after, localUs }) => {
      if (input.kind === 'configure' && input.remembered !== undefined) startedUs = localUs;
      // A reload may have checks take over the moments of others.
      if (input.kind === 'configure' && input.settings.sharedChecks) last.clear();
      if (input.kind === 'outcomes') {
        for (const { attempt, outcome } of input.outcomes) {
          const key = running.get(attempt);
          const before = key === undefined ? undefined : last.get(key);
          if (key !== undefined && before !== undefined) last.set(key, { ...before, endedUs: localUs, failed: outcome.kind !== 'success' });
          running.delete(attempt);
        }
      }
      for (const effect of effects) if (effect.kind === 'abandon') running.delete(effect.attempt);
      const begun = new Set(effects.flatMap((effect) => (effect.kind === 'attempt' ? [effect.attempt.number] : [])));
      if (begun.size > BEGUN_MAX) return `begins ${begun.size} attempts together`;
      if (input.kind !== 'configure' && begun.size === 0) return undefined;
      for (const { config: server, reals } of after) {
        for (const { config: real, checkers } of reals) {
          const keys = checkerKeys(server, real);
          for (const [index, { config, attempt }] of checkers.entries()) {
            const key = keys[index]!;
            const before = last.get(key);
            const pauseUs = Math.min(pauseOf(config.timing), before?.pauseUs ?? Number.POSITIVE_INFINITY);
            if (before !== undefined) last.set(key, { ...before, pauseUs });
            if (!begun.has(attempt)) continue;
            running.set(attempt, key);
            const { check } = config;
            const pages = asksPages(check) && check.fastRecovery ? check.urls.length : 0;
            const from = check.kind === 'misc' ? before?.begunUs : before?.endedUs;
            const early = from !== undefined && localUs < from + pauseUs;
            const unpaused = early && before !== undefined ? before.unpaused + 1 : 0;
            if (early && before?.failed === true) return `${check.kind} is made again ${localUs - from} us after a failure`;
            if (unpaused > pages) return `${check.kind} is made again after ${localUs - (from ?? 0)} us`;
            if (localUs < startedUs + BOOTSTRAP_US) return `${check.kind} is made ${localUs - startedUs} us after the start`;
            last.set(key, { begunUs: localUs, endedUs: localUs, pauseUs: pauseOf(config.timing), failed: false, unpaused });
          }
        }
      }
      return undefined;
    },
  };
};
