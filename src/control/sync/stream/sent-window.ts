// What a sender of weir's own stream has sent and its peer has not acknowledged: where each item is in the tables, so that a refusal finds it again, and
// which ends there were.
import { addDigests } from '../../../wire/sync/stream-digest.js';
import type { ItemKind, StreamItem } from '../../../wire/sync/stream-item.js';

/** Something of a table that a peer has refused. `key`: what was there. */
export interface SentTable {
  readonly refused: (at: number, keyLow: number, keyHigh: number) => void;
  /** The peer has something newer. */
  readonly disputed: (at: number, keyLow: number, keyHigh: number) => void;
}

/** Of what was here. `lastMs`: its last packet, by the clock here. */
export interface Ended {
  readonly what: ItemKind;
  readonly item: StreamItem;
  readonly lastMs: number;
}

const FIRST = 4096;

export class SentWindow {
  /** Rings, by the number of an item: its place, and the key there. An end has no table. */
  #tables: (SentTable | undefined)[] = new Array(FIRST).fill(undefined);
  #places = new Uint32Array(3 * FIRST);
  /** What each adds to the digest when it is acknowledged. */
  #hashes = new Uint32Array(FIRST);
  #digest = 0;
  /** In the order of their numbers. */
  #ends: { readonly number: number; readonly ended: Ended }[] = [];
  #acknowledged = 0;
  #sent = 0;

  /** Items that were sent. */
  get sent(): number {
    return this.#sent;
  }

  /** Items that the peer has dealt with. */
  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Of all that are acknowledged and were not refused. */
  get digest(): number {
    return this.#digest;
  }

  get waiting(): number {
    return this.#sent - this.#acknowledged;
  }

  get ends(): readonly Ended[] {
    return this.#ends.map(({ ended }) => ended);
  }

  /** `hash`: of the item. */
  add(hash: number, table: SentTable, at: number, keyLow: number, keyHigh: number): void {
    const index = this.#next(hash);
    this.#tables[index] = table;
    this.#places[3 * index] = at;
    this.#places[3 * index + 1] = keyLow;
    this.#places[3 * index + 2] = keyHigh;
  }

  addEnd(hash: number, ended: Ended): void {
    this.#ends.push({ number: this.#sent, ended });
    this.#tables[this.#next(hash)] = undefined;
  }

  /** The place of the next number in the rings. */
  #next(hash: number): number {
    if (this.waiting === this.#tables.length) this.#grow();
    const index = this.#sent % this.#tables.length;
    this.#hashes[index] = hash;
    this.#sent += 1;
    return index;
  }

  /** An item's place in the ring is its number modulo the ring's length. */
  #grow(): void {
    const [tables, places, hashes, length] = [this.#tables, this.#places, this.#hashes, this.#tables.length];
    this.#tables = new Array(2 * length).fill(undefined);
    this.#places = new Uint32Array(6 * length);
    this.#hashes = new Uint32Array(2 * length);
    for (let number = this.#acknowledged; number < this.#sent; number++) {
      const [from, to] = [number % length, number % (2 * length)];
      this.#tables[to] = tables[from];
      this.#hashes[to] = hashes[from] ?? 0;
      this.#places.set(places.subarray(3 * from, 3 * from + 3), 3 * to);
    }
  }

  /** The peer has dealt with so many. False: that cannot be. */
  acknowledge(count: number): boolean {
    if (count < this.#acknowledged || count > this.#sent) return false;
    for (const { length } = this.#hashes; this.#acknowledged < count; this.#acknowledged++)
      this.#digest = addDigests(this.#digest, this.#hashes[this.#acknowledged % length] ?? 0);
    let ended = 0;
    while (ended < this.#ends.length && (this.#ends[ended]?.number ?? count) < count) ended += 1;
    if (ended > 0) this.#ends.splice(0, ended);
    return true;
  }

  /** Were these sent, and are not acknowledged yet? */
  has(from: number, count: number): boolean {
    return from >= this.#acknowledged && from + count <= this.#sent;
  }

  /** The peer has not taken these. `isNewer`: since it has something newer; else how many of them stand in a table, which are news again when they are forgotten. */
  refuse(from: number, count: number, isNewer: boolean): number {
    let lacking = 0;
    for (let number = from; number < from + count; number++) {
      const index = number % this.#tables.length;
      this.#hashes[index] = 0;
      const table = this.#tables[index];
      if (table === undefined) continue;
      const [at = 0, keyLow = 0, keyHigh = 0] = this.#places.subarray(3 * index, 3 * index + 3);
      if (isNewer) {
        table.disputed(at, keyLow, keyHigh);
        continue;
      }
      table.refused(at, keyLow, keyHigh);
      lacking += 1;
    }
    return lacking;
  }
}
