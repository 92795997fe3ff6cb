// What a process of health checks has found out, for the one after it: the verdict of each check that has run, which outlives a kill.
import { itemsOf } from '../timed-list.js';
import { checkerIdentity, realIdentity, serverIdentity } from './identity.js';
import type { Remembered, RememberedCheck } from './remembered-check.js';
import type { CheckMachine } from './state.js';

export const rememberedKey = (server: string, real: string, checker: string): string => [server, real, checker].join('\n');

export function rememberedOf({ servers, checkers }: CheckMachine): Remembered {
  const found = new Map<string, RememberedCheck>();
  for (const { config, ran, up, weight, status, sinceUs, reason, server, real } of itemsOf(checkers)) {
    const virtual = servers[server];
    const owner = virtual?.reals[real];
    if (!ran || virtual === undefined || owner === undefined) continue;
    const key = rememberedKey(serverIdentity(virtual.config), realIdentity(owner.config), checkerIdentity(config));
    // Of two checks of a server that differ in their times alone, the one that failed counts.
    if (found.get(key)?.up === false) continue;
    const slowFromUs = owner.slow?.fromUs;
    found.set(key, {
      up,
      weight,
      status,
      reason,
      ...(sinceUs === undefined ? {} : { sinceUs }),
      ...(slowFromUs === undefined ? {} : { slowFromUs }),
      ...(owner.timesDown === 0 ? {} : { timesDown: owner.timesDown }),
    });
  }
  return found;
}

/** Of a real server with these checks. */
export const rememberedTimesDown = (keys: readonly string[], remembered: Remembered | undefined): number =>
  Math.max(0, ...keys.map((key) => remembered?.get(key)?.timesDown ?? 0));
