// What an attempt's outcome means: a verdict, another try, or the next URL; and when the next attempt begins.
import { asksPages } from '../../model/keepalived/virtual-server.js';
import { log } from '../machine.js';
import { type CheckContext, changeChecker, checkerAt, logsAllFailures, realAt, serverAt } from './context.js';
import { kindOf } from './kinds/index.js';
import { addedByStatus } from './kinds/misc.js';
import type { KindRules, Subject } from './kinds/rules.js';
import type { Outcome } from './messages.js';
import { realName } from './names.js';
import { addWeight, judge } from './real-server.js';
import { takeRound } from './rise-fall.js';
import { logSeen, noteFailure, shownFailure } from './shown-failure.js';
import type { CheckerState } from './state.js';

function subjectOf(context: CheckContext, { config, server, real }: CheckerState): Subject {
  const { config: virtual } = serverAt(context, server);
  const realServer = realAt(context, server, real).config;
  return { checker: config, real: realName(realServer, virtual), server: virtual, realServer };
}

/** Takes the outcome of the attempt that is under way. */
export function takeOutcome(context: CheckContext, index: number, outcome: Outcome): void {
  const checker = checkerAt(context, index);
  const { timing, check } = checker.config;
  const rules = kindOf(check.kind);
  const cause = outcome.kind === 'success' ? undefined : outcome.cause;
  const hindrance = outcome.kind === 'not-made' ? outcome.text : (cause ?? '');
  changeChecker(context, index, { attempt: 0, hindrance });
  if (hindrance !== checker.hindrance) context.effects.push({ kind: 'publish' });
  // Once, until an attempt is made again or another thing hinders it.
  const isNewHindrance = hindrance !== '' && checker.hindrance !== hindrance;
  if (isNewHindrance && cause !== undefined) log(context, cause, 'warning');
  if (outcome.kind === 'not-made') {
    if (isNewHindrance) log(context, rules.notMade?.(subjectOf(context, checker), outcome.text) ?? outcome.text, 'warning');
    if (rules.freshRounds === true) changeChecker(context, index, { retries: 0 });
    next(context, index, timing.delayLoopUs, rules);
  } else if (outcome.kind === 'success') succeed(context, index, outcome, rules);
  else fail(context, index, outcome, rules);
}

/** Checks that begin together keep their distances, as far as a tenth of the pause: otherwise all that one stall delayed stay together. */
const KEPT_PART = 10;

function next(context: CheckContext, index: number, afterUs: number, rules: KindRules): void {
  const { startedAtUs, behindUs } = checkerAt(context, index);
  const from = rules.fromStart === true ? startedAtUs : context.atUs;
  const keptUs = Math.min(behindUs, Math.floor(afterUs / KEPT_PART));
  changeChecker(context, index, { dueAtUs: Math.max(from + afterUs + keptUs, context.atUs) });
}

function succeed(context: CheckContext, index: number, outcome: Extract<Outcome, { kind: 'success' }>, rules: KindRules): void {
  const { text, status } = outcome;
  const before = checkerAt(context, index);
  const { check, timing } = before.config;
  const wasUp = before.up && before.ran;
  if (!before.up && text !== undefined && rules.reached !== undefined)
    log(context, rules.reached(subjectOf(context, before), text, before.url));
  warn(context, index, outcome.warning, rules);
  changeChecker(context, index, { retries: 0 });
  const urls = asksPages(check) ? check.urls.length : 1;
  // A URL that failed is well again: all of them are asked once more.
  const url = before.urlFailed ? 0 : before.url + 1;
  if (before.urlFailed || url < urls) {
    // Until it has run, the first failure of each URL counts.
    changeChecker(context, index, { url, urlFailed: false, retries: before.ran ? 0 : timing.retry });
    const fast = asksPages(check) && check.fastRecovery && !wasUp;
    next(context, index, fast ? 0 : timing.delayLoopUs, rules);
    return;
  }
  changeChecker(context, index, { url: 0 });
  const comesUp = takeRound(context, index, true);
  if (status !== undefined && (comesUp || wasUp)) dynamicWeight(context, index, status);
  if (comesUp) {
    const subject = subjectOf(context, before);
    const line = rules.success(subject);
    if (line !== undefined) log(context, line);
    judge(context, index, true, rules.mail.up(subject));
  }
  next(context, index, timing.delayLoopUs, rules);
}

