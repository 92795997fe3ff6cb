// The backends that routes need: one for each pool and each of the settings that HAProxy has for a whole backend alone.
import type { Pool } from '../../model/layer7/pool.js';
import type { Proxying } from '../../model/layer7/proxying.js';
import { aclLines } from './acl-lines.js';
import type { NumberedRoute } from './write-matching.js';

export interface BackendUse {
  readonly name: string;
  readonly pool: Pool;
  /** Of the first route; others differ in times that a rule can set. */
  readonly proxying: Proxying;
  readonly routes: NumberedRoute[];
}

const keyOf = ({ timeouts, retry, bufferRequest }: Proxying): string => JSON.stringify([timeouts.connectUs, retry, bufferRequest]);

export class BackendBook {
  readonly #uses = new Map<string, BackendUse>();

  constructor(readonly pools: readonly Pool[]) {}

  get uses(): readonly BackendUse[] {
    return [...this.#uses.values()];
  }

  use(one: NumberedRoute): void {
    const { action, proxying } = one.route;
    const pool = action.kind === 'pool' ? this.pools.find(({ name }) => name === action.pool) : undefined;
    if (pool === undefined) return;
    const key = `${pool.name} ${keyOf(proxying)}`;
    const others = this.uses.filter((use) => use.pool === pool).length;
    const use = this.#uses.get(key) ?? { name: others === 0 ? pool.name : `${pool.name}:${others + 1}`, pool, proxying, routes: [] };
    this.#uses.set(key, use);
    if (!use.routes.some(({ number }) => number === one.number)) use.routes.push(one);
  }

  /** Which backend takes the routes of a frontend. */
  useLines(numbers: readonly number[]): readonly string[] {
    return this.uses.flatMap(({ name, routes }) => {
      const here = routes.flatMap(({ number }) => (numbers.includes(number) ? [number] : []));
      if (here.length === 0) return [];
      const acl = `to_${name}`;
      return [...aclLines(acl, 'var(txn.route)', 'int', here), `use_backend ${name} if ${acl}`];
    });
  }
}
