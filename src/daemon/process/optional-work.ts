// Work that the daemon does not depend on, such as publishing its state for other commands: its first failure is logged, and the daemon
// goes on.
import { isSystemError } from '../../sys/errno.js';

/** A function that does such work. `logFailure` is called once. */
export function optionalWork(logFailure: (reason: string) => void): (work: () => void) => void {
  let failed = false;
  return (work) => {
    try {
      work();
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!failed) logFailure(error.message);
      failed = true;
    }
  };
}
