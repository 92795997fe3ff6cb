// Follows the file of released instances: a drain of this director, or an operator, leaves addresses to peers. The file outlives this process.
import { releasedNow } from '../../host/released-file.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';
import { NOTHING_RELEASED, type Released } from '../../model/released.js';
import { isSystemError, reasonOf } from '../../sys/errno.js';
import { directorCookie } from '../sync/director-namespace.js';

const LOOK_MS = 500;

export interface ReleasedOptions {
  /** Of net_namespace_ipvs; absent: the process's own. */
  readonly namespace: string | undefined;
  readonly log: Log;
}

export class ReleasedInstances {
  #timer: NodeJS.Timeout | undefined;
  #now: Released;
  #failure = '';

  constructor(readonly options: ReleasedOptions) {
    this.#now = NOTHING_RELEASED;
    this.#now = this.#read();
  }

  get now(): Released {
    return this.#now;
  }

  follow(changed: (released: Released) => void): void {
    this.#timer = setInterval(() => {
      const now = this.#read();
      if (JSON.stringify(now) === JSON.stringify(this.#now)) return;
      this.#now = now;
      changed(now);
    }, LOOK_MS).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  /** What cannot be read is logged once, and stays as it was. */
  #read(): Released {
    try {
      const released = releasedNow(directorCookie(this.options.namespace));
      this.#failure = '';
      return released;
    } catch (error) {
      if (!isSystemError(error) && !isWeirError(error)) throw error;
      const why = isSystemError(error) ? reasonOf(error) : error.message;
      if (why !== this.#failure) this.options.log('warning', `which instances are released is not known: ${why}`);
      this.#failure = why;
      return this.#now;
    }
  }
}
