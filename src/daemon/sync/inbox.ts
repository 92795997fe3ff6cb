// What has come from another director on its way into the tables: it waits for the table's lock, and where no service or server is for it, for that.
import { Unbound } from '../../control/sync/unbound.js';
import type { Applied } from '../../model/foreign-connection.js';

/** So many wait for the lock; more are dropped, and counted. */
const PENDING_MAX = 1_000_000;

export class Inbox<T extends { readonly seconds: number }> {
  readonly #unbound: Unbound<T>;
  readonly #applied: Partial<Record<Applied, number>> = {};
  #pending: T[] = [];
  #overrun = 0;

  /** `apply`: what became of each. `idOf`: as of Unbound. */
  constructor(
    readonly apply: (all: readonly T[]) => readonly Applied[],
    idOf: (one: T) => string,
  ) {
    this.#unbound = new Unbound(idOf);
  }

  /** How many became what. */
  get applied(): Readonly<Partial<Record<Applied, number>>> {
    return this.#applied;
  }

  /** How many were dropped. */
  get overrun(): number {
    return this.#overrun;
  }

  get unbound(): number {
    return this.#unbound.size;
  }

  put(one: T): void {
    if (this.#pending.length < PENDING_MAX) this.#pending.push(one);
    else this.#overrun += 1;
  }

  /** Services or servers may have come for what had none. It is older than all that waits. */
  offerAgain(nowUs: number): void {
    const newer = this.#pending;
    this.#pending = [];
    for (const one of this.#unbound.take(nowUs)) this.put(one);
    for (const one of newer) this.put(one);
  }

  /** Into the tables. @throws as `apply`: all of it still waits then */
  deliver(nowUs: number): void {
    if (this.#pending.length === 0) return;
    const all = this.#pending;
    const answers = this.apply(all);
    this.#pending = [];
    for (const [k, one] of all.entries()) {
      const answer = answers[k] ?? 'busy';
      this.#applied[answer] = (this.#applied[answer] ?? 0) + 1;
      if (answer === 'busy') this.put(one);
      if (answer === 'made' || answer === 'changed') this.#unbound.forget(one);
      if (answer === 'unbound' && !this.#unbound.keep(one, nowUs)) this.#overrun += 1;
    }
  }
}
