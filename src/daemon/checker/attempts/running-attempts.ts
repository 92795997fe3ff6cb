// The attempts under way: thousands a second come and go, and hardly ever is one asked for by its number. No Map of all of them: V8 lets each
// table that a Map outgrew point to the next one, so that once one is old all attempts would wait for a full garbage collection.

/** What is kept. */
interface Numbered {
  readonly attempt: { readonly number: number };
  /** Where it is among those that run; undefined: it is not. */
  place: number | undefined;
}

export class RunningAttempts<Run extends Numbered> {
  /** Without gaps. */
  #runs: Run[] = [];
  /** By number, from the first question of a turn of the event loop on: a reload asks for many. */
  #byNumber: ReadonlyMap<number, Run> | undefined;

  get count(): number {
    return this.#runs.length;
  }

  add(run: Run): void {
    run.place = this.#runs.push(run) - 1;
    this.#byNumber = undefined;
  }

  /** The last one takes its place. Removing twice does nothing. */
  remove(run: Run): void {
    const { place } = run;
    if (place === undefined) return;
    run.place = undefined;
    const last = this.#runs.pop();
    if (last === undefined || last === run) return;
    this.#runs[place] = last;
    last.place = place;
  }

  find(number: number): Run | undefined {
    if (this.#byNumber === undefined) {
      this.#byNumber = new Map(this.#runs.map((run) => [run.attempt.number, run]));
      setImmediate(() => {
        this.#byNumber = undefined;
      });
    }
    const run = this.#byNumber.get(number);
    return run?.place === undefined ? undefined : run;
  }

  /** Leaves none. */
  takeAll(): readonly Run[] {
    const runs = this.#runs;
    this.#runs = [];
    for (const run of runs) run.place = undefined;
    return runs;
  }
}
