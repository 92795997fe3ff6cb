// A BPF table as records in shared memory: each field is read and written by one load or store of its own size.

/** Where a field stands in its record: byte offset, size of one element, how many elements. */
export interface Field {
  readonly at: number;
  readonly size: 1 | 2 | 4 | 8;
  readonly count: number;
}

export class Records {
  readonly #u8: Uint8Array;
  readonly #u16: Uint16Array;
  readonly #u32: Uint32Array;
  readonly #u64: BigUint64Array;
  readonly count: number;

  constructor(
    readonly memory: ArrayBuffer,
    readonly bytes: number,
  ) {
    this.count = Math.floor(memory.byteLength / bytes);
    this.#u8 = new Uint8Array(memory);
    this.#u16 = new Uint16Array(memory);
    this.#u32 = new Uint32Array(memory);
    this.#u64 = new BigUint64Array(memory);
  }

  /** A field of 8, 16 or 32 bits; `k` for the elements of an array. @throws RangeError outside the table */
  get(record: number, field: Field, k = 0): number {
    const at = this.#at(record, field, k);
    const value = field.size === 4 ? this.#u32[at >> 2] : field.size === 2 ? this.#u16[at >> 1] : this.#u8[at];
    if (value === undefined) throw new RangeError(`no record ${record} in a table of ${this.count}`);
    return value;
  }

  set(record: number, field: Field, value: number, k = 0): void {
    const at = this.#at(record, field, k);
    if (field.size === 4) this.#u32[at >> 2] = value;
    else if (field.size === 2) this.#u16[at >> 1] = value;
    else this.#u8[at] = value;
  }

  big(record: number, field: Field, k = 0): bigint {
    const value = this.#u64[this.#at(record, field, k) >> 3];
    if (value === undefined) throw new RangeError(`no record ${record} in a table of ${this.count}`);
    return value;
  }

  setBig(record: number, field: Field, value: bigint, k = 0): void {
    this.#u64[this.#at(record, field, k) >> 3] = value;
  }

  /** Puts `to` where `from` stands, atomically; false where something else stands there. */
  swapBig(record: number, field: Field, from: bigint, to: bigint): boolean {
    return Atomics.compareExchange(this.#u64, this.#at(record, field, 0) >> 3, from, to) === from;
  }

  swap(record: number, field: Field, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#u32, this.#at(record, field, 0) >> 2, from, to) === from;
  }

  /** All bytes of a record to zero. */
  clear(record: number): void {
    this.#u8.fill(0, record * this.bytes, (record + 1) * this.bytes);
  }

  #at(record: number, field: Field, k: number): number {
    if (record < 0 || record >= this.count) throw new RangeError(`no record ${record} in a table of ${this.count}`);
    return record * this.bytes + field.at + k * field.size;
  }
}
