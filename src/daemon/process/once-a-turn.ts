// Work that is asked for many times in a row (a storm of signals) is done once a turn of the event loop: timers and packets come between.

export class OnceATurn<T> {
  readonly #asked = new Set<T>();

  constructor(readonly work: (what: T) => void) {}

  ask(what: T): void {
    if (this.#asked.has(what)) return;
    this.#asked.add(what);
    setImmediate(() => this.#run(what));
  }

  #run(what: T): void {
    if (this.#asked.delete(what)) this.work(what);
  }

  /** Does now what was asked for. */
  flush(): void {
    for (const what of [...this.#asked]) this.#run(what);
  }
}
