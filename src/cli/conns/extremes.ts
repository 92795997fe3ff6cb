// The first of many in an order, kept in memory for so many alone.

export class Extremes<T> {
  readonly #kept: T[] = [];

  /** `before`: below 0 where one comes before another. */
  constructor(
    readonly room: number,
    readonly before: (one: T, other: T) => number,
  ) {}

  add(item: T): void {
    const last = this.#kept.at(-1);
    if (this.#kept.length >= this.room && (last === undefined || this.before(item, last) >= 0)) return;
    this.#kept.splice(this.#placeOf(item), 0, item);
    if (this.#kept.length > this.room) this.#kept.pop();
  }

  /** In the order. */
  all(): readonly T[] {
    return this.#kept;
  }

  /** Behind those that are its equals. */
  #placeOf(item: T): number {
    let [from, to] = [0, this.#kept.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      const there = this.#kept[middle];
      if (there !== undefined && this.before(item, there) < 0) to = middle;
      else from = middle + 1;
    }
    return from;
  }
}
