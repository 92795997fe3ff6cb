// What one peer has of a table in memory: the source of a session's sender, as connection-news.ts is of the datapath's tables.
import type { NewsSink, NewsSource } from '../../../src/control/sync/stream/stream-sender.js';
import { Abi } from '../../../src/datapath/ebpf/abi.gen.js';
import { OWN_END, type RecentEnds } from '../../../src/datapath/ebpf/sync/recent-ends.js';
import { SlotNews } from '../../../src/datapath/ebpf/sync/slot-news.js';
import { clockDifference, secondsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { KEY_WORD, SLOT_WORDS } from '../../../src/datapath/ebpf/table/living-slots.js';
import {
  type ApplyRecord,
  EXPIRES,
  HIGH,
  HZ,
  highOf,
  type Living,
  MARGIN_UNITS,
  type MemoryTable,
  stateIn,
  unitsOfState,
} from './memory-table.js';
import { itemOf, type Names } from './names.js';

const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;
const LOOK_SLOTS = 16;

export class PeerCopy implements NewsSource {
  readonly slots: SlotNews;
  #next = 0;
  /** Connections of others that were found to be gone before their time. */
  lost = 0;
  /** By slot: until when what is in it was to live when it was looked at last. */
  readonly #met: Uint32Array;

  constructor(
    readonly table: MemoryTable,
    readonly names: Names,
    readonly ends: RecentEnds,
    /** Of its process, seconds. */
    readonly ageS: () => number,
  ) {
    this.slots = new SlotNews(table.words, { bucketWords: SLOT_WORDS, bucketSlots: 1, pieces: [] }, NEWS);
    this.#met = new Uint32Array(this.slots.count);
  }

  /** Has a look met the last packet of what is in this slot? */
  hasMet(at: number): boolean {
    return this.#met[at / SLOT_WORDS] === this.table.words[at + EXPIRES];
  }

  /** Had this node the last packet of what is in this slot, since its process began? */
  isOwn(at: number): boolean {
    return !this.slots.isForeign(at) && secondsOf(this.table.livingAt(at).idle, HZ) < this.ageS();
  }

  /** lookAtBucket */
  look(sink: NewsSink): boolean {
    const { slots, table } = this;
    const moment = { now: table.now(), refresh: 0 };
    const end = Math.min(this.#next + LOOK_SLOTS, slots.count);
    for (let slot = this.#next; slot < end; slot++) {
      const at = slots.at(slot);
      this.#met[slot] = table.words[at + EXPIRES] ?? 0;
      if (slots.hasEnded(at, moment)) {
        const { words } = this.#copied(at);
        if (!this.#isElsewhere(at)) this.#ended(words, sink);
        slots.forgetSlot(at);
      } else if (slots.isLost(at, moment)) {
        if (!this.#isElsewhere(at)) this.lost += 1;
        slots.forgetSlot(at);
      }
      const isTaken = ((table.words[at + HIGH] ?? 0) & Abi.V_DEST_MASK) !== 0;
      if (!isTaken || slots.isReported(at, moment)) continue;
      const living = table.livingAt(at);
      if (living.left < 0) continue;
      slots.reported(at, living.key, 0, table.words[at + HIGH] ?? 0, table.words[at + EXPIRES] ?? 0);
      sink.item('connection', itemOf(living, this.names, this.isOwn(at)), slots, at, living.key, 0);
    }
    this.#next = end < slots.count ? end : 0;
    return end < slots.count;
  }

  /** peer-tables.ts */
  #ended(living: Living, sink: NewsSink): void {
    const { key, dest, idle } = living;
    this.ends.note({ pin: '', keyLow: key, keyHigh: 0, dest }, OWN_END, 1000 * secondsOf(idle, HZ));
    sink.ended('connection', itemOf(living, this.names));
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

  keepForeign(): void {
    this.slots.keepForeign();
  }

  forgetRefused(): void {
    this.slots.forgetRefused();
  }

  /** The end of a connection that is in another slot now is none: near-by slots are looked at. */
  #isElsewhere(at: number): boolean {
    const there = this.table.find(this.slots.copy[at + KEY_WORD] ?? 0);
    return there !== undefined && there !== at;
  }

  /** connection-news.ts */
  hasEndedUnseen({ key, dest, state, left }: ApplyRecord): boolean {
    for (let slot = 0; slot < this.slots.count; slot++) {
      const at = this.slots.at(slot);
      if (!this.slots.wasOwn(at, key, 0)) continue;
      const high = this.slots.copy[at + HIGH] ?? 0;
      if ((high & Abi.V_DEST_MASK) !== dest) return false;
      const idle = unitsOfState(stateIn(high)) - clockDifference(this.slots.seenUntil(at), this.table.now());
      return unitsOfState(state) - left >= idle - (MARGIN_UNITS >> 1);
    }
    return false;
  }

  /** The peer sent what is at this place. */
  sent(at: number, { key, dest, state, left }: ApplyRecord): void {
    if (this.table.words[at + KEY_WORD] !== key) return;
    this.slots.sent(at, key, 0, highOf(dest, state), (this.table.now() + left) >>> 0, MARGIN_UNITS);
  }

  /** Another one did. */
  foreign(at: number, { key, left }: ApplyRecord): void {
    if (this.table.words[at + KEY_WORD] === key) this.slots.foreign(at, (this.table.now() + left) >>> 0, MARGIN_UNITS);
  }
}
