// When attempts begin. While a virtual server is suspended, or a real server is in maintenance, its checkers wait.
import { dueBy, nextDueIn } from '../timed-list.js';
import { type CheckContext, changeChecker, checkerAt, checkersNow, realAt, serverAt, share } from './context.js';
import type { Attempt } from './messages.js';
import { isWaiting, sharersOf } from './sharers.js';
import type { CheckerState, CheckMachine } from './state.js';

/** keepalived waits this long at a start, before any warmup. */
const BOOTSTRAP_US = 1_000_000;

/** The first attempt: after a random share of the warmup, so that not all servers are asked at the same moment. */
export function firstDueAtUs(context: CheckContext, { timing }: CheckerState['config']): number {
  return context.atUs + BOOTSTRAP_US + share(context, timing.warmupUs);
}

/**
 * One wake begins at most so many: after a pause all are due together, and answers must be read meanwhile. What begins together also ends
 * together, so a long turn makes the next round of its first checks late.
 */
export const BEGUN_MAX = 64;

/** Begins the attempts that are due; those that are too many are begun with the next wake, which comes immediately. */
export function beginDue(context: CheckContext): void {
  const firstUs = nextDueIn(checkersNow(context)) ?? context.atUs;
  for (const index of dueBy(checkersNow(context), context.atUs, BEGUN_MAX)) {
    // A sharer has begun for it.
    if (checkerAt(context, index).dueAtUs === undefined) continue;
    if (isWaiting(context, index)) changeChecker(context, index, { dueAtUs: context.atUs + delayLoopUs(context, index) });
    else begin(context, index, firstUs);
  }
}

export const delayLoopUs = (context: CheckContext, index: number): number =>
  Math.max(1000, checkerAt(context, index).config.timing.delayLoopUs);

/** `firstUs`: when the first of those that begin now was due. */
function begin(context: CheckContext, index: number, firstUs: number): void {
  const { config, target, server, real, url, dueAtUs = firstUs } = checkerAt(context, index);
  context.attempts += 1;
  const number = context.attempts;
  const begun = { attempt: number, startedAtUs: context.atUs, behindUs: dueAtUs - firstUs, dueAtUs: undefined };
  for (const sharer of sharersOf(context, index)) changeChecker(context, sharer, begun);
  const { config: virtual } = serverAt(context, server);
  const { virtualHost } = realAt(context, server, real).config;
  const attempt: Attempt = {
    number,
    checker: index,
    check: config.check,
    target,
    connectTimeoutUs: config.timing.connectTimeoutUs,
    intervalUs: config.timing.delayLoopUs,
    url,
    hostName: context.machine.hostName,
    serverHost: virtualHost,
    virtualHost: virtual.virtualHost,
  };
  context.effects.push({ kind: 'attempt', attempt, lateUs: context.atUs - dueAtUs });
}

/** Forgets the attempts that are under way, each of them once. */
export function abandon(context: CheckContext, checkers: readonly CheckerState[]): void {
  for (const attempt of new Set(checkers.map((checker) => checker.attempt)))
    if (attempt !== 0) context.effects.push({ kind: 'abandon', attempt });
}

/** When the next attempt is due. */
export const nextDueAtUs = ({ checkers }: CheckMachine): number | undefined => nextDueIn(checkers);
