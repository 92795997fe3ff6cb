// How long a verdict may take: from the change of a server to the end of the check that must have seen it.
import { asksPages, type Checker } from '../../../model/keepalived/virtual-server.js';
import type { Configuration } from '../history.js';

/** A start waits for so long before any warmup. */
const BOOTSTRAP_US = 1_000_000;
/** An answer takes up to 20 ms; a turn of the event loop as much again. */
const ANSWER_US = 60_000;

/** The longest that one attempt may last. */
function attemptUs({ check, timing }: Checker): number {
  if (check.kind !== 'misc') return timing.connectTimeoutUs + ANSWER_US;
  return (check.timeoutUs === 0 ? timing.delayLoopUs : check.timeoutUs) + ANSWER_US;
}

/** Between two attempts of one check. */
const pauseUs = ({ timing }: Checker): number => Math.max(timing.delayLoopUs, timing.delayBeforeRetryUs);

export const firstUs = ({ timing }: Checker): number => BOOTSTRAP_US + timing.warmupUs;

/** A server is dead: the attempt under way may still succeed, all later ones fail. */
export function downUs(checker: Checker, lateUs: number): number {
  const { retry, fall, delayBeforeRetryUs } = checker.timing;
  const roundUs = (retry + 1) * (attemptUs(checker) + lateUs) + retry * delayBeforeRetryUs;
  return attemptUs(checker) + lateUs + fall * (pauseUs(checker) + roundUs);
}

/** A server answers: the attempt under way may still fail; then each URL succeeds, and the one that failed once more. */
export function upUs(checker: Checker, lateUs: number): number {
  const { check, timing } = checker;
  const rounds = 2 + timing.rise * (asksPages(check) ? check.urls.length : 1);
  return rounds * (pauseUs(checker) + attemptUs(checker) + lateUs);
}

/** Undisturbed for so long, everything is what its servers deserve. */
export function settleUs({ servers }: Configuration, lateUs: number): number {
  const checkers = servers.flatMap(({ realServers }) => realServers.flatMap((real) => real.checkers));
  return Math.max(0, ...checkers.map((checker) => firstUs(checker) + downUs(checker, lateUs) + upUs(checker, lateUs)));
}
