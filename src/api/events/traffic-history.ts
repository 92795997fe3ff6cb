// What passed this director in the last hour and some minutes, minute by minute: by the counters of the tables, as the API's process has seen them. So an
// hour ago stands beside now in an incident.
import type { Stats } from '../../model/service.js';

const MINUTE_MS = 60_000;
/** An hour ago is there with the minute before and after it. */
const SAMPLES_MAX = 63;

/** Counters since the datapath was loaded. `atMs`: since 1970. */
export interface TrafficSample {
  readonly atMs: number;
  readonly totals: Stats;
  /** Packets of all reasons. */
  readonly dropped: bigint;
}

export class TrafficHistory {
  #samples: readonly TrafficSample[] = [];

  /** The oldest first. */
  get samples(): readonly TrafficSample[] {
    return this.#samples;
  }

  isDue(atMs: number): boolean {
    const last = this.#samples.at(-1);
    return last === undefined || atMs - last.atMs >= MINUTE_MS || atMs < last.atMs;
  }

  /** Counters that fell are those of a datapath that was loaded since: what was before is of another one. */
  add(sample: TrafficSample): void {
    const last = this.#samples.at(-1);
    const isOther =
      last !== undefined && (sample.totals.conns < last.totals.conns || sample.dropped < last.dropped || sample.atMs < last.atMs);
    this.#samples = isOther ? [sample] : [...this.#samples, sample].slice(-SAMPLES_MAX);
  }
}
