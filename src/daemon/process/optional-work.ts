// Work that the daemon does not depend on, such as publishing its state for other commands: its first failure is logged, and the daemon
// goes on.
import { isWeirError } from '../../model/errors/weir-error.js';
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

/** A function that does such work, or other work again and again. `logTrouble` is called for each trouble once, until the work is done. */
export function repeatedWork(logTrouble: (reason: string) => void): (work: () => void) => void {
  let trouble = '';
  return (work) => {
    try {
      work();
      trouble = '';
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      if (error.message !== trouble) logTrouble(error.message);
      trouble = error.message;
    }
  };
}
