// Connections and templates that have ended lately, by this director or another one. With three directors and more, what one of them relays may come after the
// end that another one has sent: by these ends it is known to be over.

/** One a place: a later one takes it. */
const PLACES = 16_384;
const WORDS = 7;
const [LOW, HIGH, TABLE, DEST, LAST, NOTED, PEERS] = [0, 1, 2, 3, 4, 5, 6] as const;

/** Last packets that are closer cannot be distinguished. */
const MARGIN_MS = 48;
/** A relay that comes later would have waited longer in a process that stood still. */
const KEEP_MS = 60_000;

/** Peers have the numbers from 0 on; what this director has ended itself has this one. */
export const OWN_END = -1;

/** The pin of its table, its key there, and its destination by number. */
export interface EndedKey {
  readonly pin: string;
  readonly keyLow: number;
  readonly keyHigh: number;
  readonly dest: number;
}

function placeOf(table: number, { keyLow, keyHigh }: EndedKey): number {
  const mixed = Math.imul(keyLow ^ Math.imul(keyHigh + table, 0x9e37_79b1), 0x85eb_ca6b);
  return WORDS * ((mixed ^ (mixed >>> 15)) & (PLACES - 1));
}

/** Those of 32 and more share one with another one. */
const bitOf = (peer: number): number => (peer === OWN_END ? 0 : 1 << (peer & 31));

export class RecentEnds {
  readonly #words = new Uint32Array(WORDS * PLACES);
  /** Numbers of tables begin with 1: a place that has none is free. */
  readonly #tables = new Map<string, number>();

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(readonly now: () => number) {}

  /** Where a key's end is in the words. */
  #find(key: EndedKey): number | undefined {
    const table = this.#tables.get(key.pin);
    if (table === undefined) return undefined;
    const at = placeOf(table, key);
    const words = this.#words;
    const hasKey = words[at + TABLE] === table && words[at + LOW] === key.keyLow && words[at + HIGH] === key.keyHigh;
    return hasKey && words[at + DEST] === key.dest ? at : undefined;
  }

  /** `peer`: who has ended it. `idleMs`: since its last packet. */
  note(key: EndedKey, peer: number, idleMs: number): void {
    const { pin, keyLow, keyHigh, dest } = key;
    const known = this.#find(key);
    const last = (this.now() - idleMs) >>> 0;
    const words = this.#words;
    const isSame = known !== undefined && (last - words[known + LAST]!) >> 0 <= MARGIN_MS;
    const peers = (isSame ? words[known + PEERS]! : 0) | bitOf(peer);
    const table = this.#tables.get(pin) ?? this.#tables.size + 1;
    this.#tables.set(pin, table);
    words.set([keyLow, keyHigh, table, dest, last, this.now() >>> 0, peers], placeOf(table, key));
  }

  /** Has it ended since, of which a peer has sent that it was idle for so long? What a peer sends after it has sent the end has begun since. */
  covers(key: EndedKey, peer: number, idleMs: number): boolean {
    const at = this.#find(key);
    if (at === undefined || this.#isFrom(at, peer)) return false;
    const words = this.#words;
    if ((this.now() - words[at + NOTED]!) >> 0 > KEEP_MS) return false;
    return (this.now() - idleMs - words[at + LAST]!) >> 0 <= MARGIN_MS;
  }

  /** Has this peer sent its end? */
  areFrom(key: EndedKey, peer: number): boolean {
    const at = this.#find(key);
    return at !== undefined && this.#isFrom(at, peer);
  }

  #isFrom(at: number, peer: number): boolean {
    return (this.#words[at + PEERS]! & bitOf(peer)) !== 0;
  }
}
