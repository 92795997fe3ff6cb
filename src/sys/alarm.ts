// A timer of the event loop, exact to the microsecond.
import { native } from './addon.js';
import { monotonicUs } from './clock.js';
import { Fd } from './fd.js';
import { type Watch, whenReadable } from './readable.js';

/** Node's own timers have milliseconds only. */
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
