// The highest rate of new connections that this page has read of each service and server, whichever of its views read it.
import { type ServiceRows, serverRowId } from './server-rows.js';

type Rated = readonly [id: string, rate: number | undefined];

export class HighestSeen {
  #of: ReadonlyMap<string, number> = new Map();

  /** What is there now: others are forgotten. One without a rate now keeps that of before. */
  add(rated: readonly Rated[]): void {
    const of = new Map<string, number>();
    for (const [id, rate] of rated) {
      const before = this.#of.get(id);
      if (rate !== undefined || before !== undefined) of.set(id, Math.max(rate ?? 0, before ?? 0));
    }
    this.#of = of;
  }

  get(id: string): number | undefined {
    return this.#of.get(id);
  }
}

export const highestRates = new HighestSeen();

/** By the names of services, and of their servers as rows have them. A server that health checks took out of the table has none. */
export const connectionRates = (all: readonly ServiceRows[]): readonly Rated[] =>
  all.flatMap(({ service, servers }): Rated[] => [
    [service.id, service.rates.connections],
    ...servers.map((row): Rated => [serverRowId(service, row), row.server?.rates.connections]),
  ]);
