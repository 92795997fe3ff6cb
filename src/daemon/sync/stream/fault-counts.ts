// How often a peer did in a session what it must not, by reason.
import type { StreamDirection } from '../../../model/stream-node.js';

export class FaultCounts {
  readonly #counts: Record<string, number> = {};

  add(reason: string): void {
    this.#counts[reason] = (this.#counts[reason] ?? 0) + 1;
  }

  /** Nothing where there was none. */
  get status(): Pick<StreamDirection, 'faults'> {
    return Object.keys(this.#counts).length === 0 ? {} : { faults: this.#counts };
  }
}
