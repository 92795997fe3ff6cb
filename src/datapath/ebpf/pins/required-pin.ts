// Pins that must be there while the datapath is loaded: one that is missing was removed by hand, and is named.
import { WeirError } from '../../../model/errors/weir-error.js';
import { hasCode } from '../../../sys/errno.js';

/** What `open` opens. The caller holds the lock, so no other command removes pins. @throws WeirError pin-missing */
export function requiredPin<T>(path: string, open: (path: string) => T): T {
  try {
    return open(path);
  } catch (error) {
    if (hasCode(error, 'ENOENT')) throw new WeirError('pin-missing', { path });
    throw error;
  }
}
