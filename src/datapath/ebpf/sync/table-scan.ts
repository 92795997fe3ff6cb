// Finds what is new in the connection tables since it looked last, by comparing slots with what was reported of them. A round looks at the buckets that had
// changes, and at a part of all of them: for what changes without a packet, such as a time that is about to end elsewhere. A connection that begins and ends
// between two looks is not seen, and need not be.
import { FolderChanges } from '../../../sys/files/folder-changes.js';
import { Abi } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import { connectionHash, hashKeysOf } from '../table/endpoint-table.js';
import { type Beside, destOf, KEY_WORD, LINES_BESIDE, PROVEN, SIDE_TABLES, SLOT_WORDS, VALUE_WORD } from '../table/living-slots.js';
import { type ConnectionWords, TABLE_PIN, type Tables } from '../table/tables.js';
import { ChangeMarks } from './change-marks.js';
import type { ScanMoment } from './scan-moment.js';
import { SeenSlot } from './seen-slot.js';
import { bucketOfWord, type SlotLayout } from './slot-layout.js';
import { SlotNews } from './slot-news.js';

/** Destination, method, state, and whether it is proven: else another director takes it for one of a client who may not be there. */
const NEWS = (2 ** (Abi.V_STATE_SHIFT - 32 + 4) - 1) | PROVEN;

/** In a round that takes longer than a part of a pass, what has changed meanwhile does not wait for the next round. */
const MARKS_PER_PASS = 16;

/** Tables by their pins, and what they have beside a slot. */
const KINDS: readonly (readonly [string, Beside['what'] | undefined])[] = [
  [TABLE_PIN, undefined],
  ...SIDE_TABLES.map(([{ conns }, what]) => [conns, what] as const),
];

const NO_MARKS: Uint32Array = new Uint32Array();

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

/** Looks at the buckets of a table from one to before another. */
function lookAt(
  table: Watched,
  moment: ScanMoment,
  { found, ended, lost }: ScanReport,
  isElsewhere: (table: Watched, at: number) => boolean,
): (from: number, to: number) => void {
  const see = (at: number): void => reportSlot(table, at, moment, found);
  const isThere = (at: number): boolean => isNear(table.slots, at) || isElsewhere(table, at);
  const seeEnd = ended && ((at: number): void => reportEnd(table, at, isThere, ended));
  const seeLost = lost && ((at: number): void => reportLost(table, at, isThere, lost));
  return (from, to) => table.slots.look(from, to, moment, see, seeEnd, seeLost);
}

const bucketsOf = ({ slots }: Watched): number => slots.words.length / slots.layout.bucketWords;

export class TableScan {
  #watched: readonly Watched[] = [];
  #marks: ChangeMarks | undefined;
  /** The next round looks at all buckets. */
  #isWholeNext = true;
  /** Of this round: what is left of the marks. */
  #marked: Uint32Array = NO_MARKS;
  /** Where the part of all begins: in which table, at which of its buckets; and how many are left of it. */
  #table = 0;
  #bucket = 0;
  #left = 0;
  #begunAt = 0;
  readonly #pins: FolderChanges;
  /** Not listed yet, or a table has two places: which of them is read first, or no more, stands in memory. */
  #mustList = true;
  /** When marks were read last, and after how many clock units they are read again. */
  #markedAt = 0;
  #markAgain = 0;

  readonly #elsewhere = (table: Watched, at: number): boolean => this.#isElsewhere(table, at);
  /** By pin, the tables that are there during this look, where it was asked for. */
  readonly #there = new Map<string, readonly ConnectionWords[]>();

  /** `tables`: readable ones, so that a map is mapped once. */
  constructor(readonly tables: Tables) {
    this.#pins = new FolderChanges(tables.folder);
  }

  /** The next round looks at all buckets. */
  forget(): void {
    this.#isWholeNext = true;
  }

