// A time limit for an answer from elsewhere. Time in which this process itself stood still does not count: what came meanwhile is read first.

/** A timer that is so late, ms, means that the process was stopped, or its loop or the host was. */
const STOOD_STILL_MS = 100;

export class AnswerTimeout {
  #timer: NodeJS.Timeout | undefined;
  #reading: NodeJS.Immediate | undefined;
  #dueMs = 0;
  /** Once: on a host that is always late, an answer that never comes is given up, too. */
  #extended = false;

  /** `over`: called once, from the event loop, unless it is cancelled before. */
  constructor(
    readonly ms: number,
    readonly over: () => void,
  ) {
    this.#start(ms);
  }

  #start(ms: number): void {
    this.cancel();
    this.#dueMs = performance.now() + ms;
    this.#timer = setTimeout(() => this.#late(), ms);
  }

  #late(): void {
    const lateMs = performance.now() - this.#dueMs;
    if (lateMs >= STOOD_STILL_MS && !this.#extended) {
      this.#extended = true;
      this.#start(Math.min(lateMs, this.ms));
      return;
    }
    // Timers come before sockets in a turn of the loop, immediates after them.
    this.#reading = setImmediate(this.over);
  }

  /** The whole time again. */
  restart(): void {
    if (this.#extended) {
      this.#extended = false;
      this.#start(this.ms);
      return;
    }
    clearImmediate(this.#reading);
    this.#dueMs = performance.now() + this.ms;
    this.#timer?.refresh();
  }

  /** Lets go of the timer, too: what lives on beside it would otherwise keep all that came after it from being collected soon. */
  cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#reading);
    this.#timer = undefined;
    this.#reading = undefined;
  }
}
