// What is printed, and with which status, when a command cannot be done.
import { Refusal } from '../../datapath/director.js';
import type { Io } from '../io.js';
import type { Command } from './command.js';
import { codeOf, errorText } from './errors.js';

/** The director refused a change, or popt a word. */
export const refusedStatus = 255;
export const listFailedStatus = 1;
export const cannotStartStatus = 2;

/** One or two lines for a director's refusal or the system's error, without line ends. Rethrows what is neither. */
export function failureLines(error: unknown, kind: Command['kind']): readonly string[] {
  const code = codeOf(error);
  if (code === undefined || !(error instanceof Error)) throw error;
  const cause = `weir: ${error.message}`;
  if (error instanceof Refusal && code === 'EOPNOTSUPP') return [cause];
  const text = errorText(code, kind);
  if (text === undefined) return [cause];
  // The kernel's own refusals need no word more; a table that is full or a broken system does.
  return error instanceof Refusal && code !== 'ENOSPC' ? [text] : [text, cause];
}

export function reportFailure(error: unknown, kind: Command['kind'], io: Io): void {
  io.err(`${failureLines(error, kind).join('\n')}\n`);
}

/** No datapath: the original's two lines, then the cause, unless it is plainly that the user is not root. */
export function reportNoStart(error: unknown, isRoot: boolean, io: Io): void {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const denied = !isRoot && (code === 'EACCES' || code === 'EPERM');
  const text = (denied ? errorText('EPERM') : code === undefined ? undefined : errorText(code)) ?? message;
  const lines = [`Can't initialize ipvs: ${text}`, 'Are you sure that IP Virtual Server is built in the kernel or as module?'];
  if (!denied && text !== message) lines.push(`weir: ${message}`);
  io.err(`${lines.join('\n')}\n`);
}
