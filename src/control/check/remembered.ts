// What a process of health checks has found out, for the one after it: the verdict of each check that has run, which outlives a kill.
import type { Checker, RealServer, VirtualServer } from '../../model/keepalived/virtual-server.js';
import { itemsOf } from '../timed-list.js';
import { checkerIdentity, realIdentity, serverIdentity } from './identity.js';
import type { Remembered, RememberedCheck } from './remembered-check.js';
import type { CheckMachine } from './state.js';

export const rememberedKey = (server: string, real: string, checker: string): string => [server, real, checker].join('\n');

interface KeyedCheck {
  readonly server: VirtualServer;
  readonly real: RealServer;
  readonly checker: Checker;
  readonly key: string;
}

/** The keys of checks, by their indices: making them takes most of the time, and only a reload changes them. */
export class RememberedKeys {
  readonly #known: KeyedCheck[] = [];

  get(index: number, server: VirtualServer, real: RealServer, checker: Checker): string {
    const known = this.#known[index];
    if (known?.checker === checker && known.real === real && known.server === server) return known.key;
    const key = rememberedKey(serverIdentity(server), realIdentity(real), checkerIdentity(checker));
    this.#known[index] = { server, real, checker, key };
    return key;
  }

  /** There are so many checks now. */
  forgetFrom(count: number): void {
    this.#known.length = Math.min(this.#known.length, count);
  }
}

/** `keys`: of a caller that asks often. */
export function rememberedOf({ servers, checkers }: CheckMachine, keys = new RememberedKeys()): Remembered {
  const found = new Map<string, RememberedCheck>();
  const all = itemsOf(checkers);
  keys.forgetFrom(all.length);
  for (const [index, { config, ran, up, weight, status, sinceUs, reason, server, real }] of all.entries()) {
    const virtual = servers[server];
    const owner = virtual?.reals[real];
    if (!ran || virtual === undefined || owner === undefined) continue;
    const key = keys.get(index, virtual.config, owner.config, config);
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
      ...(owner.downUs === 0 ? {} : { downUs: owner.downUs }),
    });
  }
  return found;
}

/** How often a real server with these checks went down. */
export const rememberedTimesDown = (keys: readonly string[], remembered: Remembered | undefined): number =>
  Math.max(0, ...keys.map((key) => remembered?.get(key)?.timesDown ?? 0));

/** How long it was down, without the last time if that is not over. */
export const rememberedDownUs = (keys: readonly string[], remembered: Remembered | undefined): number =>
  Math.max(0, ...keys.map((key) => remembered?.get(key)?.downUs ?? 0));
