// The digest of what a receiver has taken of a session, and what came of comparing it with the sender's.
import { type ItemBlock, ItemReader } from '../../../wire/sync/stream-block.js';
import { addDigests, itemHash } from '../../../wire/sync/stream-digest.js';
import { StreamItem } from '../../../wire/sync/stream-item.js';

/** Comparisons that were asked for and not answered. The oldest is forgotten. */
const ASKED_MAX = 32;

const item = new StreamItem();

export class TakenDigest {
  #sum = 0;
  /** By the number of items that were dealt with then. */
  readonly #asked = new Map<number, number>();
  #comparedAt = -1;
  #state: 'equal' | 'differs' = 'equal';

  /** Of how many items the last comparison was; -1: there was none. */
  get comparedAt(): number {
    return this.#comparedAt;
  }

  get state(): 'equal' | 'differs' {
    return this.#state;
  }

  /** All of a frame is taken. */
  all({ digest }: ItemBlock): void {
    this.#sum = addDigests(this.#sum, digest);
  }

  /** Those for which `isTaken` is true, by their place in the frame. */
  some(block: ItemBlock, isTaken: (index: number) => boolean): void {
    const items = new ItemReader(block);
    for (let index = 0; items.next(item); index++)
      if (isTaken(index)) this.#sum = addDigests(this.#sum, itemHash(block.what, block.ended, item));
  }

  /** The digest of so many items, which is to be compared. */
  ask(count: number): number {
    this.#asked.set(count, this.#sum);
    for (const oldest of this.#asked.keys()) {
      if (this.#asked.size <= ASKED_MAX) break;
      this.#asked.delete(oldest);
    }
    return this.#sum;
  }

  /** The sender's of so many. What was not asked is ignored. */
  compare(count: number, sum: number): void {
    const asked = this.#asked.get(count);
    if (asked === undefined || count < this.#comparedAt) return;
    this.#state = asked === sum ? 'equal' : 'differs';
    this.#comparedAt = count;
    for (const older of this.#asked.keys()) {
      if (older >= count) break;
      this.#asked.delete(older);
    }
  }
}
