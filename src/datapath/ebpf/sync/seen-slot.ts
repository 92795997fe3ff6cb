// One slot of a connection table, whole, in memory that is used again for each: what a look at millions of them reads makes no objects.
import { Abi } from '../abi.gen.js';
import {
  type Beside,
  connectionOf,
  destOf,
  KEY_WORD,
  LINES_BESIDE,
  SLOT_WORDS,
  type SlotConnection,
  VALUE_WORD,
} from '../table/living-slots.js';
import type { SlotNews } from './slot-news.js';

/** Pieces beside a slot: three at most. */
const WORDS = 4 * SLOT_WORDS;

export class SeenSlot {
  /** The slot's own, and behind them what is beside it. */
  readonly words = new Uint32Array(WORDS);
  /** Where it was read. */
  slots!: SlotNews;
  what: Beside['what'] | undefined;
  at = 0;

  /** By the rules of abi.h: key, value, key. False: it is free, or was taken by another connection meanwhile. `from`: the table's words, or a copy of them. */
  read(from: Uint32Array, slots: SlotNews, what: Beside['what'] | undefined, at: number): boolean {
    const { words } = this;
    const { pieces } = slots.layout;
    this.slots = slots;
    this.what = what;
    this.at = at;
    for (;;) {
      const keyLow = Atomics.load(from, at + KEY_WORD);
      const keyHigh = Atomics.load(from, at + KEY_WORD + 1);
      const high = Atomics.load(from, at + VALUE_WORD + 1);
      const dest = destOf(high);
      if (dest === 0 || dest === Abi.CLAIMED) return false;
      const low = Atomics.load(from, at + VALUE_WORD);
      words[KEY_WORD] = keyLow;
      words[KEY_WORD + 1] = keyHigh;
      words[VALUE_WORD] = low;
      words[VALUE_WORD + 1] = high;
      for (let piece = 0; piece < pieces.length; piece++) {
        const first = at + (pieces[piece] ?? 0);
        for (let k = 0; k < SLOT_WORDS; k++) words[(1 + piece) * SLOT_WORDS + k] = Atomics.load(from, first + k);
      }
      if (Atomics.load(from, at + KEY_WORD) !== keyLow || Atomics.load(from, at + KEY_WORD + 1) !== keyHigh) return false;
      if (Atomics.load(from, at + VALUE_WORD + 1) !== high) continue;
      // Another connection with the same key was made later.
      if (pieces.length === 0 || Atomics.load(from, at + VALUE_WORD) === low) return true;
    }
  }

  get keyLow(): number {
    return this.words[KEY_WORD] ?? 0;
  }

  get keyHigh(): number {
    return this.words[KEY_WORD + 1] ?? 0;
  }

  get expires(): number {
    return this.words[VALUE_WORD] ?? 0;
  }

  /** The upper half of its value. */
  get high(): number {
    return this.words[VALUE_WORD + 1] ?? 0;
  }

  get service(): number {
    return this.keyHigh >>> (Abi.K_SERVICE_SHIFT - 32);
  }

  get dest(): number {
    return destOf(this.high);
  }

  /** As an object of its own. */
  get connection(): SlotConnection {
    const { what, keyLow, keyHigh, expires, high } = this;
    if (what === undefined) return connectionOf([keyLow, keyHigh, expires, high]);
    const words = [...this.words.subarray(SLOT_WORDS, (1 + LINES_BESIDE[what]) * SLOT_WORDS)];
    return connectionOf([keyLow, keyHigh, expires, high, { what, words }]);
  }
}
