// Finds what is new in the connection tables since it looked last, by comparing each slot with what was reported of it. Packets have no part in this, so
// that it costs them nothing; a connection that begins and ends between two looks is not seen, and need not be.
import { Abi } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import {
  type Beside,
  bucketCount,
  connectionAt,
  destOf,
  SIDE_TABLES,
  SLOT_WORDS,
  type SlotConnection,
  VALUE_WORD,
} from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';
import { type ScanMoment, SlotNews } from './slot-news.js';

/** Destination, method and state. */
const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;

interface Watched {
  readonly what: Beside['what'] | undefined;
  readonly buckets: number;
  readonly slots: SlotNews;
}

export class TableScan {
  #watched: readonly Watched[] = [];
  /** Where it goes on: in which table, at which of its buckets. */
  #table = 0;
  #bucket = 0;

  /** `tables`: readable ones, so that a map is mapped once. */
  constructor(readonly tables: Tables) {}

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
        const known = this.#watched.find(({ slots }) => slots.words.buffer === table.words.buffer);
        return known ?? { what, buckets, slots: new SlotNews(table.words, buckets * Abi.BUCKET_SLOTS, NEWS) };
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
    for (const { slots } of this.#watched) slots.forget();
  }
}

/** Most buckets are empty: of these a look reads four words of one cache line. What was reported of a connection that has ended is kept, as others keep it. */
function lookAt(table: Watched, from: number, to: number, moment: ScanMoment, report: (connection: SlotConnection) => void): void {
  const { buckets, slots } = table;
  const { words } = slots;
  const stride = words.length / buckets;
  for (let bucket = from; bucket < to; bucket++) {
    const first = bucket * stride + VALUE_WORD + 1;
    let taken = 0;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) taken |= words[first + k * SLOT_WORDS] ?? 0;
    if (destOf(taken) === 0) continue;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      const at = bucket * stride + k * SLOT_WORDS;
      const isTaken = destOf(words[at + VALUE_WORD + 1] ?? 0) !== 0;
      if (isTaken && !slots.isReported(at, bucket * Abi.BUCKET_SLOTS + k, moment)) reportSlot(table, bucket, k, moment, report);
    }
  }
}

function reportSlot(
  { what, buckets, slots }: Watched,
  bucket: number,
  k: number,
  { now }: ScanMoment,
  report: (connection: SlotConnection) => void,
): void {
  const before = slots.wordsAt((slots.words.length / buckets) * bucket + k * SLOT_WORDS);
  const connection = connectionAt({ words: slots.words, before: false }, what, bucket, k);
  if (connection === undefined || clockDifference(connection.expires, now) < 0) return;
  slots.reported(bucket * Abi.BUCKET_SLOTS + k, before, connection.expires);
  report(connection);
}
