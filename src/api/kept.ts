// What takes long to collect, kept for a moment, so that many who ask get the same.

/** So long, ms: a look every second finds it new. */
const KEPT_MS = 900;
/** From that age on it is made again behind an answer, ms. */
const AHEAD_MS = 450;
/**
 * A change of the table that another process makes is not waited for: requests are answered with the table before it, so long. The watch looks
 * once a second, so there is one.
 */
export const BESIDE_CHANGE_MS = 2000;

const now = (): number => performance.now();
const settled = (): boolean => false;

class Kept<T> {
  #last: { readonly value: T; readonly at: number } | undefined;
  #isAhead = false;

  constructor(
    readonly make: () => T,
    readonly isUnsettled: () => boolean,
    readonly clock: () => number,
  ) {}

  value(): T {
    const at = this.clock();
    const age = this.#last === undefined ? Number.POSITIVE_INFINITY : at - this.#last.at;
    if (this.#last === undefined || (age >= KEPT_MS && !(age < BESIDE_CHANGE_MS && this.isUnsettled())))
      this.#last = { value: this.make(), at };
    return this.#last.value;
  }

  /** The same; who asks often never waits for it. */
  valueAhead(): T {
    const value = this.value();
    const isDue = this.#last !== undefined && this.clock() - this.#last.at >= AHEAD_MS;
    if (isDue && !this.#isAhead) {
      this.#isAhead = true;
      setImmediate(() => this.#makeAhead());
    }
    return value;
  }

  /** Where it fails, or a change came between, what there is stands as long as without it. */
  #makeAhead(): void {
    this.#isAhead = false;
    try {
      const at = this.clock();
      if (this.isUnsettled()) return;
      const value = this.make();
      if (!this.isUnsettled()) this.#last = { value, at };
    } catch {
      // Who asks when it is too old is answered why.
    }
  }
}

/** What `make` made, for a time. `isUnsettled`: what it made last is better than what it would make now. `clock`: ms. */
export function kept<T>(make: () => T, isUnsettled = settled, clock = now): () => T {
  const one = new Kept(make, isUnsettled, clock);
  return () => one.value();
}

/** As `kept`; it is made again behind an answer, before it is too old. */
export function keptAhead<T>(make: () => T, isUnsettled = settled, clock = now): () => T {
  const one = new Kept(make, isUnsettled, clock);
  return () => one.valueAhead();
}
