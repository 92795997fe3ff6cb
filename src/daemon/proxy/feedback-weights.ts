// Weights that weir feedback moved: whole numbers in units of its own, `scale` of them for each unit of the file.
import type { Pool } from '../../model/layer7/pool.js';
import type { WrittenWeight } from '../../model/layer7/proxy-talk.js';

interface Moved {
  readonly scale: number;
  /** By server. */
  readonly weights: ReadonlyMap<string, number>;
}

export class FeedbackWeights {
  readonly #moved = new Map<string, Moved>();
  /** Pools whose answers are read for loads. */
  #reading: ReadonlySet<string> = new Set();

  /** In units of the file; undefined: feedback moved none. */
  weightOf(pool: string, server: string): number | undefined {
    const moved = this.#moved.get(pool);
    const weight = moved?.weights.get(server);
    return moved === undefined || weight === undefined ? undefined : weight / moved.scale;
  }

  /** As feedback wrote it. */
  writtenOf(pool: string, server: string): number | undefined {
    return this.#moved.get(pool)?.weights.get(server);
  }

  /** Each only where the weight is still the one that the change begins from. `configuredOf`: the file's; undefined: there is no such server. */
  write(pool: string, scale: number, writes: readonly WrittenWeight[], configuredOf: (server: string) => number | undefined): void {
    const weights = new Map(this.#moved.get(pool)?.weights);
    for (const { server, from, to } of writes) {
      const configured = configuredOf(server);
      if (configured === undefined || (weights.get(server) ?? configured) !== from) continue;
      if (to === configured) weights.delete(server);
      else weights.set(server, to);
    }
    if (weights.size === 0) this.#moved.delete(pool);
    else this.#moved.set(pool, { scale, weights });
  }

  /** A reload. Whose weight is another one in the file begins again with that. */
  forget(before: readonly Pool[], now: readonly Pool[]): void {
    const configured = (pools: readonly Pool[], pool: string, server: string): number | undefined =>
      pools.find(({ name }) => name === pool)?.servers.find(({ name }) => name === server)?.weight;
    for (const [pool, { scale, weights }] of this.#moved) {
      const kept = [...weights].filter(([server]) => configured(before, pool, server) === configured(now, pool, server));
      if (kept.length === 0) this.#moved.delete(pool);
      else this.#moved.set(pool, { scale, weights: new Map(kept) });
    }
  }

  readsReports(pool: string): boolean {
    return this.#reading.has(pool);
  }

  readReportsOf(pools: ReadonlySet<string>): void {
    this.#reading = pools;
  }
}
