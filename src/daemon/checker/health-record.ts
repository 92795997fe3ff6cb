// What the checks found, in a file of this boot: the next process begins with it, also after a kill -9.
import type { Remembered, RememberedCheck } from '../../control/check/remembered-check.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError } from '../../sys/errno.js';
import { readTextFile, replaceTextFile } from '../../sys/files/durable-file.js';

/** The pause after a write lasts so many times as long as the write, but no longer than this, ms. */
const PAUSE_PER_WRITE = 20;
const PAUSE_MAX_MS = 50;

function isCheck(value: unknown): value is RememberedCheck {
  const {
    up,
    weight,
    status,
    sinceUs = 0,
    slowFromUs = 0,
    timesDown = 0,
    downUs = 0,
    reason = '',
  } = (value ?? {}) as Partial<RememberedCheck>;
  const numbers = [weight, status, sinceUs, slowFromUs, timesDown, downUs].every(Number.isSafeInteger);
  return typeof up === 'boolean' && numbers && typeof reason === 'string';
}

/** Empty for a text that we did not write. */
export function parseRemembered(text: string): Remembered {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return new Map();
    return new Map(Object.entries(value).filter((entry): entry is [string, RememberedCheck] => isCheck(entry[1])));
  } catch {
    return new Map();
  }
}

export class HealthRecord {
  #timer: NodeJS.Timeout | undefined;
  #pausesUntilMs = 0;
  #trouble = '';

  constructor(
    readonly path: string,
    readonly current: () => Remembered,
    readonly log: Log,
  ) {}

  read(): Remembered {
    try {
      return parseRemembered(readTextFile(this.path) ?? '');
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#logTrouble(error.message);
      return new Map();
    }
  }

  /** Now, if it was not written just before: the table changes next, and a successor must not take that back. */
  write(): void {
    if (this.#timer !== undefined) return;
    const pauseMs = this.#pausesUntilMs - performance.now();
    if (pauseMs > 0) this.#timer = setTimeout(() => this.flush(), pauseMs);
    else this.#write();
  }

  /** Now, if something waits to be written. */
  flush(): void {
    if (this.#timer === undefined) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#write();
  }

  #write(): void {
    const begunMs = performance.now();
    try {
      replaceTextFile(this.path, `${JSON.stringify(Object.fromEntries(this.current()))}\n`, 0o600);
      this.#trouble = '';
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#logTrouble(error.message);
    }
    const endedMs = performance.now();
    this.#pausesUntilMs = endedMs + Math.min((endedMs - begunMs) * PAUSE_PER_WRITE, PAUSE_MAX_MS);
  }

  /** Logs each trouble once: without the file the checks go on, but the next process begins without what they found. */
  #logTrouble(text: string): void {
    if (this.#trouble !== text) this.log('warning', `health of servers cannot be kept for a restart: ${text}`);
    this.#trouble = text;
  }
}
