// What one peer has of a table in memory: the source of a session's sender, as connection-news.ts is of the datapath's tables.
import type { NewsSink, NewsSource } from '../../../src/control/sync/stream/stream-sender.js';
import { Abi } from '../../../src/datapath/ebpf/abi.gen.js';
import { type SlotKey, SlotNews } from '../../../src/datapath/ebpf/sync/slot-news.js';
import { clockDifference, secondsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { KEY_WORD, SLOT_WORDS } from '../../../src/datapath/ebpf/table/living-slots.js';
import { type ApplyRecord, EXPIRES, HIGH, HZ, highOf, type Living, type MemoryTable, stateIn, unitsOfState } from './memory-table.js';
import { itemOf, type Names } from './names.js';

const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;
const LOOK_SLOTS = 16;

export interface At {
  readonly at: number;
  readonly key: SlotKey;
}

export class PeerCopy implements NewsSource<At> {
  readonly slots: SlotNews;
  #next = 0;

  constructor(
    readonly table: MemoryTable,
    readonly names: Names,
  ) {
    this.slots = new SlotNews(table.words, { bucketWords: SLOT_WORDS, bucketSlots: 1, pieces: [] }, NEWS);
  }

  /** lookAtBucket */
  look(sink: NewsSink<At>): boolean {
    const { slots, table } = this;
    const moment = { now: table.now(), refresh: 0 };
    const end = Math.min(this.#next + LOOK_SLOTS, slots.count);
    for (let slot = this.#next; slot < end; slot++) {
      const at = slots.at(slot);
      if (slots.hasEnded(at, moment)) {
        const { words } = this.#copied(at);
        if (!this.#isElsewhere(at)) sink.ended(itemOf(words, this.names), secondsOf(words.idle, HZ));
        slots.forgetSlot(at);
      }
      const isTaken = ((table.words[at + HIGH] ?? 0) & Abi.V_DEST_MASK) !== 0;
      if (!isTaken || slots.isReported(at, moment)) continue;
      const before = slots.wordsAt(at);
      const living = table.livingAt(at);
      if (living.left < 0) continue;
      slots.reported(at, before, table.words[at + EXPIRES] ?? 0);
      sink.item(itemOf(living, this.names), secondsOf(living.idle, HZ), { at, key: before.key });
    }
    this.#next = end < slots.count ? end : 0;
    return end < slots.count;
  }

  #copied(at: number): { readonly words: Living } {
    const { copy } = this.slots;
    const [key = 0, expires = 0, high = 0] = [KEY_WORD, EXPIRES, HIGH].map((word) => copy[at + word]);
    const left = clockDifference(expires, this.table.now());
    const state = stateIn(high);
    return { words: { key, dest: high & Abi.V_DEST_MASK, state, left, idle: unitsOfState(state) - left } };
  }

  forget(): void {
    this.slots.forget();
  }

  refused({ at, key }: At): void {
    this.slots.refused(at, key);
  }

  forgetRefused(): void {
    this.slots.forgetRefused();
  }

  /** The end of a connection that is in another slot now is none: near-by slots are looked at. */
  #isElsewhere(at: number): boolean {
    const there = this.table.find(this.slots.copy[at + KEY_WORD] ?? 0);
    return there !== undefined && there !== at;
  }

  /** The peer sent what is at this place. */
  sent(at: number, { key, dest, state, left }: ApplyRecord): void {
    if (this.table.words[at + KEY_WORD] !== key) return;
    this.slots.sent(at, { high: highOf(dest, state), key: [key, 0] }, (this.table.now() + left) >>> 0);
  }

  /** Another one did. */
  foreign(at: number, { key, left }: ApplyRecord): void {
    if (this.table.words[at + KEY_WORD] === key) this.slots.foreign(at, (this.table.now() + left) >>> 0);
  }
}
