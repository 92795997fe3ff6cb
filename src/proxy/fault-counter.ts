// Faults that clients can cause at any rate: the first of each text is reported when it happens, then how many there were, once a minute.

const PERIOD_MS = 60_000;
/** Texts beyond are counted as one. */
const TEXTS_MAX = 32;
const OTHERS = 'other faults';

export class FaultCounter {
  /** How many were not reported yet. */
  readonly #counts = new Map<string, number>();
  #periodEndsAt = 0;

  constructor(readonly report: (text: string) => void) {}

  add(given: string): void {
    if (this.#counts.size === 0) this.#periodEndsAt = performance.now() + PERIOD_MS;
    const text = this.#counts.has(given) || this.#counts.size < TEXTS_MAX ? given : OTHERS;
    const count = this.#counts.get(text);
    if (count === undefined) this.report(text);
    this.#counts.set(text, count === undefined ? 0 : count + 1);
  }

  /** To be called at least once a minute. */
  tick(): void {
    if (this.#counts.size === 0 || performance.now() < this.#periodEndsAt) return;
    this.#periodEndsAt = performance.now() + PERIOD_MS;
    for (const [text, count] of this.#counts) {
      if (count === 0) this.#counts.delete(text);
      else {
        this.report(`${text} (${count} more)`);
        this.#counts.set(text, 0);
      }
    }
  }
}
