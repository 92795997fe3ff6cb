// What may wait for its next turn where another process holds a lock.
import { isWeirError } from '../../model/errors/weir-error.js';

/** undefined: another process had the lock. */
export function unlessBusy<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (isWeirError(error, 'lock-busy')) return undefined;
    throw error;
  }
}
