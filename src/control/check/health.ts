// The health of servers as people are shown it: who is up, since when, and which check fails.
import { endpointText } from '../../model/endpoint-text.js';
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import type { RealServerHealth, VirtualServerHealth } from '../../model/keepalived/server-health.js';
import { itemsFrom } from '../timed-list.js';
import { isAttempted } from './kinds/index.js';
import type { CheckEffect } from './messages.js';
import { pauseWhileDownUs } from './outcome.js';
import { weightIn } from './pool.js';
import { slowWeight } from './slow-weight.js';
import type { CheckerState, CheckMachine, RealState, ServerState } from './state.js';

const US_PER_S = 1_000_000;

/** Monotonic microseconds; undefined: from the start. */
interface Since {
  readonly sinceUs: number | undefined;
}

export type RealHealth = RealServerHealth<Since>;

export interface ServerHealth extends VirtualServerHealth {
  readonly reals: readonly RealHealth[];
}

/** Up since the last of its checks came up; down since the first of those that fail did. */
function sinceOf(alive: boolean, checkers: readonly CheckerState[]): number | undefined {
  const times = checkers.filter(({ up }) => up === alive).flatMap(({ sinceUs }) => sinceUs ?? []);
  if (times.length === 0) return undefined;
  return alive ? Math.max(...times) : Math.min(...times);
}

const checkName = ({ config }: CheckerState): string => CHECK_NAMES[config.check.kind];

const pauseOf = (checker: CheckerState): { readonly everySeconds?: number } =>
  isAttempted(checker.config.check.kind) ? { everySeconds: pauseWhileDownUs(checker) / US_PER_S } : {};

/** `checkers`: those of this server. */
export function realHealthOf(
  { config, alive, maintained, slow, timesDown, downUs }: RealState,
  checkers: readonly CheckerState[],
): RealHealth {
  const down = checkers.filter(({ up }) => !up);
  const weight = weightIn(config, checkers);
  return {
    server: endpointText(config),
    up: alive,
    sinceUs: sinceOf(alive, checkers),
    weight,
    ...(slow === undefined ? {} : { slowWeight: slowWeight(weight, slow) }),
    checks: checkers.length,
    unchecked: checkers.filter(({ ran }) => !ran).length,
    failed: down.map((checker) => ({ check: checkName(checker), reason: checker.reason, sinceUs: checker.sinceUs, ...pauseOf(checker) })),
    notMade: checkers.flatMap((checker) => (checker.hindrance === '' ? [] : [{ check: checkName(checker), reason: checker.hindrance }])),
    timesDown,
    ...(downUs === 0 ? {} : { downUs }),
    ...(maintained ? { maintained } : {}),
  };
}

/** The health of a virtual server, as the health of its real servers makes it; that is not part of it. */
export function virtualHealthOf({ config, quorumUp, sorry, suspended }: ServerState, reals: readonly RealHealth[]): VirtualServerHealth {
  const weight = reals.reduce((sum, real) => (real.up ? sum + real.weight : sum), 0);
  return { name: config.name, quorumUp, quorum: config.quorum, weight, sorry, suspended };
}

export function healthOf({ servers, checkers }: CheckMachine): readonly ServerHealth[] {
  return servers.map((server) => {
    const reals = server.reals.map((real) => realHealthOf(real, itemsFrom(checkers, real.firstChecker, real.checkerCount)));
    return { ...virtualHealthOf(server, reals), reals };
  });
}

/** Whether people are shown something else after it. */
export const changesHealth = ({ kind }: CheckEffect): boolean =>
  kind === 'remember' || kind === 'publish' || kind === 'serve' || kind === 'remove';
