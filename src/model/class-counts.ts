// Counts values by class: how many were at most each bound, and above the last one.
export interface Classes {
  /** Upper bounds of the classes, ascending. */
  readonly bounds: readonly number[];
  /** Of each class, and of what is above the last bound. */
  readonly counts: readonly number[];
  readonly sum: number;
}

export class ClassCounts {
  readonly #counts: number[];
  #sum = 0;

  /** `bounds`: ascending. */
  constructor(readonly bounds: readonly number[]) {
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0);
  }

  count(value: number): void {
    const found = this.bounds.findIndex((bound) => value <= bound);
    const index = found < 0 ? this.bounds.length : found;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#sum += value;
  }

  get classes(): Classes {
    return { bounds: this.bounds, counts: [...this.#counts], sum: this.#sum };
  }
}

/** Of times, as they are published. */
export interface TimeClasses {
  readonly boundsUs: readonly number[];
  readonly counts: readonly number[];
  readonly sumUs: number;
}

export const timeClasses = ({ classes: { bounds, counts, sum } }: ClassCounts): TimeClasses => ({
  boundsUs: bounds,
  counts,
  sumUs: Math.round(sum),
});
