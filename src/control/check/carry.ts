// What a reload keeps: a check that is the same goes on as it was, with the new times.
import { asksPages, type Checker, type RealServer } from '../../model/keepalived/virtual-server.js';
import { itemsFrom } from '../timed-list.js';
import { firstDueAtUs } from './attempts.js';
import { type CheckContext, checkersNow } from './context.js';
import { checkerIdentity, realIdentity, serverIdentity } from './identity.js';
import { isAttempted, kindOf } from './kinds/index.js';
import { addedByStatus } from './kinds/misc.js';
import { rememberedKey } from './remembered.js';
import type { Remembered } from './remembered-check.js';
import type { CheckerState, RealState, ServerState } from './state.js';

/** The state before a reload, by identity. */
export interface Before {
  readonly servers: ReadonlyMap<string, ServerState>;
  /** Of one real server: `real(server identity, real identity)`. */
  readonly real: (server: string, real: string) => { readonly state: RealState; readonly checkers: readonly CheckerState[] } | undefined;
}

export function before(context: CheckContext): Before {
  const { servers } = context;
  const checkers = checkersNow(context);
  const byServer = new Map(servers.map((state) => [serverIdentity(state.config), state]));
  return {
    servers: byServer,
    real: (server, real) => {
      const owner = byServer.get(server);
      const index = owner?.reals.findIndex(({ config }) => realIdentity(config) === real) ?? -1;
      const state = owner?.reals[index];
      if (owner === undefined || state === undefined) return undefined;
      return { state, checkers: itemsFrom(checkers, state.firstChecker, state.checkerCount) };
    },
  };
}

/** The retries of a check whose first failure counts: all are used, unless the kind retries in its first round, too. */
export const usedRetries = ({ check, timing }: Checker): number =>
  isAttempted(check.kind) && kindOf(check.kind).freshRounds === true ? 0 : timing.retry;

const NO_WARNINGS: CheckerState['warnings'] = new Map();

/** A check that nothing is known of. */
function newChecker(context: CheckContext, config: Checker, up: boolean): Omit<CheckerState, 'target' | 'server' | 'real'> {
  return {
    config,
    up,
    ran: false,
    sinceUs: undefined,
    reason: '',
    retries: 0,
    contrary: 0,
    dueAtUs: isAttempted(config.check.kind) ? firstDueAtUs(context, config) : undefined,
    attempt: 0,
    startedAtUs: context.atUs,
    behindUs: 0,
    hindrance: '',
    warnings: NO_WARNINGS,
    weight: 0,
    status: 0,
    url: 0,
    urlFailed: false,
  };
}

/** What a script's last status adds to the weight that the file has now. */
function withWeight(checker: CheckerState, given: number): CheckerState {
  const { config, up, status } = checker;
  return config.check.kind === 'misc' && up ? { ...checker, weight: addedByStatus(config.check, status, given) } : checker;
}

/**
 * Whether a check that a reload adds to this server counts as up until it has run, with alpha, too. As in keepalived, the checks that stay
 * decide: none of them has failed, and the server was up or one of them has run.
 */
function isTrusted({ alive }: RealState, kept: readonly (CheckerState | undefined)[]): boolean {
  const ran = kept.filter((checker) => checker?.ran === true);
  return ran.every((checker) => checker?.up === true) && (alive || ran.length > 0);
}

/** The checks of one real server as they are after a start or a reload. `old`: it was there before. */
export function carryCheckers(
  context: CheckContext,
  { checkers: wanted, weight, address, port }: RealServer,
  place: {
    readonly server: number;
    readonly real: number;
    readonly serverKey: string;
    readonly realKey: string;
    /** Nothing was configured before. */
    readonly atStart: boolean;
  },
  old: { readonly state: RealState; readonly checkers: readonly CheckerState[] } | undefined,
  remembered: Remembered | undefined,
): readonly CheckerState[] {
  const { server, real, serverKey, realKey, atStart } = place;
  const spare = new Map<string, CheckerState[]>();
  for (const checker of old?.checkers ?? []) {
    const key = checkerIdentity(checker.config);
    spare.set(key, [...(spare.get(key) ?? []), checker]);
  }
  const kept = wanted.map((config) => spare.get(checkerIdentity(config))?.shift());
  const trusted = old !== undefined && isTrusted(old.state, kept);
  // As in keepalived: the first failure is retried where a reload brings the server, or leaves it well.
  const firstCounts = atStart || (old !== undefined && !trusted);
  return wanted.map((config, index) => {
    const { check, timing } = config;
    const same = kept[index];
    const target = { ...config.target, address: config.target.address ?? address, port: config.target.port ?? port };
    if (same !== undefined) {
      const retries = Math.min(same.retries, same.ran ? Math.max(0, timing.retry - 1) : timing.retry);
      return withWeight({ ...same, server, real, config, target, retries }, weight);
    }
    const up = !timing.alpha || trusted;
    const fresh = { ...newChecker(context, config, up), retries: firstCounts ? usedRetries(config) : 0, target, server, real };
    const past = remembered?.get(rememberedKey(serverKey, realKey, checkerIdentity(config)));
    if (past === undefined) return fresh;
    // Which page failed is not remembered: the first one stands for it.
    const urlFailed = !past.up && asksPages(check);
    return withWeight({ ...fresh, ...past, ran: true, retries: 0, urlFailed }, weight);
  });
}
