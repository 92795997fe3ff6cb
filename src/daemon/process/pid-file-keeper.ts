// A pid file that could not be written because the disk is full: the daemon works without it, logs that, and tries again.

import type { Log } from '../../model/log-level.js';
import { isSystemError } from '../../sys/errno.js';
import { isDiskTrouble, removePidFile, writePidFile } from './pid-file.js';

const RETRY_MS = 30_000;

export class PidFileKeeper {
  #timer: NodeJS.Timeout | undefined;

  constructor(
    readonly path: string,
    readonly log: Log,
  ) {}

  /** @throws the system's error where it is no trouble of the disk's: a wrong place, no right */
  write(): void {
    try {
      writePidFile(this.path);
    } catch (error) {
      if (!isDiskTrouble(error)) throw error;
      this.log('error', `cannot write ${this.path}: ${(error as Error).message}: going on without it, trying again`);
      this.#timer = setInterval(() => this.#again(), RETRY_MS).unref();
    }
  }

  #again(): void {
    try {
      writePidFile(this.path);
      clearInterval(this.#timer);
      this.log('info', `${this.path} is written now`);
    } catch (error) {
      // Logged before; whatever it is now, nothing here depends on the file.
      if (!isSystemError(error)) throw error;
    }
  }

  /** At the end. */
  remove(): void {
    clearInterval(this.#timer);
    removePidFile(this.path);
  }
}
