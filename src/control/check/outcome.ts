// What an attempt's outcome means: a verdict, another try, or the next URL; and when the next attempt begins.
import { log } from '../machine.js';
import { type CheckContext, changeChecker, checkerAt, realAt, serverAt } from './context.js';
import { kindOf } from './kinds/index.js';
import { addedByStatus } from './kinds/misc.js';
import type { KindRules, Subject } from './kinds/rules.js';
import type { Outcome } from './messages.js';
import { realName } from './names.js';
import { addWeight, judge } from './real-server.js';
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
  changeChecker(context, index, { attempt: 0, hindrance: outcome.kind === 'not-made' ? outcome.text : '' });
  if (outcome.kind === 'not-made') {
    // Once, until an attempt is made again or another thing hinders it.
    if (checker.hindrance !== outcome.text) log(context, outcome.text, 'warning');
    next(context, index, timing.delayLoopUs, rules);
  } else if (outcome.kind === 'success') succeed(context, index, outcome, rules);
  else fail(context, index, outcome, rules);
}

function next(context: CheckContext, index: number, afterUs: number, rules: KindRules): void {
  const { startedAtUs } = checkerAt(context, index);
  const from = rules.fromStart === true ? startedAtUs : context.atUs;
  changeChecker(context, index, { dueAtUs: Math.max(from + afterUs, context.atUs) });
}

function succeed(context: CheckContext, index: number, { text, status }: Extract<Outcome, { kind: 'success' }>, rules: KindRules): void {
  const before = checkerAt(context, index);
  const { check, timing } = before.config;
  const subject = subjectOf(context, before);
  const news = !before.up || !before.ran;
  if (!before.up && text !== undefined && rules.reached !== undefined) log(context, rules.reached(subject, text, before.url));
  changeChecker(context, index, { retries: 0 });
  const urls = check.kind === 'http' || check.kind === 'ssl' ? check.urls.length : 1;
  // A URL that failed is well again: all of them are asked once more.
  const url = before.urlFailed ? 0 : before.url + 1;
  if (before.urlFailed || url < urls) {
    // Until it has run, the first failure of each URL counts.
    changeChecker(context, index, { url, urlFailed: false, retries: before.ran ? 0 : timing.retry });
    const fast = (check.kind === 'http' || check.kind === 'ssl') && check.fastRecovery && news;
    next(context, index, fast ? 0 : timing.delayLoopUs, rules);
    return;
  }
  changeChecker(context, index, { url: 0 });
  if (status !== undefined) dynamicWeight(context, index, status);
  if (news) {
    const line = rules.success(subject);
    if (line !== undefined) log(context, line);
    judge(context, index, true, rules.mail.up(subject));
  }
  next(context, index, timing.delayLoopUs, rules);
}

/** Also where the status is the same as before: a failure took the weight back meanwhile. */
function dynamicWeight(context: CheckContext, index: number, status: number): void {
  const { config, server, real } = checkerAt(context, index);
  if (config.check.kind !== 'misc') return;
  changeChecker(context, index, { status });
  addWeight(context, index, addedByStatus(config.check, status, realAt(context, server, real).config.weight));
}

const logsAll = ({ machine }: CheckContext, { config }: CheckerState): boolean =>
  config.timing.logAllFailures || machine.settings.checkerLogAllFailures;

function logFailure(context: CheckContext, line: string | undefined): void {
  if (line !== undefined) log(context, line);
}

/** The texts of failures stand before a server's name in lines: `HTTP status code error to`. */
const reasonOf = (text: string): string => text.replace(/(?: (?:to|from|with|connecting to))?\s*$/, '');

function fail(context: CheckContext, index: number, { text, status }: Extract<Outcome, { kind: 'failure' }>, rules: KindRules): void {
  const before = checkerAt(context, index);
  const { timing, check } = before.config;
  const subject = subjectOf(context, before);
  const counted = before.retries >= timing.retry;
  const asked = before.up || !before.ran;
  const ofUrl = check.kind === 'http' || check.kind === 'ssl';
  if (!counted && (asked || rules.retriesAlways === true)) {
    const retry = before.retries + 1;
    changeChecker(context, index, { retries: retry, ran: before.ran || rules.retriesAlways !== true });
    if (asked && logsAll(context, before)) logFailure(context, rules.uncounted(subject, text, retry));
    next(context, index, timing.delayBeforeRetryUs, rules);
    return;
  }
  changeChecker(context, index, { retries: 0, urlFailed: ofUrl });
  if (asked) {
    const attempted = rules.countedToo === 'always' || (rules.countedToo === 'while-up' && before.up);
    if (attempted && logsAll(context, before)) logFailure(context, rules.uncounted(subject, text, before.retries + 1));
    log(context, rules.failure(subject, { text, retries: timing.retry, first: !before.ran }));
    if (status !== undefined) changeChecker(context, index, { status });
    if (before.weight !== 0) changeChecker(context, index, { weight: 0 });
    judge(context, index, false, rules.mail.down(subject, { text }), reasonOf(text));
  }
  next(context, index, ofUrl ? Math.max(timing.delayBeforeRetryUs, timing.delayLoopUs) : timing.delayLoopUs, rules);
}
