// Which buckets of the connection tables had changes since this reader looked last: the programs count them in `changes` (bpf/director/conn.h).

import { Abi } from '../abi.gen.js';

export class ChangeMarks {
  readonly #seen: Uint32Array;
  readonly #changed: Uint32Array;

  /** `counts`: the map as it is now and later. What was counted before is not reported. */
  constructor(readonly counts: Uint32Array) {
    this.#seen = counts.slice();
    this.#changed = new Uint32Array(counts.length);
  }

  /** The marks that differ from what they were at the last call; valid until the next one. Whoever looks at their buckets afterwards misses none. */
  take(): Uint32Array {
    const [counts, seen, changed] = [this.counts, this.#seen, this.#changed];
    let found = 0;
    for (let mark = 0; mark < counts.length; mark++) {
      const count = counts[mark]!;
      if (count === seen[mark]) continue;
      seen[mark] = count;
      changed[found++] = mark;
    }
    return changed.subarray(0, found);
  }

  /** As SlotNews.ahead(). */
  ahead(slots: Uint32Array, count: number): number {
    const seen = this.#seen;
    let read = 0;
    for (let k = 0; k < count; k++) read |= seen[((slots[k]! / Abi.BUCKET_SLOTS) % seen.length) >>> 0]!;
    return read;
  }

  /** One change of this bucket is known to this reader already. Any other is reported as before. */
  expect(bucket: number): void {
    const seen = this.#seen;
    const mark = bucket % seen.length;
    seen[mark] = seen[mark]! + 1;
  }
}
