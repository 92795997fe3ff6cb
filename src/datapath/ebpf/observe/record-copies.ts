// Copies of a table's records, to find those that did not change since.
import type { Field, Records } from '../../../sys/bpf/records.js';

const WORD = 4;

/** The words of 32 bits in which these fields are. */
const wordsOf = (fields: readonly Field[]): readonly number[] => [
  ...new Set(
    fields.flatMap(({ at, size, count }) => {
      const first = Math.floor(at / WORD);
      return Array.from({ length: Math.ceil((at + size * count) / WORD) - first }, (_, k) => first + k);
    }),
  ),
];

export class RecordCopies {
  readonly #words: readonly number[];
  /** Of records: the last copy, and the one before it that was kept. Each is used again. */
  #taken: Uint32Array = new Uint32Array(0);
  #kept: Uint32Array = new Uint32Array(0);

  /** `fields`: those that are compared. */
  constructor(
    readonly records: Records,
    fields: readonly Field[],
  ) {
    this.#words = wordsOf(fields);
  }

  /** Copies the records up to this one. */
  take(top: number): void {
    const { memory, bytes, count } = this.records;
    const length = (Math.min(top + 1, count) * bytes) / WORD;
    if (this.#taken.length !== length) this.#taken = new Uint32Array(length);
    this.#taken.set(new Uint32Array(memory, 0, length));
  }

  /** What was taken is what later copies are compared with. */
  keep(): void {
    [this.#kept, this.#taken] = [this.#taken, this.#kept];
  }

  /** Are the compared fields of this record the same in both copies? */
  isSame(record: number): boolean {
    const at = (record * this.records.bytes) / WORD;
    if (at >= this.#kept.length || at >= this.#taken.length) return false;
    return this.#words.every((word) => this.#taken[at + word] === this.#kept[at + word]);
  }
}
