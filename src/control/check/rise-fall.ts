// rise and fall: a verdict changes only after so many rounds in a row that ended the other way. A round is what decides alone without them:
// a success (HTTP_GET: of all pages), or the failure that counts after the retries.
import { log } from '../machine.js';
import { type CheckContext, changeChecker, checkerAt, logsAllFailures, realAt, serverAt } from './context.js';
import { realName } from './names.js';

/** Counts a round; whether it changes the verdict. The first verdict of all needs one round, as in keepalived. */
export function takeRound(context: CheckContext, index: number, success: boolean): boolean {
  const { up, ran, contrary, config } = checkerAt(context, index);
  if (ran && up === success) {
    if (contrary > 0) changeChecker(context, index, { contrary: 0 });
    return false;
  }
  const { rise, fall } = config.timing;
  const needed = ran ? (success ? rise : fall) : 1;
  const rounds = contrary + 1;
  changeChecker(context, index, { contrary: rounds >= needed ? 0 : rounds });
  if (rounds < needed) logRound(context, index, success, `${rounds} of ${success ? 'rise' : 'fall'} ${needed}`);
  return rounds >= needed;
}

/** A round that does not decide is logged as a failure is that does not count. */
function logRound(context: CheckContext, index: number, success: boolean, count: string): void {
  const checker = checkerAt(context, index);
  if (!logsAllFailures(context, checker)) return;
  const { server, real } = checker;
  const { config: virtual } = serverAt(context, server);
  const name = realName(realAt(context, server, real).config, virtual);
  log(context, `Round of checks of service ${name} of VS ${virtual.name} ${success ? 'succeeded' : 'failed'}: ${count}`);
}
