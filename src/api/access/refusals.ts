// What was refused of requests over TCP, by reason: for the log, and for /metrics.
import type { Log } from '../../model/log-level.js';

const REFUSALS = ['host', 'origin', 'no_credentials', 'credentials', 'client', 'rate'] as const;
export type Refusal = (typeof REFUSALS)[number];

/** After a line of one reason, further requests are one line in this time. */
const LINE_MS = 60_000;

interface Counted {
  readonly total: number;
  readonly logged: number;
  readonly loggedMs: number;
}

const NONE: Counted = { total: 0, logged: 0, loggedMs: Number.NEGATIVE_INFINITY };

export class Refusals {
  readonly #counted = new Map<Refusal, Counted>(REFUSALS.map((reason) => [reason, NONE]));

  constructor(readonly log: Log) {}

  /** `why`: for the log; `from`: the client's address. */
  add(reason: Refusal, from: string, why: string, nowMs: number): void {
    const { total, logged, loggedMs } = this.#counted.get(reason) ?? NONE;
    const isDue = nowMs - loggedMs >= LINE_MS;
    if (isDue)
      this.log('warning', `API: a request from ${from} was refused: ${why}${total > logged ? ` (${total - logged} more before)` : ''}`);
    this.#counted.set(reason, { total: total + 1, ...(isDue ? { logged: total + 1, loggedMs: nowMs } : { logged, loggedMs }) });
  }

  /** Zeros included. */
  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counted].map(([reason, { total }]) => [reason, total]));
  }
}
