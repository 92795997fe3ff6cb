// Times by class: how many were at most each bound, and above the last one.
export interface TimeClasses {
  /** Ascending. */
  readonly boundsUs: readonly number[];
  readonly counts: readonly number[];
  readonly sumUs: number;
}

export class TimeClassCounts {
  readonly #counts: number[];
  #sumUs = 0;

  /** `boundsUs`: ascending. */
  constructor(readonly boundsUs: readonly number[]) {
    this.#counts = Array.from({ length: boundsUs.length + 1 }, () => 0);
  }

  count(us: number): void {
    const found = this.boundsUs.findIndex((bound) => us <= bound);
    const index = found < 0 ? this.boundsUs.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sumUs += us;
  }

  describe(): TimeClasses {
    return { boundsUs: this.boundsUs, counts: [...this.#counts], sumUs: Math.round(this.#sumUs) };
  }
}
