// What another director has and this one has no service, or not that server, for: it is kept, and offered again when the table here has changed.

/** So many are kept; a flood of forged ones takes no more memory. */
const UNBOUND_MAX = 65_536;
/** What came without a time (version 0 has none) is kept so long. */
const KEPT_S = 300;
/** What has expired is looked for so often, where there is no room: each look is at all. */
const SWEEP_US = 1_000_000;

interface Kept<T> {
  readonly one: T;
  /** Microseconds of the monotonic clock. */
  readonly untilUs: number;
}

export class Unbound<T extends { readonly seconds: number }> {
  readonly #kept = new Map<string, Kept<T>>();
  #sweepAtUs = 0;

  /** `idOf`: by what one differs from all others. */
  constructor(readonly idOf: (one: T) => string) {}

  get size(): number {
    return this.#kept.size;
  }

  /** False: there is no room for it. */
  keep(one: T, nowUs: number): boolean {
    const id = this.idOf(one);
    if (!this.#kept.has(id) && this.#kept.size >= UNBOUND_MAX) this.#forgetExpired(nowUs);
    if (!this.#kept.has(id) && this.#kept.size >= UNBOUND_MAX) return false;
    this.#kept.set(id, { one, untilUs: nowUs + (one.seconds || KEPT_S) * 1_000_000 });
    return true;
  }

  /** Newer news of it went into the tables: what is kept of it is over. */
  forget(one: T): void {
    if (this.#kept.size > 0) this.#kept.delete(this.idOf(one));
  }

  /** Those that are alive, each with the seconds that it has left, if it had a time; it keeps none of them. */
  take(nowUs: number): readonly T[] {
    const alive = [...this.#kept.values()].filter(({ untilUs }) => untilUs > nowUs);
    this.#kept.clear();
    return alive.map(({ one, untilUs }) => (one.seconds === 0 ? one : { ...one, seconds: Math.ceil((untilUs - nowUs) / 1_000_000) }));
  }

  #forgetExpired(nowUs: number): void {
    if (nowUs < this.#sweepAtUs) return;
    this.#sweepAtUs = nowUs + SWEEP_US;
    for (const [id, { untilUs }] of this.#kept) if (untilUs <= nowUs) this.#kept.delete(id);
  }
}
