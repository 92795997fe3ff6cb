// What became of changes of the table that the API was asked for, and how long they took: for /metrics.
import type { ApplySnapshot } from '../../metrics/snapshot.js';
import { ClassCounts } from '../../model/class-counts.js';
import { isWeirError } from '../../model/errors/weir-error.js';

/** unchanged: there was nothing to do. refused: nothing was changed. failed: it is not known whether all of it was taken back. */
type Result = ApplySnapshot['results'][number]['result'];

const BOUNDS_S: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 2.5, 5];

export class ApplyCounts {
  readonly #results = new Map<Result, number>([
    ['applied', 0],
    ['unchanged', 0],
    ['refused', 0],
    ['failed', 0],
  ]);
  readonly #durations = new ClassCounts(BOUNDS_S);
  #planned: number | undefined;

  planned(changes: number): void {
    this.#planned = changes;
  }

  /** `changes`: of the plan. */
  async counted<T>(changes: number, apply: () => Promise<T>): Promise<T> {
    const beganMs = performance.now();
    try {
      const made = await apply();
      this.#took(changes === 0 ? 'unchanged' : 'applied', beganMs);
      return made;
    } catch (error) {
      this.#took(isWeirError(error) && error.code !== 'change-not-undone' ? 'refused' : 'failed', beganMs);
      throw error;
    }
  }

  #took(result: Result, beganMs: number): void {
    this.#results.set(result, (this.#results.get(result) ?? 0) + 1);
    if (result === 'applied') this.#durations.count((performance.now() - beganMs) / 1000);
  }

  snapshot(): ApplySnapshot {
    return {
      ...(this.#planned === undefined ? {} : { planned: this.#planned }),
      results: [...this.#results].map(([result, count]) => ({ result, count })),
      durations: this.#durations.classes,
    };
  }
}
