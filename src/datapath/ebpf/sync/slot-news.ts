// What was reported of the slots of one table, as a copy of it: of connections, or of templates, whose key and value stand at the same places.
import { Abi, ConnSlot } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import { SLOT_WORDS } from '../table/living-slots.js';
import { Template } from '../template.gen.js';

/** As words. */
const [KEY, EXPIRES] = [ConnSlot.key.at / 4, ConnSlot.value.at / 4];
const HIGH = EXPIRES + 1;
if (Template.key.at !== ConnSlot.key.at || Template.value.at !== ConnSlot.value.at) throw new Error('a template has its words elsewhere');

/** Of the upper half of a value: 0 where the slot is free. */
const DEST = Abi.V_DEST_MASK;
/** Of the copy of a value's upper half: others could not take what was reported. */
const REFUSED = 0x8000_0000;

/** Clock units. `refresh`: after so many with traffic a connection is reported again; 0: only before it is forgotten elsewhere. */
export interface ScanMoment {
  readonly now: number;
  readonly refresh: number;
}

/**
 * Would another director forget it too early? It has what was reported, and keeps it until then. Of a connection with traffic all the time this is so when
 * half of its time has passed.
 */
function isStale(expires: number, reported: number, { now, refresh }: ScanMoment): boolean {
  const used = clockDifference(expires, reported);
  return used > 0 && (used >= clockDifference(reported, now) || (refresh > 0 && used >= refresh));
}

export type SlotKey = readonly [low: number, high: number];

/** What decides about news of a slot, as it was at one moment. */
export interface SlotWords {
  /** The upper half of its value. */
  readonly high: number;
  readonly key: SlotKey;
}

/** How a table's slots lie, in words. `pieces`: what belongs to a slot besides, each of SLOT_WORDS, by its distance from the slot's first word. */
export interface SlotLayout {
  readonly bucketWords: number;
  readonly bucketSlots: number;
  readonly pieces: readonly number[];
}

export class SlotNews {
  #copy: Uint32Array;

  /** `news`: these bits of the upper half of a value; the others change without being news. */
  constructor(
    readonly words: Uint32Array,
    readonly layout: SlotLayout,
    readonly news: number,
  ) {
    if ((news & REFUSED) !== 0) throw new Error('a bit of news has another meaning in the copy');
    this.#copy = new Uint32Array(words.length);
  }

  /** Slots. */
  get count(): number {
    return (this.words.length / this.layout.bucketWords) * this.layout.bucketSlots;
  }

  /** A slot's first word. */
  at(slot: number): number {
    const { bucketWords, bucketSlots } = this.layout;
    return Math.floor(slot / bucketSlots) * bucketWords + (slot % bucketSlots) * SLOT_WORDS;
  }

  /** As `words`, with what was reported last of each slot; of a value's upper half the news alone, and REFUSED. */
  get copy(): Uint32Array {
    return this.#copy;
  }

  /** `at`: the slot's first word. */
  isReported(at: number, moment: ScanMoment): boolean {
    const [words, copy] = [this.words, this.#copy];
    return (
      (((copy[at + HIGH] ?? 0) ^ (words[at + HIGH] ?? 0)) & this.news) === 0 &&
      copy[at + KEY] === words[at + KEY] &&
      copy[at + KEY + 1] === words[at + KEY + 1] &&
      !isStale(words[at + EXPIRES] ?? 0, copy[at + EXPIRES] ?? 0, moment)
    );
  }

  /** Others have what was reported of this slot, and it is not in it any more. */
  hasEnded(at: number, { now }: ScanMoment): boolean {
    const [words, copy] = [this.words, this.#copy];
    const high = copy[at + HIGH] ?? 0;
    if ((high & DEST) === 0 || (high & REFUSED) !== 0 || clockDifference(copy[at + EXPIRES] ?? 0, now) < 0) return false;
    return ((words[at + HIGH] ?? 0) & DEST) === 0 || copy[at + KEY] !== words[at + KEY] || copy[at + KEY + 1] !== words[at + KEY + 1];
  }

  wordsAt(at: number): SlotWords {
    const { words } = this;
    return { high: words[at + HIGH] ?? 0, key: [words[at + KEY] ?? 0, words[at + KEY + 1] ?? 0] };
  }

  /** `words`: read before what is reported, so that what changes between is news again. */
  reported(at: number, { high, key }: SlotWords, expires: number): void {
    const copy = this.#copy;
    copy[at + HIGH] = high & this.news;
    [copy[at + KEY], copy[at + KEY + 1]] = key;
    copy[at + EXPIRES] = expires;
    for (const piece of this.layout.pieces) copy.set(this.words.subarray(at + piece, at + piece + SLOT_WORDS), at + piece);
  }

  /** Others have nothing of this slot. */
  forgetSlot(at: number): void {
    this.#copy.fill(0, at, at + SLOT_WORDS);
  }

  /** Others could not take what was reported of this slot with this key. */
  refused(at: number, [low, high]: SlotKey): void {
    const copy = this.#copy;
    if (copy[at + KEY] === low && copy[at + KEY + 1] === high) copy[at + HIGH] = (copy[at + HIGH] ?? 0) | REFUSED;
  }

  /** What was refused is news again. How much of it there was: of one that has ended or changed since it is no more. */
  forgetRefused(): number {
    let count = 0;
    for (let slot = 0; slot < this.count; slot++) {
      const at = this.at(slot);
      if (((this.#copy[at + HIGH] ?? 0) & REFUSED) === 0) continue;
      this.forgetSlot(at);
      count += 1;
    }
    return count;
  }

  forget(): void {
    this.#copy = new Uint32Array(this.words.length);
  }
}
