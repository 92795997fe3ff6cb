// What takes long to collect, kept for a moment, so that many who ask get the same.
import { atOnce, onePiece, type Pieces } from '../model/pieces.js';

/** So long, ms: a look every second finds it new. */
const KEPT_MS = 900;
/** From that age on it is made again behind an answer, piece by piece, ms. */
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
    readonly make: () => Pieces<T>,
    readonly isUnsettled: () => boolean,
    readonly clock: () => number,
  ) {}

  value(): T {
    const at = this.clock();
    const age = this.#last === undefined ? Number.POSITIVE_INFINITY : at - this.#last.at;
    if (this.#last === undefined || (age >= KEPT_MS && !(age < BESIDE_CHANGE_MS && this.isUnsettled())))
      this.#last = { value: atOnce(this.make()), at };
    return this.#last.value;
  }

  /** The same; who asks often never waits for it. */
  valueAhead(): T {
    const value = this.value();
    const at = this.clock();
    const isDue = this.#last !== undefined && at - this.#last.at >= AHEAD_MS;
    if (isDue && !this.#isAhead) {
      this.#isAhead = true;
      setImmediate(() => this.#goOn(this.#later(), at));
    }
    return value;
  }

  /** What begins to be made throws, too, only where it is gone on with. */
  *#later(): Pieces<T> {
    return yield* this.make();
  }

  /** Where it fails, or a change comes between, what there is stands as long as without it. */
  #goOn(pieces: Pieces<T>, at: number): void {
    try {
      const next = this.isUnsettled() ? undefined : pieces.next();
      if (next !== undefined && next.done !== true) {
        setImmediate(() => this.#goOn(pieces, at));
        return;
      }
      // Who could not wait may have a newer one.
      const isNewest = this.#last === undefined || this.#last.at <= at;
      if (next !== undefined && isNewest && !this.isUnsettled()) this.#last = { value: next.value, at };
    } catch {
      // Who asks when it is too old is answered why.
    }
    this.#isAhead = false;
  }
}

/** What `make` made, for a time. `isUnsettled`: what it made last is better than what it would make now. `clock`: ms. */
export function kept<T>(make: () => T, isUnsettled = settled, clock = now): () => T {
  const one = new Kept(() => onePiece(make), isUnsettled, clock);
  return () => one.value();
}

/** As `kept`; it is made again behind an answer, before it is too old, with others' turns between the pieces. */
export function keptAhead<T>(make: () => Pieces<T>, isUnsettled = settled, clock = now): () => T {
  const one = new Kept(make, isUnsettled, clock);
  return () => one.valueAhead();
}
