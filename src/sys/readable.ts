// Callbacks from the event loop: when a descriptor can be read, or at a given time.
import { native } from './addon.js';
import { Fd } from './fd.js';
import type { PollHandle } from './native.js';

const POLLIN = 1;

export interface Watch {
  /** Stopping twice does nothing. The descriptor stays open. */
  stop(): void;
}

/** Calls `work` while `fd` can be read. What `work` throws ends the process, as any uncaught error does. */
export function whenReadable(fd: number, work: () => void): Watch {
  const handle: PollHandle = native().pollStart(fd, POLLIN, work);
  return { stop: () => native().pollStop(handle) };
}

/** Microseconds of the monotonic clock, which never goes back and is not set. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** A timer with microseconds: Node's own timers have milliseconds only. */
export class Alarm {
  readonly #fd: Fd;
  readonly #watch: Watch;
  #at: number | undefined;

  /** `work` gets the delay, in microseconds. */
  constructor(work: (lateUs: number) => void) {
    this.#fd = new Fd(native().timerCreate(), 'timer');
    this.#watch = whenReadable(this.#fd.number, () => {
      if (native().timerRead(this.#fd.number) > 0) {
        const late = monotonicUs() - (this.#at ?? Number.POSITIVE_INFINITY);
        this.#at = undefined;
        work(Math.max(0, late));
      }
    });
  }

  /** Sets the time: `us` of the monotonic clock; undefined: none. It replaces the time that was set before. */
  set(us: number | undefined): void {
    if (us !== this.#at) {
      this.#at = us;
      native().timerSet(this.#fd.number, us === undefined ? 0 : Math.max(1, Math.ceil(us)));
    }
  }

  close(): void {
    this.#watch.stop();
    this.#fd.close();
  }
}
