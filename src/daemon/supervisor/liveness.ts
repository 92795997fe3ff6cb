// Whether a child hangs: counted in the supervisor's own ticks, so that a machine that slept finds nobody hanging. Pure but for its count.

import type { ChildKind } from '../process/messages.js';

/** The supervisor ticks and children tell that they live this often, ms. */
export const LIVENESS_INTERVAL_MS = 1000;
/** A child that said nothing for so many ticks hangs. The checker may wait for the table's lock, which takes 15 s at most. */
const SILENT_TICKS_MAX = { vrrp: 10, checker: 30, bfd: 10 } as const;
/** While it starts or reloads: a configuration of 65,000 instances takes its time. */
const BUSY_TICKS_MAX = 120;

export class Liveness {
  readonly #limit: number;
  #missed = 0;
  #busy = true;

  constructor(kind: ChildKind) {
    this.#limit = SILENT_TICKS_MAX[kind];
  }

  /** The child said something. `settled`: what it was busy with is done. */
  onMessage(settled: boolean): void {
    this.#missed = 0;
    if (settled) this.#busy = false;
  }

  /** It was given something that may take long. */
  expectWork(): void {
    this.#busy = true;
    this.#missed = 0;
  }

  /** One tick of the supervisor is over; answers for how many the child was silent when it hangs. */
  tick(): number | undefined {
    this.#missed += 1;
    return this.#missed > (this.#busy ? BUSY_TICKS_MAX : this.#limit) ? this.#missed : undefined;
  }
}
