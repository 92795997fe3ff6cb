// Why a check fails, as people are shown it. While it stays down its last failure is what counts: a server may fail in other ways by now.
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import { log } from '../machine.js';
import { type CheckContext, changeChecker, checkerAt } from './context.js';
import type { Subject } from './kinds/rules.js';
import type { Outcome } from './messages.js';

type Failure = Extract<Outcome, { kind: 'failure' }>;

/** The texts of failures stand before a server's name in lines: `HTTP status code error to`. */
const reasonOf = (text: string): string => text.replace(/(?: (?:to|from|with|connecting to))?\s*$/, '');

/** `HTTP status code error (/health: status 503)` */
export const shownFailure = ({ text, reason, seen }: Failure): string =>
  `${reason ?? reasonOf(text)}${seen === undefined ? '' : ` (${seen})`}`;

/** Takes note of a failure that changes no verdict. */
export function noteFailure(context: CheckContext, index: number, failure: Failure): void {
  const { up, ran, reason: before } = checkerAt(context, index);
  const reason = shownFailure(failure);
  if (up || !ran || reason === before) return;
  changeChecker(context, index, { reason });
  context.effects.push({ kind: 'publish' });
}

/** keepalived's line about a failure has no room for what was seen: that is a line of its own. */
export function logSeen(context: CheckContext, { checker, real, server }: Subject, failure: Failure): void {
  if (failure.seen === undefined) return;
  log(context, `${CHECK_NAMES[checker.check.kind]} of service ${real} of VS ${server.name}: ${shownFailure(failure)}`);
}
