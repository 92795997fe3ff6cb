// -R: each line of standard input is a command line. Usage errors end it, a director's refusals are printed and passed over.

import type { Command } from '../../config/ipvsadm/command.js';
import { type RestoreLine, RestoreLines } from '../../config/ipvsadm/restore-lines.js';
import { isIpvsadmError } from '../../config/ipvsadm/usage-error.js';
import type { Director } from '../../datapath/director.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import type { Io } from '../io.js';
import { type Changing, execute, isChanging, printReading, type Reading } from './execute.js';
import { LIST_FAILED_STATUS, REFUSED_STATUS, reportFailure } from './failure.js';
import { helpText, VERSION_TEXT } from './help.js';
import { parseResolving, type World } from './world.js';

/** `ends`: nothing more is read. */
interface Outcome {
  readonly status: number;
  readonly ends: boolean;
}

async function runReading(command: Reading, director: Director, world: World, io: Io): Promise<Outcome> {
  try {
    await printReading(command, director, world, io);
    return { status: 0, ends: false };
  } catch (error) {
    return { status: reportFailure(error, command.kind, io) ?? LIST_FAILED_STATUS, ends: true };
  }
}

function runChange(command: Changing, director: Director, world: World, io: Io): Outcome {
  try {
    execute(command, director, world.daemons);
    return { status: 0, ends: false };
  } catch (error) {
    // The next line would wait as long for the same lock.
    return { status: reportFailure(error, command.kind, io) ?? REFUSED_STATUS, ends: isWeirError(error, 'lock-busy') };
  }
}

/** One command line within a restore. */
async function runLine(line: RestoreLine, director: Director, world: World, io: Io): Promise<Outcome> {
  let command: Command;
  try {
    command = await parseResolving(line.words, world.names);
    if (command.kind === 'restore') throw new WeirError('ipvsadm-try-help');
  } catch (error) {
    if (!isIpvsadmError(error)) throw error;
    io.err(`${error.message}\n`);
    return { status: error.exitStatus, ends: error.code !== 'ipvsadm-bad-word' };
  }
  if (command.kind === 'help' || command.kind === 'version') {
    io.out(command.kind === 'help' ? helpText : VERSION_TEXT);
    return { status: 0, ends: true };
  }
  return isChanging(command) ? runChange(command, director, world, io) : runReading(command, director, world, io);
}

/** Standard input, line by line. @throws WeirError restore-line-long */
export function* linesOf(io: Io): Generator<RestoreLine> {
  const lines = new RestoreLines();
  for (;;) {
    const chunk = io.read();
    if (chunk === undefined) break;
    yield* lines.push(chunk);
  }
  const last = lines.end();
  if (last !== undefined) yield last;
}

/** -R. The status of the last line, or of the one that ended it. */
export async function restore(director: Director, world: World, io: Io): Promise<number> {
  let status = 0;
  try {
    for (const line of linesOf(io)) {
      const outcome = await runLine(line, director, world, io);
      status = outcome.status;
      if (outcome.ends) break;
    }
  } catch (error) {
    if (!isWeirError(error, 'restore-line-long')) throw error;
    io.err(`weir: ${error.message}\n`);
    return error.exitStatus;
  }
  return status;
}
