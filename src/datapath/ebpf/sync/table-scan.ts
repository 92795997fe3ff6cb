// Finds what is new in the connection tables since it looked last, by comparing each slot with what was reported of it. Packets have no part in this, so
// that it costs them nothing; a connection that begins and ends between two looks is not seen, and need not be.
import { Abi } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import { type Beside, destOf, KEY_WORD, LINES_BESIDE, SIDE_TABLES, SLOT_WORDS, VALUE_WORD } from '../table/living-slots.js';
import { TABLE_PIN, type Tables } from '../table/tables.js';
import { SeenSlot } from './seen-slot.js';
import { type ScanMoment, type SlotLayout, SlotNews } from './slot-news.js';

/** Destination, method and state. */
const NEWS = 2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1;

/** `ended`: of what was reported, as it was then. `lost`: as SlotNews.isLost(), of one. Absent: it is not asked for. */
export interface ScanReport {
  readonly found: (slot: SeenSlot) => void;
  readonly ended?: (slot: SeenSlot) => void;
  readonly lost?: () => void;
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
  look(buckets: number, moment: ScanMoment, report: ScanReport): boolean {
    let left = buckets;
    for (;;) {
      const table = this.#watched[this.#table];
      if (table === undefined) return false;
      const { words, layout } = table.slots;
      const count = words.length / layout.bucketWords;
      const end = Math.min(this.#bucket + left, count);
      const { found, ended, lost } = report;
      const seeEnd = ended && ((at: number): void => reportEnd(table, at, ended));
      const seeLost = lost && ((at: number): void => reportLost(table, at, lost));
      table.slots.look(this.#bucket, end, moment, (at) => reportSlot(table, at, moment, found), seeEnd, seeLost);
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

/** One for all: who gets it reads it during the call. */
const seen = new SeenSlot();

function reportSlot({ what, slots }: Watched, at: number, { now }: ScanMoment, found: ScanReport['found']): void {
  if (!seen.read(slots.words, slots, what, at) || clockDifference(seen.expires, now) < 0) return;
  slots.reported(at, seen.keyLow, seen.keyHigh, seen.high, seen.expires);
  found(seen);
}

function reportEnd({ what, slots }: Watched, at: number, ended: (slot: SeenSlot) => void): void {
  const hasEnded = !isNear(slots, at) && seen.read(slots.copy, slots, what, at);
  slots.forgetSlot(at);
  if (hasEnded) ended(seen);
}

function reportLost({ slots }: Watched, at: number, lost: () => void): void {
  if (!isNear(slots, at)) lost();
  slots.forgetSlot(at);
}

/** Is the connection that was in this slot in another one now, where a search for it would come? Then it has not ended, and is reported from there. */
function isNear({ words, copy, layout, count }: SlotNews, at: number): boolean {
  const { bucketWords, bucketSlots } = layout;
  const bucket = Math.floor(at / bucketWords);
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
