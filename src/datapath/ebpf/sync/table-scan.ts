// Finds what is new in the connection tables since it looked last, by comparing each slot with what it was then. Packets have no part in this, so that it
// costs them nothing; a connection that begins and ends between two looks is not seen, and need not be.
import { Abi } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import {
  type Beside,
  bucketCount,
  connectionAt,
  destOf,
  KEY_WORD,
  SIDE_TABLES,
  SLOT_WORDS,
  type SlotConnection,
  VALUE_WORD,
} from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';

/** What was reported of each slot: destination, method and state, then both halves of the key, and the time. */
const [SEEN_HIGH, SEEN_KEY, SEEN_EXPIRES, SEEN_WORDS] = [0, 1, 3, 4];
/** These bits of a value's upper half. The others are its bucket's, or go with the state, or change without being news. */
const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;

interface Watched {
  readonly words: Uint32Array;
  readonly what: Beside['what'] | undefined;
  readonly buckets: number;
  readonly seen: Uint32Array;
}

/** Clock units. `refresh`: after so many with traffic a connection is reported again; 0: only before it is forgotten elsewhere. */
export interface ScanMoment {
  readonly now: number;
  readonly refresh: number;
}

/**
 * Would another director forget the connection too early? It has what was reported, and keeps it until then. Of one with traffic all the time this is so
 * when half of its time has passed.
 */
function isStale(expires: number, reported: number, { now, refresh }: ScanMoment): boolean {
  const used = clockDifference(expires, reported);
  return used > 0 && (used >= clockDifference(reported, now) || (refresh > 0 && used >= refresh));
}

export class TableScan {
  #watched: readonly Watched[] = [];
  /** Where it goes on: in which table, at which of its buckets. */
  #table = 0;
  #bucket = 0;

  /** `tables`: readable ones, so that a map is mapped once. */
  constructor(readonly tables: Tables) {}

  /** Buckets of all tables. */
  get buckets(): number {
    return this.#watched.reduce((sum, { buckets }) => sum + buckets, 0);
  }

  /** Begins a round: tables may have come, or have got another size. What was reported of one that is the same stays. */
  begin(): void {
    const tables = [
      ...this.tables.conns().map((table) => ({ table, what: undefined })),
      ...SIDE_TABLES.flatMap(([pins, what]) => this.tables.sideConns(pins).map((table) => ({ table, what }))),
    ];
    this.#watched = tables
      .filter(({ table }) => !table.before)
      .map(({ table, what }) => {
        const buckets = bucketCount(table, what);
        const known = this.#watched.find(({ words }) => words.buffer === table.words.buffer);
        return known ?? { words: table.words, what, buckets, seen: new Uint32Array(buckets * Abi.BUCKET_SLOTS * SEEN_WORDS) };
      });
    [this.#table, this.#bucket] = [0, 0];
  }

  /** Looks at `buckets` more; false: the round is over. `report` gets each connection that is new or changed, or that others are about to forget. */
  look(buckets: number, moment: ScanMoment, report: (connection: SlotConnection) => void): boolean {
    let left = buckets;
    for (;;) {
      const table = this.#watched[this.#table];
      if (table === undefined) return false;
      const end = Math.min(this.#bucket + left, table.buckets);
      lookAt(table, this.#bucket, end, moment, report);
      left -= end - this.#bucket;
      this.#bucket = end;
      if (end < table.buckets) return true;
      this.#table += 1;
      this.#bucket = 0;
    }
  }

  /** Everything is news again: others have nothing of it. */
  forget(): void {
    for (const { seen } of this.#watched) seen.fill(0);
  }
}

/** Most buckets are empty: of these a look reads four words of one cache line. What was reported of a connection that has ended is kept, as others keep it. */
function lookAt(table: Watched, from: number, to: number, moment: ScanMoment, report: (connection: SlotConnection) => void): void {
  const { words, buckets } = table;
  const stride = words.length / buckets;
  for (let bucket = from; bucket < to; bucket++) {
    const first = bucket * stride + VALUE_WORD + 1;
    let taken = 0;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) taken |= words[first + k * SLOT_WORDS] ?? 0;
    if (destOf(taken) === 0) continue;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      const at = bucket * stride + k * SLOT_WORDS;
      const isTaken = destOf(words[at + VALUE_WORD + 1] ?? 0) !== 0;
      if (isTaken && !isReported(table, at, (bucket * Abi.BUCKET_SLOTS + k) * SEEN_WORDS, moment))
        reportSlot(table, bucket, k, moment, report);
    }
  }
}

function isReported({ words, seen }: Watched, at: number, place: number, moment: ScanMoment): boolean {
  return (
    seen[place + SEEN_HIGH] === ((words[at + VALUE_WORD + 1] ?? 0) & NEWS) >>> 0 &&
    seen[place + SEEN_KEY] === words[at + KEY_WORD] &&
    seen[place + SEEN_KEY + 1] === words[at + KEY_WORD + 1] &&
    !isStale(words[at + VALUE_WORD] ?? 0, seen[place + SEEN_EXPIRES] ?? 0, moment)
  );
}

function reportSlot(
  { words, what, buckets, seen }: Watched,
  bucket: number,
  k: number,
  { now }: ScanMoment,
  report: (connection: SlotConnection) => void,
): void {
  const at = (words.length / buckets) * bucket + k * SLOT_WORDS;
  const place = (bucket * Abi.BUCKET_SLOTS + k) * SEEN_WORDS;
  // First what is compared later, then the connection: one that changes between is news again.
  const before = [words[at + VALUE_WORD + 1] ?? 0, words[at + KEY_WORD] ?? 0, words[at + KEY_WORD + 1] ?? 0] as const;
  const connection = connectionAt({ words, before: false }, what, bucket, k);
  if (connection === undefined || clockDifference(connection.expires, now) < 0) return;
  seen[place + SEEN_HIGH] = (before[0] & NEWS) >>> 0;
  seen[place + SEEN_KEY] = before[1];
  seen[place + SEEN_KEY + 1] = before[2];
  seen[place + SEEN_EXPIRES] = connection.expires;
  report(connection);
}
