// FILE_CHECK and BFD_CHECK: verdicts and weights from the values of tracked files and the states of BFD sessions.
import { log, logDetail } from '../machine.js';
import { itemsOf } from '../timed-list.js';
import { type CheckContext, changeChecker, checkerAt, checkersNow, realAt, serverAt } from './context.js';
import { only } from './kinds/rules.js';
import { realName } from './names.js';
import { addWeight, judge } from './real-server.js';

/** A product at the limit of an int counts as a failure, as in keepalived. */
const FAULT = -(2 ** 31 - 1);

/** What a file's value adds to the weight; undefined: the check fails. */
function fileWeight(value: number, weight: number, reverse: boolean): number | undefined {
  if (weight === 0) return (value === 0) === reverse ? undefined : 0;
  const added = value * weight * (reverse ? -1 : 1);
  return added <= FAULT ? undefined : Math.min(added, -FAULT);
}

export function takeFile(context: CheckContext, name: string, value: number | undefined): void {
  context.machine = { ...context.machine, files: new Map(context.machine.files).set(name, value) };
  for (const [index, { config }] of itemsOf(checkersNow(context)).entries()) {
    if (config.check.kind === 'file' && config.check.trackFile === name) settleFile(context, index);
  }
}

/** A file that is missing, or was not read yet, counts as 0. */
export function settleFile(context: CheckContext, index: number): void {
  const { config, server, real, up, ran } = checkerAt(context, index);
  const { trackFile, weight, reverse } = only(config.check, 'file');
  const added = fileWeight(context.machine.files.get(trackFile) ?? 0, weight, reverse);
  const name = realName(realAt(context, server, real).config, serverAt(context, server).config);
  if (added === undefined) {
    if (!up && ran) return;
    logDetail(context, `(${name}): tracked file ${trackFile} now FAULT state`);
    changeChecker(context, index, { weight: 0 });
    judge(context, index, false, `FILE CHECK ${trackFile} failed on service`, `file ${trackFile}`);
    return;
  }
  if (up) {
    // At the start it is no change.
    if (ran) addWeight(context, index, added);
    else changeChecker(context, index, { ran: true, weight: added });
    return;
  }
  logDetail(context, `(${name}): tracked file ${trackFile} leaving FAULT state`);
  changeChecker(context, index, { weight: added });
  judge(context, index, true, `FILE CHECK ${trackFile} succeeded on service`);
}

export function takeBfd(context: CheckContext, name: string, up: boolean): void {
  context.machine = { ...context.machine, bfds: new Map(context.machine.bfds).set(name, up) };
  for (const [index, { config }] of itemsOf(checkersNow(context)).entries()) {
    if (config.check.kind === 'bfd' && config.check.name === name) settleBfd(context, index);
  }
}

/** A session that was not reported yet changes nothing. */
export function settleBfd(context: CheckContext, index: number): void {
  const { config, up: before, ran, server, real } = checkerAt(context, index);
  const { name } = only(config.check, 'bfd');
  const up = context.machine.bfds.get(name);
  if (up === undefined || (before === up && ran)) return;
  const which = realName(realAt(context, server, real).config, serverAt(context, server).config);
  log(context, `BFD check of [${name}] RS(${which}) is ${up ? 'UP' : 'DOWN'}`);
  judge(context, index, up, `BFD CHECK ${name} ${up ? 'succeeded' : 'failed'} on service`, up ? '' : `session ${name} is down`);
}
