// Counts how late the process's timer came, by classes: adverts are sent by it.
import type { Lateness } from '../../host/published-vrrp.js';

/** 100 us to 1 s: adverts of fast mode are 10 ms apart, those of keepalived a second. */
const BOUNDS_US = [100, 250, 500, 1000, 2500, 5000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000] as const;

export class TimerLateness {
  readonly #counts: number[] = Array.from({ length: BOUNDS_US.length + 1 }, () => 0);
  #sumUs = 0;

  count(lateUs: number): void {
    const found = BOUNDS_US.findIndex((bound) => lateUs <= bound);
    const index = found < 0 ? BOUNDS_US.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sumUs += lateUs;
  }

  describe(): Lateness {
    return { boundsUs: BOUNDS_US, counts: [...this.#counts], sumUs: Math.round(this.#sumUs) };
  }
}