/** Logs a warning once, until it is another one: that of a certificate counts days. */
function warn(context: CheckContext, index: number, warning: string | undefined, rules: KindRules): void {
  const checker = checkerAt(context, index);
  const { warnings, url } = checker;
  if (warning === warnings.get(url)) return;
  const changed = new Map(warnings);
  if (warning === undefined) changed.delete(url);
  else changed.set(url, warning);
  changeChecker(context, index, { warnings: changed });
  if (warning !== undefined && rules.warning !== undefined) log(context, rules.warning(subjectOf(context, checker), warning), 'warning');
}

/** Takes the weight of misc_dynamic, also where the status is that of before: a failure took the weight back meanwhile. */
function dynamicWeight(context: CheckContext, index: number, status: number): void {
  const { config, server, real } = checkerAt(context, index);
  if (config.check.kind !== 'misc') return;
  changeChecker(context, index, { status });
  addWeight(context, index, addedByStatus(config.check, status, realAt(context, server, real).config.weight));
}

/** `undefined`: the kind has no line for it. */
function logLine(context: CheckContext, line: string | undefined): void {
  if (line !== undefined) log(context, line);
}

function fail(context: CheckContext, index: number, outcome: Extract<Outcome, { kind: 'failure' }>, rules: KindRules): void {
  const { text } = outcome;
  noteFailure(context, index, outcome);
  const before = checkerAt(context, index);
  const { timing } = before.config;
  const isDown = before.ran && !before.up;
  if (isDown && rules.retriesWhileDown !== true) {
    takeRound(context, index, false);
    next(context, index, pauseWhileDownUs(before), rules);
    return;
  }
  const isLogged = !isDown && logsAllFailures(context, before);
  if (before.retries < timing.retry) {
    const retries = before.retries + 1;
    const ran = before.ran || rules.freshRounds !== true;
    changeChecker(context, index, { retries, ran });
    if (ran && !before.ran) context.effects.push({ kind: 'remember' });
    if (isLogged) logLine(context, rules.uncounted(subjectOf(context, before), text, retries));
    next(context, index, timing.delayBeforeRetryUs, rules);
    return;
  }
  changeChecker(context, index, { retries: 0, urlFailed: asksPages(before.config.check) });
  if (takeRound(context, index, false)) goDown(context, index, outcome, isLogged, rules);
  next(context, index, pauseWhileDownUs(checkerAt(context, index)), rules);
}

/** The failure that counts. `isLogged`: those that do not count are logged, too. */
function goDown(
  context: CheckContext,
  index: number,
  outcome: Extract<Outcome, { kind: 'failure' }>,
  isLogged: boolean,
  rules: KindRules,
): void {
  const { text, status, reason } = outcome;
  const before = checkerAt(context, index);
  const { retry } = before.config.timing;
  const subject = subjectOf(context, before);
  const hasOwnLine = rules.countedToo === 'always' || (rules.countedToo === 'while-up' && before.up);
  if (hasOwnLine && isLogged) logLine(context, rules.uncounted(subject, text, retry + 1));
  const firstAsLater = rules.firstAsLater === true;
  const failure = { text, retries: retry, first: !before.ran && !firstAsLater, ...(reason === undefined ? {} : { reason }) };
  if (before.up || !firstAsLater) {
    log(context, rules.failure(subject, failure));
    logSeen(context, subject, outcome);
  }
  if (status !== undefined) changeChecker(context, index, { status });
  if (before.weight !== 0) changeChecker(context, index, { weight: 0 });
  if (firstAsLater) changeChecker(context, index, { ran: true });
  judge(context, index, false, rules.mail.down(subject, { text }), shownFailure(outcome));
}

/**
 * A page that failed is asked for after the longer of both delays. Once it is well, and another one fails before the server is up, that one
 * is asked for after delay_before_retry, or delay_loop where that is 0. fast_recovery leaves out pauses after successes only, so a round
 * asks for each page once without a pause; keepalived 2.2.7 also leaves out the pause after such a failure, as long as the page fails.
 */
export function pauseWhileDownUs(checker: CheckerState): number {
  const { check, timing } = checker.config;
  const { delayBeforeRetryUs, delayLoopUs } = timing;
  if (!asksPages(check)) return delayLoopUs;
  if (checker.urlFailed) return Math.max(delayBeforeRetryUs, delayLoopUs);
  return delayBeforeRetryUs === 0 ? delayLoopUs : delayBeforeRetryUs;
}
