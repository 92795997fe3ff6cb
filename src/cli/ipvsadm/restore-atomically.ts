// -R --atomic and ipvsadm-restore: all lines or none. Only what differs between the present table and the one that the lines describe is
// changed, so connections to what is in both are not disturbed.

import type { Command } from '../../config/ipvsadm/command.js';
import type { RestoreLine } from '../../config/ipvsadm/restore-lines.js';
import { isIpvsadmError } from '../../config/ipvsadm/usage-error.js';
import { applyChange } from '../../datapath/apply-change.js';
import type { Director } from '../../datapath/director.js';
import { TableDraft } from '../../datapath/memory/table-draft.js';
import type { SyncDaemons } from '../../datapath/sync-daemons.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import type { Io } from '../io.js';
import { type Changing, checkSynchronised, execute, isChanging } from './execute.js';
import { CANNOT_START_STATUS, explanation, REFUSED_STATUS } from './failure.js';
import { linesOf } from './restore.js';
import { parseResolving, type World } from './world.js';

const WRONG_INPUT_STATUS = 2;
/** All commands are held in memory before the first change. */
const LINES_MAX = 1_000_000;

interface NumberedChange {
  readonly number: number;
  readonly command: Changing;
}

/** A line that keeps a restore from beginning. */
const wrongLine = ({ number: line }: RestoreLine, why: string, exitStatus: 1 | 2 | 255): WeirError =>
  new WeirError('restore-line-wrong', { line, why, exitStatus });

async function changeOf(line: RestoreLine, world: World): Promise<Changing> {
  let command: Command;
  try {
    command = await parseResolving(line.words, world.names);
  } catch (error) {
    if (!isIpvsadmError(error)) throw error;
    throw wrongLine(line, error.message.trimEnd(), error.exitStatus);
  }
  if (!isChanging(command)) throw wrongLine(line, 'it changes nothing, so it cannot be restored', WRONG_INPUT_STATUS);
  return command;
}

async function readChanges(world: World, io: Io): Promise<readonly NumberedChange[]> {
  const changes: NumberedChange[] = [];
  for (const line of linesOf(io)) {
    if (changes.length === LINES_MAX) throw wrongLine(line, `more than ${LINES_MAX} commands`, WRONG_INPUT_STATUS);
    changes.push({ number: line.number, command: await changeOf(line, world) });
  }
  return changes;
}

/** The line that is at work, for a message. */
interface Progress {
  at?: NumberedChange | undefined;
}

type Draft = TableDraft<NumberedChange>;

/** False: it is not about services and destinations, and is left for later. */
function drafted(draft: Draft, line: NumberedChange, daemons: SyncDaemons): boolean {
  const { command } = line;
  draft.origin = line;
  switch (command.kind) {
    case 'set':
    case 'start-daemon':
    case 'stop-daemon':
      return false;
    case 'zero':
      if (command.service !== undefined) draft.service(command.service);
      return false;
    case 'flush':
      draft.flush();
      return true;
    default:
      checkSynchronised(command, draft, daemons);
      applyChange(draft, command);
      return true;
  }
}

/** Makes the lines' table of the present one. `at`: while it lasts, and when it throws. */
function applyAll(director: Director, daemons: SyncDaemons, lines: readonly NumberedChange[], clear: boolean, progress: Progress): void {
  const draft: Draft = new TableDraft(director.services(), (change) => director.check(change));
  if (clear) draft.flush();
  const later: NumberedChange[] = [];
  for (const line of lines) {
    progress.at = line;
    if (!drafted(draft, line, daemons)) later.push(line);
  }
  const changes = draft.changes();
  const make = (): void => {
    for (const { change, origin } of changes) {
      progress.at = origin;
      applyChange(director, change);
    }
    for (const line of later) {
      progress.at = line;
      // What was zeroed may have been removed by a line behind it.
      if (line.command.kind === 'zero' && line.command.service !== undefined && !draft.has(line.command.service)) continue;
      execute(line.command, director, daemons);
    }
  };
  // One change is whole by itself, without a journal.
  if (changes.length + later.length > 1) director.atomically(make);
  else make();
}

/** `clear`: without what is in the table now. */
export async function restoreAtomically(clear: boolean, director: Director, world: World, io: Io): Promise<number> {
  const progress: Progress = {};
  try {
    const lines = await readChanges(world, io);
    if (clear && lines.length === 0 && director.services().length > 0) throw new WeirError('restore-empty');
    director.exclusively(() => applyAll(director, world.daemons, lines, clear, progress));
    return 0;
  } catch (error) {
    const { line, status } = failed(error, progress.at);
    io.err(`weir: ${line}\n`);
    return status;
  }
}

/** What a restore that failed prints, and its exit status. `at`: the line that was at work. */
function failed(error: unknown, at: NumberedChange | undefined): { readonly line: string; readonly status: number } {
  if (isWeirError(error, 'restore-line-wrong')) return { line: error.message, status: error.details.exitStatus };
  if (isWeirError(error, 'restore-empty', 'restore-line-long')) return { line: error.message, status: error.exitStatus };
  if (isWeirError(error, 'change-not-undone')) return { line: error.message, status: REFUSED_STATUS };
  const { text, cause } = explanation(error, at?.command.kind ?? 'restore');
  const why = [text, cause].filter((each) => each !== undefined).join(': ');
  const line = `${at === undefined ? '' : `line ${at.number}: `}${why}; nothing was changed`;
  return { line, status: isWeirError(error, 'lock-busy') ? CANNOT_START_STATUS : REFUSED_STATUS };
}
