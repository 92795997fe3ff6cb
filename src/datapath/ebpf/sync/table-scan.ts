// Finds what is new in the connection tables since it looked last, by comparing each slot with what was reported of it. Packets have no part in this, so
// that it costs them nothing; a connection that begins and ends between two looks is not seen, and need not be.
import { Abi } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import {
  type Beside,
  connectionAt,
  destOf,
  KEY_WORD,
  LINES_BESIDE,
  SIDE_TABLES,
  SLOT_WORDS,
  type SlotConnection,
  VALUE_WORD,
} from '../table/living-slots.js';
import { TABLE_PIN, type Tables } from '../table/tables.js';
import { type ScanMoment, type SlotKey, type SlotLayout, SlotNews } from './slot-news.js';

/** Destination, method and state. */
const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;

/** Where something is that was reported, with its key there. */
export interface ReportedAt {
  readonly slots: SlotNews;
  readonly at: number;
  readonly key: SlotKey;
}

/** `ended`: of a connection that was reported, as it was then. Absent: it is not asked for. */
export interface ScanReport<T> {
  readonly found: (one: T, where: ReportedAt) => void;
  readonly ended?: (one: T) => void;
}

interface Watched {
  readonly pin: string;
  readonly what: Beside['what'] | undefined;
  readonly slots: SlotNews;
}

/** The words beside a slot stand in further lines of its bucket. */
function layoutOf(what: Beside['what'] | undefined): SlotLayout {
  const lines = what === undefined ? 0 : LINES_BESIDE[what];
  const lineWords = Abi.BUCKET_SLOTS * SLOT_WORDS;
  return {
    bucketWords: (1 + lines) * lineWords,
    bucketSlots: Abi.BUCKET_SLOTS,
    pieces: Array.from({ length: lines }, (_, line) => (1 + line) * lineWords),
  };
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
      ...this.tables.conns().map((table) => ({ pin: TABLE_PIN, table, what: undefined })),
      ...SIDE_TABLES.flatMap(([pins, what]) => this.tables.sideConns(pins).map((table) => ({ pin: pins.conns, table, what }))),
    ];
    this.#watched = tables
      .filter(({ table }) => !table.before)
      .map(({ pin, table, what }) => {
        const known = this.#watched.find(({ slots }) => slots.words.buffer === table.words.buffer);
        return known ?? { pin, what, slots: new SlotNews(table.words, layoutOf(what), NEWS) };
      });
    [this.#table, this.#bucket] = [0, 0];
  }

  /** Looks at `buckets` more; false: the round is over. Each connection is reported that is new or changed, or that others are about to forget. */
  look(buckets: number, moment: ScanMoment, report: ScanReport<SlotConnection>): boolean {
    let left = buckets;
    for (;;) {
      const table = this.#watched[this.#table];
      if (table === undefined) return false;
      const { words, layout } = table.slots;
      const count = words.length / layout.bucketWords;
      const end = Math.min(this.#bucket + left, count);
      lookAt(table, this.#bucket, end, moment, report);
      left -= end - this.#bucket;
      this.#bucket = end;
      if (end < count) return true;
      this.#table += 1;
      this.#bucket = 0;
    }
  }

  /** The slots of the table with this pin. */
  slotsOf(pin: string): SlotNews | undefined {
    return this.#watched.find((table) => table.pin === pin)?.slots;
  }

  /** All that is watched. */
  get all(): readonly SlotNews[] {
    return this.#watched.map(({ slots }) => slots);
  }
}

/** Most buckets are empty: of these a look reads four words of one cache line. Where ends are not asked for, what was reported of one is kept. */
function lookAt(table: Watched, from: number, to: number, moment: ScanMoment, report: ScanReport<SlotConnection>): void {
  const { words, copy, layout } = table.slots;
  const { ended } = report;
  for (let bucket = from; bucket < to; bucket++) {
    const first = bucket * layout.bucketWords + VALUE_WORD + 1;
    let taken = 0;
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) taken |= words[first + k * SLOT_WORDS] ?? 0;
    let known = 0;
    if (ended !== undefined) for (let k = 0; k < Abi.BUCKET_SLOTS; k++) known |= copy[first + k * SLOT_WORDS] ?? 0;
    if (destOf(taken | known) !== 0) lookAtBucket(table, bucket, moment, report);
  }
}

function lookAtBucket(table: Watched, bucket: number, moment: ScanMoment, report: ScanReport<SlotConnection>): void {
  const { slots } = table;
  for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
    const at = bucket * slots.layout.bucketWords + k * SLOT_WORDS;
    if (report.ended !== undefined && slots.hasEnded(at, moment)) reportEnd(table, bucket, k, report.ended);
    const isTaken = destOf(slots.words[at + VALUE_WORD + 1] ?? 0) !== 0;
    if (isTaken && !slots.isReported(at, moment)) reportSlot(table, bucket, k, moment, report.found);
  }
}

function reportSlot(
  { what, slots }: Watched,
  bucket: number,
  k: number,
  { now }: ScanMoment,
  found: ScanReport<SlotConnection>['found'],
): void {
  const at = bucket * slots.layout.bucketWords + k * SLOT_WORDS;
  const before = slots.wordsAt(at);
  const connection = connectionAt({ words: slots.words, before: false }, what, bucket, k);
  if (connection === undefined || clockDifference(connection.expires, now) < 0) return;
  slots.reported(at, before, connection.expires);
  found(connection, { slots, at, key: before.key });
}

function reportEnd({ what, slots }: Watched, bucket: number, k: number, ended: (connection: SlotConnection) => void): void {
  const at = bucket * slots.layout.bucketWords + k * SLOT_WORDS;
  const connection = isNear(slots, bucket, at) ? undefined : connectionAt({ words: slots.copy, before: false }, what, bucket, k);
  slots.forgetSlot(at);
  if (connection !== undefined) ended(connection);
}

/** Is the connection that was in this slot in another one now, where a search for it would come? Then it has not ended, and is reported from there. */
function isNear({ words, copy, layout, count }: SlotNews, bucket: number, at: number): boolean {
  const { bucketWords, bucketSlots } = layout;
  const buckets = count / bucketSlots;
  for (let n = 1 - Abi.PROBE_BUCKETS; n < Abi.PROBE_BUCKETS; n++) {
    const first = ((bucket + n + buckets) % buckets) * bucketWords;
    for (let slot = first; slot < first + bucketSlots * SLOT_WORDS; slot += SLOT_WORDS) {
      const isTaken = destOf(words[slot + VALUE_WORD + 1] ?? 0) !== 0;
      if (isTaken && words[slot + KEY_WORD] === copy[at + KEY_WORD] && words[slot + KEY_WORD + 1] === copy[at + KEY_WORD + 1]) return true;
    }
  }
  return false;
}
