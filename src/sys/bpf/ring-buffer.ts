// A ring buffer of BPF programs (BPF_MAP_TYPE_RINGBUF): its records, in their order, read from shared memory. One process reads it.
import { whenReadable } from '../readable.js';
import type { BpfMap } from './bpf-objects.js';

/** x86-64's and arm64's, where weir runs. */
const PAGE = 4096;
const HEADER = 8;
/** Of a header's first word: the record is being written; it is to be skipped. */
const [BUSY, DISCARDED] = [1 << 31, 1 << 30];

export class RingBuffer {
  readonly #consumer: BigInt64Array<ArrayBuffer>;
  readonly #producer: BigInt64Array<ArrayBuffer>;
  readonly #words: Int32Array<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #size: number;

  /** The caller closes the map, when it reads no more. @throws SystemError EPERM, EINVAL: it is no ring buffer */
  constructor(readonly map: BpfMap) {
    const size = map.info().maxEntries;
    const memory = map.mmap(PAGE + 2 * size, false, PAGE);
    this.#size = size;
    this.#consumer = new BigInt64Array(map.mmap(PAGE, true), 0, 1);
    this.#producer = new BigInt64Array(memory, 0, 1);
    // The data are mapped twice, one behind the other: a record that crosses the end is whole there.
    this.#words = new Int32Array(memory, PAGE);
    this.#bytes = new Uint8Array(memory, PAGE);
  }

  /** Hands over the records that are complete: each is read during the call, and its room is free afterwards. */
  take(work: (record: Uint8Array) => void): void {
    let at = Atomics.load(this.#consumer, 0);
    const end = Atomics.load(this.#producer, 0);
    while (at < end) {
      const place = Number(at & BigInt(this.#size - 1));
      const header = Atomics.load(this.#words, place >> 2);
      if ((header & BUSY) !== 0) return;
      const length = header & ~DISCARDED;
      if ((header & DISCARDED) === 0) work(this.#bytes.subarray(place + HEADER, place + HEADER + length));
      at += BigInt((length + HEADER + 7) & ~7);
      Atomics.store(this.#consumer, 0, at);
    }
  }

  /** Calls `work` while there are records. */
  watch(work: () => void): { stop(): void } {
    return whenReadable(this.map.fd.number, work);
  }
}
