// The verdicts of a real server's checkers become its health: it is alive while all of them are up.
import { CHECK_NAMES } from '../../model/keepalived/check-names.js';
import { log } from '../machine.js';
import { type CheckContext, changeChecker, changeReal, checkerAt, checkersOf, realAt, serverAt } from './context.js';
import { realName } from './names.js';
import { mailReal, notifyReal } from './notify.js';
import { weightOf } from './pool.js';
import { settleQuorum } from './quorum.js';
import { beginSlowStart, endSlowStart } from './slow-start.js';
import type { RealState } from './state.js';

const failedCheckers = (context: CheckContext, server: number, real: number): number =>
  checkersOf(context, server, real).filter((index) => !checkerAt(context, index).up).length;

/** A checker's verdict. `mail`: the text of the mail, if the verdict is another one than before. `reason`: why it failed. */
export function judge(context: CheckContext, index: number, up: boolean, mail: string, reason = ''): void {
  const { up: before, ran, sinceUs, server, real, config } = checkerAt(context, index);
  const { alive } = realAt(context, server, real);
  changeChecker(context, index, { up, ran: true, reason, sinceUs: before === up ? (sinceUs ?? context.atUs) : context.atUs });
  if (!up) changeReal(context, server, real, { failed: true });
  context.effects.push({ kind: 'remember' });
  if (before === up) {
    if (!ran && (config.timing.alpha || !up)) notifyReal(context, server, real);
    return;
  }
  const failed = failedCheckers(context, server, real);
  if (up ? failed === 0 : failed === 1) setAlive(context, server, real, up);
  const turned = realAt(context, server, real).alive !== alive;
  if (turned || !context.machine.settings.noCheckerEmails)
    mailReal(context, server, real, mail, up ? undefined : `${CHECK_NAMES[config.check.kind]}: ${reason}`);
}

/** It is down since the first of its checks failed, which may have been before this process. */
function downTimes(
  context: CheckContext,
  server: number,
  real: number,
  alive: boolean,
): Pick<RealState, 'timesDown' | 'downUs' | 'downSinceUs'> {
  const { timesDown, downUs, downSinceUs = context.atUs } = realAt(context, server, real);
  if (alive) return { timesDown, downUs: downUs + context.atUs - downSinceUs, downSinceUs: undefined };
  const since = checkersOf(context, server, real).map((index) => checkerAt(context, index));
  const times = since.filter(({ up }) => !up).map(({ sinceUs = context.atUs }) => sinceUs);
  return { timesDown: timesDown + 1, downUs, downSinceUs: Math.min(context.atUs, ...times) };
}

/** Takes a server into the pool or out of it. */
export function setAlive(context: CheckContext, server: number, real: number, alive: boolean): void {
  const state = realAt(context, server, real);
  if (state.alive === alive) return;
  const { config } = serverAt(context, server);
  const { inhibitOnFailure } = state.config;
  const verb = alive ? (inhibitOnFailure ? 'Enabling' : 'Adding') : inhibitOnFailure ? 'Disabling' : 'Removing';
  const preposition = inhibitOnFailure ? 'of' : alive ? 'to' : 'from';
  log(context, `${verb} service ${realName(state.config, config)} ${preposition} VS ${config.name}`);
  changeReal(context, server, real, { alive, failed: alive ? false : state.failed, ...downTimes(context, server, real, alive) });
  context.changed.add(server);
  if (!alive) endSlowStart(context, server, real);
  else if (state.failed) beginSlowStart(context, server, real);
  notifyReal(context, server, real);
  settleQuorum(context, server);
}

/** What a checker adds to its server's weight from now on. */
export function addWeight(context: CheckContext, index: number, weight: number): void {
  const { server, real } = checkerAt(context, index);
  const before = weightOf(context, server, real);
  changeChecker(context, index, { weight });
  const after = weightOf(context, server, real);
  if (before === after) return;
  const { config } = serverAt(context, server);
  const state = realAt(context, server, real);
  const which = `${state.alive ? '' : 'in'}active service ${realName(state.config, config)} of VS ${config.name}`;
  log(context, `Changing weight from ${before} to ${after} for ${which}`);
  context.changed.add(server);
  settleQuorum(context, server);
}
