// -g FILE: opened by root, perhaps in a folder that all may write to, so no link is followed and only a file of our own is taken.
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import { hasCode, isSystemError } from '../../sys/errno.js';

/** Not blocking: a FIFO without a reader would hold the daemon up for ever. */
const FLAGS =
  constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK | constants.O_NOCTTY;

/** What is wrong with what was opened, if anything. */
function unfit(fd: number): string | undefined {
  const status = fstatSync(fd);
  if (!status.isFile()) return 'it is not a file';
  if (status.uid !== process.geteuid?.()) return 'it is another user’s';
  // A second name may be that of any file of ours.
  return status.nlink > 1 ? 'it has another name, too (hard link)' : undefined;
}

/** The descriptor of a log file, for appending; or why it is not used. A new file is for its owner alone. */
export function openLogFile(path: string): number | string {
  try {
    const fd = openSync(path, FLAGS, 0o600);
    const why = unfit(fd);
    if (why === undefined) return fd;
    closeSync(fd);
    return why;
  } catch (error) {
    if (hasCode(error, 'ELOOP')) return 'it is a link';
    if (hasCode(error, 'ENXIO', 'EISDIR', 'ENODEV')) return 'it is not a file';
    if (isSystemError(error)) return error.message;
    throw error;
  }
}
