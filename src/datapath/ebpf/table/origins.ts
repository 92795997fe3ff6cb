// Which connections and templates another director has announced. Beside a table stands an array with a tag for each slot, made when the first one is put there
// that came from elsewhere. A tag is of its slot's key, so it means nothing for another connection that gets the slot. No program knows of these arrays, and a
// table that gets another size begins without one.
import type { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { unlessCode } from '../../../sys/errno.js';
import type { Tables } from './tables.js';

/** By the pin of its table. */
export const originsPin = (table: string): string => `origins_${table}`;

export const ORIGINS_RECORD_BYTES = 8;
const TAG_BYTES = 2;
/** Slots that a record of the array has tags of. */
export const ORIGINS_RECORD_SLOTS = ORIGINS_RECORD_BYTES / TAG_BYTES;

/** The two halves of a slot's key. */
export interface OriginKey {
  /** Its client's address or network, or of IPv6 a hash of it. */
  readonly keyLow: number;
  /** The service and, of a connection, its client's port. */
  readonly keyHigh: number;
}

/** Never 0. */
const tagOf = ({ keyLow, keyHigh }: OriginKey): number => (Math.imul(Math.imul(keyLow, 0x85ebca6b) ^ keyHigh, 0x9e3779b1) >>> 16) | 1;

export class Origins {
  readonly #tags: Uint16Array;

  /** `map`: the array, which may be closed afterwards. */
  constructor(map: BpfMap, writable: boolean) {
    const { valueSize, maxEntries } = map.info();
    this.#tags = new Uint16Array(map.mmap(valueSize * maxEntries, writable));
  }

  /** What is in this slot was announced by another director. */
  note(slot: number, key: OriginKey): void {
    this.#tags[slot] = tagOf(key);
  }

  wasAnnounced(slot: number, key: OriginKey): boolean {
    return this.#tags[slot] === tagOf(key);
  }

  /** Is it one of a table with so many slots? */
  hasSlots(slots: number): boolean {
    return this.#tags.length === slots;
  }
}

/** For reading. undefined: nothing of this table came from elsewhere. */
export function readOrigins(tables: Tables, table: string): Origins | undefined {
  const map = unlessCode(() => tables.open(originsPin(table)), ['ENOENT'], undefined);
  if (map === undefined) return undefined;
  try {
    return new Origins(map, false);
  } finally {
    map.close();
  }
}
