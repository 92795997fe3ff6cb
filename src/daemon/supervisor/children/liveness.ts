// Whether a child hangs: counted in the supervisor's own ticks, so that after a suspend of the machine no child is taken for hung.

/** The interval of the supervisor's ticks and of the children's messages, ms. */
export const LIVENESS_INTERVAL_MS = 1000;
/** While it starts or reloads: a configuration of 65,000 instances takes its time. */
const BUSY_TICKS_MAX = 120;

export class Liveness {
  #missed = 0;
  #busy = true;

  /** A child that sends nothing for `silentTicksMax` ticks hangs. */
  constructor(readonly silentTicksMax: number) {}

  /** The child sent a message. `settled`: what it was busy with is done. */
  onMessage(settled: boolean): void {
    this.#missed = 0;
    if (settled) this.#busy = false;
  }

  /** It was given something that may take long. */
  expectWork(): void {
    this.#busy = true;
    this.#missed = 0;
  }

  /** One tick of the supervisor is over; returns how many the child was silent if it hangs. */
  tick(): number | undefined {
    this.#missed += 1;
    return this.#missed > (this.#busy ? BUSY_TICKS_MAX : this.silentTicksMax) ? this.#missed : undefined;
  }
}
