// What a process of synchronisation states of itself for other programs, in a file that is written again and again: a full disk must not end the process, whose
// peers would get nothing more.
import type { Log } from '../../model/log-level.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';

export class ReportFile {
  #failure = '';

  constructor(readonly log: Log) {}

  /** False: it could not be written. Equal failures in a row are logged once. */
  write(work: () => void): boolean {
    try {
      work();
      this.#failure = '';
      return true;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const why = reasonOf(error);
      if (why !== this.#failure) this.log('warning', `what it does cannot be written for weir sync status: ${why}: going on without it`);
      this.#failure = why;
      return false;
    }
  }
}
