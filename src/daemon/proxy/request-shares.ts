// Which part of a pool's requests each server got, over the last 10 to 20 seconds.

type Totals = ReadonlyMap<string, ReadonlyMap<string, number>>;

const PERIOD_LOOKS = 10;
const NONE: Totals = new Map();

export class RequestShares {
  #looks = 0;
  /** At the begin of the window, of the next one, and now. */
  #from = NONE;
  #next = NONE;
  #now = NONE;

  /** Once a second. */
  look(totals: Totals): void {
    if (this.#looks++ % PERIOD_LOOKS === 0) {
      this.#from = this.#next;
      this.#next = totals;
    }
    this.#now = totals;
  }

  #since(pool: string, server: string): number {
    return (this.#now.get(pool)?.get(server) ?? 0) - (this.#from.get(pool)?.get(server) ?? 0);
  }

  /** null: the pool had no requests. */
  of(pool: string, server: string): number | null {
    const servers = [...(this.#now.get(pool)?.keys() ?? [])];
    const all = servers.reduce((sum, one) => sum + this.#since(pool, one), 0);
    return all > 0 ? this.#since(pool, server) / all : null;
  }
}
