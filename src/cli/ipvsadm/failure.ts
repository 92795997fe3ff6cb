// What is printed, and with which status, when a command cannot be done.
import { Refusal } from '../../datapath/director.js';
import { LockBusy } from '../../sys/lock.js';
import { oneLine } from '../failure.js';
import type { Io } from '../io.js';
import type { Command } from './command.js';
import { codeOf, errorText } from './errors.js';

/** The director refused a change, or popt a word. */
export const refusedStatus = 255;
export const listFailedStatus = 1;
export const cannotStartStatus = 2;

/** weir's own errors begin with its name. */
function plain(error: Error): string {
  return oneLine(error.message.replace(/^weir: /, ''));
}

/** One or two lines for a director's refusal or a trouble that is known, without line ends. Rethrows a mistake of ours. */
export function failureLines(error: unknown, kind: Command['kind']): readonly string[] {
  if (!(error instanceof Error)) throw error;
  const code = codeOf(error);
  const cause = `weir: ${plain(error)}`;
  if (code === undefined) {
    if (error.message.startsWith('weir: ')) return [cause];
    throw error;
  }
  if (error instanceof Refusal && code === 'EOPNOTSUPP') return [cause];
  const text = errorText(code, kind);
  if (text === undefined) return [cause];
  // The kernel's own refusals need no word more; a table that is full or a broken system does.
  return error instanceof Refusal && code !== 'ENOSPC' ? [text] : [text, cause];
}

/** undefined: the failure has no exit status of its own. */
export function reportFailure(error: unknown, kind: Command['kind'], io: Io): number | undefined {
  io.err(`${failureLines(error, kind).join('\n')}\n`);
  return error instanceof LockBusy ? cannotStartStatus : undefined;
}

/** No datapath: the original's two lines, then the cause, unless it is plainly that the user is not root. */
export function reportNoStart(thrown: unknown, isRoot: boolean, io: Io): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (error instanceof LockBusy) {
    io.err(`weir: ${plain(error)}\n`); // the datapath is there: somebody else is at work
    return;
  }
  const code = codeOf(error) ?? codeOf(error.cause);
  const denied = !isRoot && (code === 'EACCES' || code === 'EPERM');
  const text = denied ? errorText('EPERM') : code === undefined ? undefined : errorText(code);
  const lines = [
    `Can't initialize ipvs: ${text ?? plain(error)}`,
    'Are you sure that IP Virtual Server is built in the kernel or as module?',
  ];
  if (!denied && text !== undefined) lines.push(`weir: ${plain(error)}`);
  io.err(`${lines.join('\n')}\n`);
}
