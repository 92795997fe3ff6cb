// Rates of the whole director since the page was opened, of the differences of its counters.
import { DETOURS } from '../../src/model/drops.js';
import type { Drops, Table } from './api-values.js';

const SAMPLES_MAX = 1800;

export interface Series {
  /** Seconds since 1970. */
  readonly times: readonly number[];
  readonly values: readonly number[];
}

export class RateHistory {
  #times: number[] = [];
  #values: number[] = [];
  #last: { readonly at: number; readonly count: bigint } | undefined;

  /** `at`: ms. A counter that fell begins again, by a datapath that was loaded since. */
  add(at: number, count: bigint): void {
    const last = this.#last;
    if (last !== undefined && at <= last.at) return;
    this.#last = { at, count };
    if (last === undefined || count < last.count) return;
    this.#times = [...this.#times, at / 1000].slice(-SAMPLES_MAX);
    this.#values = [...this.#values, (Number(count - last.count) * 1000) / (at - last.at)].slice(-SAMPLES_MAX);
  }

  get series(): Series {
    return { times: this.#times, values: this.#values };
  }
}

export const connectionHistory = new RateHistory();
export const dropHistory = new RateHistory();

export const connectionCount = ({ totals }: Table): bigint => BigInt(totals.connections);
export const dropCount = ({ total }: Drops): bigint =>
  Object.entries(total).reduce((sum, [reason, count]) => (DETOURS.has(reason) ? sum : sum + BigInt(count)), 0n);
