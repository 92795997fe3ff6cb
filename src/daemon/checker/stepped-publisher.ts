// Publishes a list that may be long: soon after it changed, in steps, so that checks begin in between, and never so often that writing it is most of the
// work.

import type { Publication, Published } from '../../host/publication.js';
import type { Log } from '../../model/log-level.js';
import type { Pieces } from '../../model/pieces.js';
import { native } from '../../sys/addon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import { optionalWork } from '../process/optional-work.js';

/** The pause after a write lasts so many times as long as the write. */
const PAUSE_PER_WRITE = 20;

/** `texts`: the JSON of each item, all of the same moment, made in steps. `pauseMs`: from a change until it is published, at least. */
export interface SteppedOptions {
  readonly publication: Pick<Publication<Published>, 'sweep' | 'publishItems' | 'unpublish'>;
  readonly texts: () => Pieces<readonly string[]>;
  readonly pauseMs: number;
  readonly what: string;
}

export class SteppedPublisher {
  readonly #cookie = String(native().netnsCookie());
  readonly #started = startTime(process.pid);
  #timer: NodeJS.Timeout | undefined;
  #pauseMs: number;
  /** The document that is being made. */
  #texts: Pieces<readonly string[]> | undefined;
  /** How long it has taken so far. */
  #workedMs = 0;
  /** Something changed meanwhile. */
  #isOld = false;
  readonly #attempt: (work: () => void) => void;
  #closed = false;

  constructor(
    readonly options: SteppedOptions,
    log: Log,
  ) {
    this.#pauseMs = options.pauseMs;
    this.#attempt = optionalWork((reason) => log('debug', `${options.what} are not published: ${reason}`));
    this.#attempt(() => options.publication.sweep());
  }

  /** To be called after each change. */
  publishSoon(): void {
    if (this.#texts !== undefined) this.#isOld = true;
    else if (!this.#closed) this.#timer ??= setTimeout(() => this.#begin(), this.#pauseMs);
  }

  #begin(): void {
    this.#timer = undefined;
    this.#workedMs = 0;
    this.#isOld = false;
    this.#texts = this.options.texts();
    this.#goOn();
  }

  #goOn(): void {
    if (this.#texts === undefined) return;
    const begunUs = monotonicUs();
    const { done, value } = this.#texts.next();
    if (done === true) this.#write(value);
    this.#workedMs += (monotonicUs() - begunUs) / 1000;
    if (done === true) this.#end();
    else setImmediate(() => this.#goOn());
  }

  #end(): void {
    this.#texts = undefined;
    this.#pauseMs = Math.max(this.options.pauseMs, this.#workedMs * PAUSE_PER_WRITE);
    if (this.#isOld) this.publishSoon();
  }

  #write(texts: readonly string[]): void {
    this.#attempt(() => {
      if (this.#started === undefined) return;
      this.options.publication.publishItems(this.#cookie, { pid: process.pid, started: this.#started, daemon: process.ppid }, texts);
    });
  }

  /** What changes after it is not published. */
  close(): void {
    this.#closed = true;
    this.#texts = undefined;
    clearTimeout(this.#timer);
    this.#attempt(() => this.options.publication.unpublish(this.#cookie, process.pid));
  }
}
