// A service of a process of the daemon that another process may hinder at its start: that is logged once, and the start tried again.
import { isWeirError } from '../../model/errors/weir-error.js';
import type { Log } from '../../model/log-level.js';

const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5000;

export class StartedService<Service> {
  #service: Service | undefined;
  #again: NodeJS.Timeout | undefined;
  #failure = '';
  #retryMs = RETRY_MIN_MS;

  constructor(
    readonly make: () => Service,
    readonly log: Log,
  ) {
    this.#start();
  }

  #start(): void {
    this.#again = undefined;
    try {
      this.#service = this.make();
    } catch (error) {
      if (!isWeirError(error)) throw error;
      if (error.message !== this.#failure)
        this.log('error', `${error.message}: tried again, after ${RETRY_MIN_MS} ms first, then every ${RETRY_MAX_MS / 1000} s`);
      this.#failure = error.message;
      this.#again = setTimeout(() => this.#start(), this.#retryMs);
      this.#retryMs = Math.min(this.#retryMs * 2, RETRY_MAX_MS);
    }
  }

  /** undefined: it could not be started yet. */
  get running(): Service | undefined {
    return this.#service;
  }

  /** It is not tried again. */
  cancel(): void {
    clearTimeout(this.#again);
  }
}
