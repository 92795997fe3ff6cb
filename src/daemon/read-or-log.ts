// Reads of this host that are repeated by a timer: none may end the process.
import { isWeirError } from '../model/errors/weir-error.js';
import type { Log } from '../model/log-level.js';
import { isSystemError, reasonOf } from '../sys/errno.js';

/** How often the files of other processes are looked at, which change once a second at most. */
export const LOOK_MS = 500;

/** `read`, or `otherwise` where it fails; equal failures in a row are logged once. `what`: is not known then. */
export function readOrLog(what: string, log: Log): <T>(read: () => T, otherwise: T) => T {
  let last = '';
  return (read, otherwise) => {
    try {
      const value = read();
      last = '';
      return value;
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      const why = isSystemError(error) ? reasonOf(error) : error.message;
      if (why !== last) log('warning', `${what}: ${why}`);
      last = why;
      return otherwise;
    }
  };
}
