// What is kept of the slots of one table beside it, with what may be asked of them without knowing what the bits mean.
import { present } from '../../../sys/present-zeros.js';
import { Abi, ConnSlot } from '../abi.gen.js';
import { SLOT_WORDS } from '../table/living-slots.js';
import { bucketOfWord, type SlotLayout, slotOfWord, wordOfSlot } from './slot-layout.js';

const EXPIRES = ConnSlot.value.at / 4;
const HIGH = EXPIRES + 1;
/** Of the upper half of a value: 0 where the slot is free. */
export const DEST = Abi.V_DEST_MASK;

/** Words of times that a slot has. */
export const TIMES = 2;

export class SlotCopy {
  /** As the table's. */
  readonly words: Uint32Array;
  /** By slot: until when it was to live when it was looked at last, and when it came from others. Both in one line of the cache. */
  readonly times: Uint32Array;
  /** By slot: 1 where the peer has sent what is there, in this session. */
  readonly named: Uint8Array;
  /** By bucket: 0 where the copy has nothing, so that a look need not read it. */
  readonly touched: Uint8Array;

  /** `table`: its words. */
  constructor(
    readonly table: Uint32Array,
    readonly layout: SlotLayout,
  ) {
    this.words = present(new Uint32Array(table.length));
    this.times = present(new Uint32Array(TIMES * this.count));
    this.named = present(new Uint8Array(this.count));
    this.touched = present(new Uint8Array(table.length / layout.bucketWords));
  }

  /** Slots. */
  get count(): number {
    return (this.table.length / this.layout.bucketWords) * this.layout.bucketSlots;
  }

  /** Where the times are of the slot with this first word. */
  time(at: number): number {
    return TIMES * slotOfWord(this.layout, at);
  }

  /** The copy has something of this slot. */
  touch(at: number): void {
    this.touched[bucketOfWord(this.layout, at)] = 1;
  }

  /** The next bucket that has something in the table; `hadToo`: or in the copy. Most buckets of most tables have nothing: so a loop of its own. */
  next(from: number, to: number, hadToo: boolean): number {
    const { table, touched } = this;
    const { bucketWords, bucketSlots } = this.layout;
    for (let bucket = from, first = from * bucketWords; bucket < to; bucket++, first += bucketWords) {
      if (hadToo && touched[bucket] !== 0) return bucket;
      for (let at = first; at < first + bucketSlots * SLOT_WORDS; at += SLOT_WORDS) if ((table[at + HIGH]! & DEST) !== 0) return bucket;
    }
    return to;
  }

  /** The slots of which the copy has something; `high`: the upper half of its value there. A search for bytes is the machine's own. */
  each(use: (at: number, high: number) => void): void {
    const { words, touched } = this;
    const { bucketWords, bucketSlots } = this.layout;
    for (let bucket = touched.indexOf(1); bucket >= 0; bucket = touched.indexOf(1, bucket + 1)) {
      const first = bucket * bucketWords;
      for (let at = first; at < first + bucketSlots * SLOT_WORDS; at += SLOT_WORDS) if (words[at + HIGH] !== 0) use(at, words[at + HIGH]!);
    }
  }

  /** Brings these slots into the CPU's cache: of reads that do not depend on each other it waits for many together. What it returns means nothing. */
  ahead(slots: Uint32Array, count: number): number {
    const { table, words, times, named } = this;
    let read = 0;
    for (let k = 0; k < count; k++) {
      const slot = slots[k]!;
      const at = wordOfSlot(this.layout, slot) + EXPIRES;
      read |= table[at]! | words[at]! | times[TIMES * slot]! | named[slot]!;
    }
    return read;
  }
}
