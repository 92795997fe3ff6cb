// What is printed, and with which status, when a command cannot be done.

import type { Command } from '../../config/ipvsadm/command.js';
import { isRefusal, isWeirError } from '../../model/errors/weir-error.js';
import { oneLine } from '../failure.js';
import type { Io } from '../io.js';
import { errnoOf, errorText } from './errno-text.js';

/** The director refused a change, or popt a word. */
export const REFUSED_STATUS = 255;
export const LIST_FAILED_STATUS = 1;
export const CANNOT_START_STATUS = 2;

/** What is printed of an error: ipvsadm's own text, weir's cause, or both. */
export interface Explanation {
  readonly text?: string;
  readonly cause?: string;
}

/** What ipvsadm prints for a director's refusal or a known error, and its exit status. Rethrows an unknown one: a bug. */
export function explanation(error: unknown, kind: Command['kind']): Explanation {
  if (!(error instanceof Error)) throw error;
  const errno = errnoOf(error);
  if (errno === undefined && !isWeirError(error)) throw error;
  const cause = oneLine(error.message);
  const text = errno === undefined || isRefusal(error, 'EOPNOTSUPP') ? undefined : errorText(errno, kind);
  if (text === undefined) return { cause };
  // A refusal of the kernel needs no further text; a full table or a broken system does.
  return isRefusal(error) && errno !== 'ENOSPC' ? { text } : { text, cause };
}

const textsOf = ({ text, cause }: Explanation): readonly string[] => [
  ...(text === undefined ? [] : [text]),
  ...(cause === undefined ? [] : [`weir: ${cause}`]),
];

/** undefined: the failure has no exit status of its own. */
export function reportFailure(error: unknown, kind: Command['kind'], io: Io): number | undefined {
  io.err(`${textsOf(explanation(error, kind)).join('\n')}\n`);
  return isWeirError(error, 'lock-busy') ? CANNOT_START_STATUS : undefined;
}

/** No datapath: ipvsadm's two lines, then the cause, unless it is that the user is not root. */
export function reportNoStart(thrown: unknown, isRoot: boolean, io: Io): void {
  const error = thrown instanceof Error ? thrown : new Error(String(thrown));
  if (isWeirError(error, 'lock-busy')) {
    io.err(`weir: ${oneLine(error.message)}\n`); // the datapath is there: another process has the lock
    return;
  }
  const errno = errnoOf(error) ?? errnoOf(error.cause);
  const denied = !isRoot && (errno === 'EACCES' || errno === 'EPERM');
  const text = denied ? errorText('EPERM') : errno === undefined ? undefined : errorText(errno);
  const lines = [
    `Can't initialize ipvs: ${text ?? oneLine(error.message)}`,
    'Are you sure that IP Virtual Server is built in the kernel or as module?',
  ];
  if (!denied && text !== undefined) lines.push(`weir: ${oneLine(error.message)}`);
  io.err(`${lines.join('\n')}\n`);
}
