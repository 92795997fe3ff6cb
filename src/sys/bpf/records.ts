// Records of BPF maps, by the layouts that dev/abi-gen.mjs makes: as bytes for a system call, or in shared memory. There each field is read
// and written by one load or store of its own size.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';

/** The place of a field in its record: byte offset, size of one element, number of elements. */
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

  /** Writes words from a field of 32 bits on, one store each, also beyond its record. @throws RangeError outside the table */
  setWords(record: number, field: Field, words: Uint32Array): void {
    const at = this.#at(record, field, 0) >> 2;
    if (at + words.length > this.#u32.length)
      throw new RangeError(`${words.length} words from record ${record} on, in a table of ${this.count}`);
    for (const [index, word] of words.entries()) this.#u32[at + index] = word;
  }

  big(record: number, field: Field, k = 0): bigint {
    const value = this.#u64[this.#at(record, field, k) >> 3];
    if (value === undefined) throw new RangeError(`no record ${record} in a table of ${this.count}`);
    return value;
  }

  setBig(record: number, field: Field, value: bigint, k = 0): void {
    this.#u64[this.#at(record, field, k) >> 3] = value;
  }

  /** Replaces `from` by `to` atomically (compare and swap); false where the field holds another value. */
  swapBig(record: number, field: Field, from: bigint, to: bigint): boolean {
    return Atomics.compareExchange(this.#u64, this.#at(record, field, 0) >> 3, from, to) === from;
  }

  swap(record: number, field: Field, from: number, to: number): boolean {
    return Atomics.compareExchange(this.#u32, this.#at(record, field, 0) >> 2, from, to) === from;
  }

  /** A field of 32 bits. The load is ordered: reads before it stay before, reads after it stay after. */
  atomic(record: number, field: Field): number {
    return Atomics.load(this.#u32, this.#at(record, field, 0) >> 2);
  }

  /** Sets all bytes of a record to 0. */
  clear(record: number): void {
    this.#u8.fill(0, record * this.bytes, (record + 1) * this.bytes);
  }

  #at(record: number, field: Field, k: number): number {
    if (record < 0 || record >= this.count) throw new RangeError(`no record ${record} in a table of ${this.count}`);
    return record * this.bytes + field.at + k * field.size;
  }
}

/** A key or a value of 32 bits, in the host's order. */
export const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

/** One number, a number for each element, or the bytes of the field from its first on. */
export type FieldValue = number | bigint | readonly number[] | Uint8Array;

function put(view: DataView, { size }: Field, at: number, value: number | bigint): void {
  if (size === 8) view.setBigUint64(at, BigInt(value), little);
  else if (size === 4) view.setUint32(at, Number(value), little);
  else if (size === 2) view.setUint16(at, Number(value), little);
  else view.setUint8(at, Number(value));
}

/** One record as bytes; fields that are not given are 0. @throws RangeError for a value longer than its field */
export function encodeRecord<L extends { readonly bytes: number }>(
  layout: L,
  values: { readonly [F in Exclude<keyof L, 'bytes'>]?: FieldValue },
): Uint8Array {
  const record = new Uint8Array(layout.bytes);
  const view = viewOf(record);
  for (const [name, value] of Object.entries(values) as [keyof L, FieldValue][]) {
    const field = layout[name] as Field;
    const elements = typeof value === 'object' ? value : [value];
    const bytes = value instanceof Uint8Array ? value.length : elements.length * field.size;
    if (bytes > field.size * field.count) throw new RangeError(`${String(name)} has no room for ${bytes} bytes`);
    if (value instanceof Uint8Array) record.set(value, field.at);
    else elements.forEach((element, k) => put(view, field, field.at + k * field.size, element));
  }
  return record;
}

/** A field of 32 bits of one record. */
export function readField(record: Uint8Array, field: Field & { readonly size: 4 }): number {
  return viewOf(record).getUint32(field.at, little);
}