  /**
   * Begins a round: tables may have come, or have got another size. What was reported of one that is the same stays. After `pass` clock units each bucket was
   * looked at: the part of them that is due by `now` belongs to the round.
   */
  begin(now: number, pass: number): void {
    const areOthers = (this.#pins.mayHaveChanged() || this.#mustList) && this.#listTables();
    const passed = clockDifference(now, this.#begunAt) / pass;
    this.#begunAt = this.#markedAt = now;
    this.#markAgain = pass / MARKS_PER_PASS;
    this.#beginPart(areOthers || passed >= 1, passed);
  }

  /** True: others than before. */
  #listTables(): boolean {
    this.#mustList = true;
    const found = KINDS.map(([pin, what]) => ({ pin, what, tables: this.#placesOf(pin) }));
    this.#mustList = found.some(({ tables }) => tables.length > 1);
    const before = this.#watched;
    this.#watched = found.flatMap(({ pin, what, tables }) =>
      tables
        .filter(({ before: isBefore }) => !isBefore)
        .map(({ words }) => {
          const known = before.find(({ slots }) => slots.words.buffer === words.buffer);
          return known ?? { pin, what, slots: new SlotNews(words, layoutOf(what), NEWS, pin) };
        }),
    );
    return this.#watched.length !== before.length || this.#watched.some((table) => !before.includes(table));
  }

  #placesOf(pin: string): readonly ConnectionWords[] {
    return pin === TABLE_PIN ? this.tables.conns() : this.tables.sideConns({ conns: pin });
  }

  /**
   * Has what was in this slot moved to another table, which may have come since the round began? A move makes its table well before it takes anything out of the
   * one before, so that it is there at the first end that a look finds.
   */
  #isElsewhere({ pin, slots }: Watched, at: number): boolean {
    const there = this.#there.get(pin) ?? this.#placesOf(pin);
    this.#there.set(pin, there);
    const others = there.filter(({ words, before }) => !before && words.buffer !== slots.words.buffer);
    if (others.length === 0) return false;
    const [keyLow, keyHigh] = [slots.copy[at + KEY_WORD]!, slots.copy[at + KEY_WORD + 1]!];
    const hash = connectionHash(BigInt(keyLow) | (BigInt(keyHigh) << 32n), hashKeysOf(this.tables));
    return others.some(({ words }) => isIn(words, slots.layout, hash, keyLow, keyHigh));
  }

  /** The marks are read before the buckets. Programs of a build before have none: then each round is of all buckets. */
  #beginPart(isWhole: boolean, share: number): void {
    const counts = this.#marks?.counts ?? this.tables.changes();
    if (counts !== undefined && this.#marks === undefined) [this.#marks, this.#isWholeNext] = [new ChangeMarks(counts), true];
    const marked = this.#marks?.take();
    const all = this.#watched.reduce((sum, table) => sum + bucketsOf(table), 0);
    if (isWhole || this.#isWholeNext || marked === undefined) [this.#marked, this.#table, this.#bucket, this.#left] = [NO_MARKS, 0, 0, all];
    else [this.#marked, this.#left] = [marked, Math.ceil(all * share)];
    this.#isWholeNext = false;
  }

  /** Looks at `buckets` more; false: the round is over. Each connection is reported that is new or changed, or that others are about to forget. */
  look(buckets: number, moment: ScanMoment, report: ScanReport): boolean {
    this.#there.clear();
    for (const table of this.#watched)
      for (const bucket of table.slots.takeAgain()) lookAt(table, moment, report, this.#elsewhere)(bucket, bucket + 1);
    this.#markMore(moment);
    const left = this.#lookAtMarked(buckets, moment, report);
    return left === 0 || this.#lookAtPart(left, moment, report);
  }

  #markMore({ now }: ScanMoment): void {
    if (this.#marked.length > 0 || this.#marks === undefined || clockDifference(now, this.#markedAt) < this.#markAgain) return;
    this.#markedAt = now;
    this.#marked = this.#marks.take();
  }

  /** How many of `buckets` are left for others. */
  #lookAtMarked(buckets: number, moment: ScanMoment, report: ScanReport): number {
    const marked = this.#marked.subarray(0, buckets);
    this.#marked = this.#marked.subarray(buckets);
    const step = this.#marks?.counts.length ?? 0;
    for (const table of marked.length === 0 ? [] : this.#watched) {
      const look = lookAt(table, moment, report, this.#elsewhere);
      const count = bucketsOf(table);
      for (const mark of marked) for (let bucket = mark; bucket < count; bucket += step) look(bucket, bucket + 1);
    }
    return buckets - marked.length;
  }

  #lookAtPart(buckets: number, moment: ScanMoment, report: ScanReport): boolean {
    let left = Math.min(buckets, this.#left);
    this.#left -= left;
    while (left > 0) {
      const table = this.#watched[this.#table]!;
      const count = bucketsOf(table);
      const end = Math.min(this.#bucket + left, count);
      lookAt(table, moment, report, this.#elsewhere)(this.#bucket, end);
      left -= end - this.#bucket;
      this.#bucket = end;
      if (end < count) break;
      [this.#table, this.#bucket] = [(this.#table + 1) % this.#watched.length, 0];
    }
    return this.#left > 0;
  }

  /** Reports what is there as SlotNews.isUnnamed() has it. */
  lookForUnnamed(found: (slot: SeenSlot) => void): void {
    for (const { slots, what } of this.#watched) {
      for (let slot = 0; slot < slots.count; slot++) {
        const at = slots.at(slot);
        if (slots.isUnnamed(at) && seen.read(slots.words, slots, what, at)) found(seen);
      }
    }
  }

  /** What has just been made in this slot, as its report has it, is known: the mark that it left needs no look. */
  expect({ layout }: SlotNews, at: number): void {
    this.#marks?.expect(bucketOfWord(layout, at));
  }

  /** As SlotNews.ahead(), of the table with this pin. */
  ahead(pin: string, slots: Uint32Array, count: number): void {
    this.slotsOf(pin)?.ahead(slots, count);
    this.#marks?.ahead(slots, count);
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

function reportEnd({ what, slots }: Watched, at: number, isThere: (at: number) => boolean, ended: (slot: SeenSlot) => void): void {
  const hasEnded = !isThere(at) && seen.read(slots.copy, slots, what, at);
  slots.forgetSlot(at);
  if (hasEnded) ended(seen);
}

function reportLost({ slots }: Watched, at: number, isThere: (at: number) => boolean, lost: () => void): void {
  if (!isThere(at)) lost();
  slots.forgetSlot(at);
}

/** Is the connection that was in this slot in another one now, where a search for it would come? Then it has not ended, and is reported from there. */
function isNear({ words, copy, layout }: SlotNews, at: number): boolean {
  const [bucket, buckets] = [bucketOfWord(layout, at), words.length / layout.bucketWords];
  const [keyLow, keyHigh] = [copy[at + KEY_WORD]!, copy[at + KEY_WORD + 1]!];
  for (let n = 1 - Abi.PROBE_BUCKETS; n < Abi.PROBE_BUCKETS; n++)
    if (hasInBucket(words, layout, (bucket + n + buckets) % buckets, keyLow, keyHigh)) return true;
  return false;
}

/** Has a table the connection with this key, which has this hash? */
function isIn(words: Uint32Array, layout: SlotLayout, hash: number, keyLow: number, keyHigh: number): boolean {
  const buckets = words.length / layout.bucketWords;
  for (let n = 0; n < Abi.PROBE_BUCKETS; n++) if (hasInBucket(words, layout, (hash + n) % buckets, keyLow, keyHigh)) return true;
  return false;
}

function hasInBucket(
  words: Uint32Array,
  { bucketWords, bucketSlots }: SlotLayout,
  bucket: number,
  keyLow: number,
  keyHigh: number,
): boolean {
  const first = bucket * bucketWords;
  for (let slot = first; slot < first + bucketSlots * SLOT_WORDS; slot += SLOT_WORDS) {
    const isTaken = destOf(words[slot + VALUE_WORD + 1] ?? 0) !== 0;
    if (isTaken && words[slot + KEY_WORD] === keyLow && words[slot + KEY_WORD + 1] === keyHigh) return true;
  }
  return false;
}
