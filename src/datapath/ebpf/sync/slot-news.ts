// What was reported of the slots of one table, as a copy of it: of connections, or of templates, whose key and value stand at the same places.
import { Abi, ConnSlot } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import { SLOT_WORDS } from '../table/living-slots.js';
import { Template } from '../template.gen.js';
import { isStale, type ScanMoment } from './scan-moment.js';
import { DEST, SlotCopy, TIMES } from './slot-copy.js';
import { bucketOfWord, type SlotLayout, slotOfWord, wordOfSlot } from './slot-layout.js';

/** As words. */
const [KEY, EXPIRES] = [ConnSlot.key.at / 4, ConnSlot.value.at / 4];
const HIGH = EXPIRES + 1;
if (Template.key.at !== ConnSlot.key.at || Template.value.at !== ConnSlot.value.at) throw new Error('a template has its words elsewhere');

/**
 * Of the copy of a value's upper half. REFUSED: others could not take what was reported. SENT: they sent it. FORGOTTEN: they may have it. CONTESTED: how
 * often what they sent was older than what is here, in units of CONTEST. DISPUTED: what was reported is older than what they have, as they find. SHORTER:
 * they have it for longer than it lives here without a packet.
 */
const [REFUSED, SENT, FORGOTTEN, DISPUTED] = [0x8000_0000, 0x4000_0000, 0x2000_0000, 0x1000_0000] as const;
const [CONTESTED, CONTEST, SHORTER] = [0x0600_0000, 0x0200_0000, 0x0100_0000] as const;

/** What is news though the rest is the same. */
const KEPT = FORGOTTEN | REFUSED;

/** Among a slot's times. */
const FOREIGN = 1;

/** Clock units that pass at most between two readings of the clock for one page: by its program, and for the places of its records. */
const READ_AGAIN = 4;

/** When a slot expires that the program of the page has filled, though `expires` was computed by another reading of the clock. */
const asHere = (here: number, expires: number): number => (Math.abs(clockDifference(here, expires)) <= READ_AGAIN ? here : expires);

export class SlotNews {
  readonly #kept: SlotCopy;
  /** Buckets of slots that are news though they have not changed. */
  #again: number[] = [];

  /** `news`: these bits of the upper half of a value; the others change without being news. */
  constructor(
    readonly words: Uint32Array,
    readonly layout: SlotLayout,
    readonly news: number,
    /** Of the table. */
    readonly pin = '',
  ) {
    if ((news & (REFUSED | SENT | FORGOTTEN | DISPUTED | CONTESTED | SHORTER)) !== 0)
      throw new Error('a bit of news has another meaning in the copy');
    this.#kept = new SlotCopy(words, layout);
  }

  /**
   * Looks at the slots of these buckets. `found`: gets the first word of each with a connection that others do not have as it is. `ended`: as hasEnded(), of
   * each; absent: it is not asked for. `lost`: as isLost(), of each. All may change what is reported of the slot.
   */
  look(
    from: number,
    to: number,
    moment: ScanMoment,
    found: (at: number) => void,
    ended?: (at: number) => void,
    lost?: (at: number) => void,
  ): void {
    const [kept, hadToo] = [this.#kept, ended !== undefined];
    for (let bucket = kept.next(from, to, hadToo); bucket < to; bucket = kept.next(bucket + 1, to, hadToo))
      this.#lookAt(bucket, moment, found, ended, lost);
  }

  #lookAt(
    bucket: number,
    moment: ScanMoment,
    found: (at: number) => void,
    ended?: (at: number) => void,
    lost?: (at: number) => void,
  ): void {
    const { words, news } = this;
    const { bucketWords, bucketSlots } = this.layout;
    const [copy, times] = [this.#kept.words, this.#kept.times];
    let known = 0;
    for (let slot = 0, at = bucket * bucketWords, time = this.#kept.time(at); slot < bucketSlots; slot++) {
      const [high, had] = [words[at + HIGH]!, copy[at + HIGH]!];
      known |= had;
      if (((high | had) & DEST) !== 0) {
        // Nearly all are as they were reported.
        const isOther =
          ((high ^ had) & news) | (had & KEPT) | (words[at + KEY]! ^ copy[at + KEY]!) | (words[at + KEY + 1]! ^ copy[at + KEY + 1]!);
        const [expires, reported] = [words[at + EXPIRES]!, copy[at + EXPIRES]!];
        if (isOther === 0 && (expires === reported || !isStale(expires, reported, moment))) {
          if (times[time] !== expires && ended !== undefined) times[time] = expires;
        } else {
          if (ended !== undefined && this.hasEnded(at, moment)) ended(at);
          else if (lost !== undefined && this.isLost(at, moment)) lost(at);
          if ((words[at + HIGH]! & DEST) !== 0 && !this.isReported(at, moment)) found(at);
          known |= copy[at + HIGH]!;
        }
      }
      at += SLOT_WORDS;
      time += TIMES;
    }
    if (known === 0) this.#kept.touched[bucket] = 0;
  }

  /** Slots. */
  get count(): number {
    return this.#kept.count;
  }

  /** A slot's first word. */
  at(slot: number): number {
    return wordOfSlot(this.layout, slot);
  }

  /** As `words`, with what was reported last of each slot; of a value's upper half the news alone, and REFUSED. */
  get copy(): Uint32Array {
    return this.#kept.words;
  }

  /** As SlotCopy.ahead(). */
  ahead(slots: Uint32Array, count: number): void {
    this.#kept.ahead(slots, count);
  }

  #hasKey(at: number): boolean {
    const [words, copy] = [this.words, this.#kept.words];
    return copy[at + KEY] === words[at + KEY] && copy[at + KEY + 1] === words[at + KEY + 1];
  }

  #isSame(at: number): boolean {
    return (((this.#kept.words[at + HIGH] ?? 0) ^ (this.words[at + HIGH] ?? 0)) & this.news) === 0 && this.#hasKey(at);
  }

  /** `at`: the slot's first word. */
  isReported(at: number, moment: ScanMoment): boolean {
    const [words, copy] = [this.words, this.#kept.words];
    const isForgotten = ((copy[at + HIGH] ?? 0) & FORGOTTEN) !== 0;
    return !isForgotten && this.#isSame(at) && !isStale(words[at + EXPIRES] ?? 0, copy[at + EXPIRES] ?? 0, moment);
  }

  /**
   * What was reported of this slot is not in it any more: the peer may have it, also where it could not take what was reported last. The copy is then as it was
   * seen last. One that came from others and had no packet here since is theirs: what becomes of it here is no end.
   */
  hasEnded(at: number, { now }: ScanMoment): boolean {
    const [words, copy] = [this.words, this.#kept.words];
    const high = copy[at + HIGH] ?? 0;
    if ((high & DEST) === 0) return false;
    const [times, time] = [this.#kept.times, this.#kept.time(at)];
    if (((words[at + HIGH] ?? 0) & DEST) !== 0 && this.#hasKey(at)) {
      times[time] = words[at + EXPIRES] ?? 0;
      return false;
    }
    const seen = times[time] ?? 0;
    copy[at + EXPIRES] = seen;
    return seen !== times[time + FOREIGN] && clockDifference(seen, now) >= 0;
  }

  /**
   * Others have what was in this slot: it came from them, and had no packet here since. It is not in it any more before its time there: this director lacks
   * what they have. To be asked after hasEnded().
   */
  isLost(at: number, { now }: ScanMoment): boolean {
    const [words, copy] = [this.words, this.#kept.words];
    const high = copy[at + HIGH] ?? 0;
    if ((high & DEST) === 0 || (high & KEPT) !== 0 || (((words[at + HIGH] ?? 0) & DEST) !== 0 && this.#hasKey(at))) return false;
    const [times, time] = [this.#kept.times, this.#kept.time(at)];
    const seen = times[time] ?? 0;
    return seen === times[time + FOREIGN] && ((high & SHORTER) !== 0 || clockDifference(seen, now) > READ_AGAIN);
  }

  /** Is this key there? */
  hasKey(at: number, keyLow: number, keyHigh: number): boolean {
    return this.words[at + KEY] === keyLow && this.words[at + KEY + 1] === keyHigh;
  }

  /** `high`: of its value. All as it was read for the report, so that what has changed since is news again. */
  reported(at: number, keyLow: number, keyHigh: number, high: number, expires: number): void {
    const before = this.#kept.words[at + HIGH] ?? 0;
    const isContested = (before & DEST) === 0; // it is reported once more, as it is
    this.#keep(
      at,
      this.#kept.time(at),
      keyLow,
      keyHigh,
      (high & this.news) | (before & (isContested ? CONTESTED | DISPUTED | SHORTER : CONTESTED | SHORTER)),
      expires,
    );
  }

  /** Others sent this, and have it. `margin`: as of foreign(). `isShorter`: for longer than it lives here. True: it is here as they sent it. */
  sent(at: number, keyLow: number, keyHigh: number, high: number, expires: number, margin: number, isShorter = false): boolean {
    const here = this.words[at + EXPIRES]!;
    const until = asHere(here, expires);
    const time = this.#kept.time(at);
    if (until === here) this.#foreign(at, time, here, margin);
    this.named(at);
    this.#keep(at, time, keyLow, keyHigh, (high & this.news) | (isShorter ? SENT | SHORTER : SENT), until);
    return until === here && this.#isSame(at);
  }

  /** A session with the peer begins: it has sent nothing of it. */
  beginNaming(): void {
    this.#kept.named.fill(0);
  }

  /** The peer has sent what is in this slot. */
  named(at: number): void {
    this.#kept.named[slotOfWord(this.layout, at)] = 1;
  }

  /** What is in this slot came from others and had no packet here since, and the peer has not sent it in this session. */
  isUnnamed(at: number): boolean {
    return this.#kept.named[slotOfWord(this.layout, at)] === 0 && ((this.words[at + HIGH] ?? 0) & DEST) !== 0 && this.isForeign(at);
  }

  /** After forget(): what came from others and had no packet here since is none of it. */
  keepForeign(): void {
    const copy = this.#kept.words;
    this.#kept.each((at, high) => {
      if ((high & FORGOTTEN) !== 0 && this.#isSame(at) && this.isForeign(at)) copy[at + HIGH] = high & ~FORGOTTEN;
    });
  }

  /**
   * What is in this slot came from elsewhere: unless it lives longer here, or is an own one that comes back. Its time may have changed on the way by less than
   * `margin`, clock units.
   */
  foreign(at: number, expires: number, margin: number): void {
    const here = this.words[at + EXPIRES]!;
    if (asHere(here, expires) === here) this.#foreign(at, this.#kept.time(at), here, margin);
  }

  #foreign(at: number, time: number, here: number, margin: number): void {
    const times = this.#kept.times;
    const seen = times[time]!;
    const isOwn = times[time + FOREIGN] !== seen && this.#hasKey(at) && Math.abs(clockDifference(seen, here)) <= margin;
    if (!isOwn) times[time + FOREIGN] = here;
  }

  /** Another one has ended what was in this slot: that is news for the others, and for that one where something is on its way there. */
  foreignEnd(at: number): void {
    this.#kept.times[this.#kept.time(at) + FOREIGN] = 0;
  }

  #keep(at: number, time: number, keyLow: number, keyHigh: number, high: number, expires: number): void {
    const copy = this.#kept.words;
    this.#kept.touch(at);
    copy[at + HIGH] = high;
    copy[at + KEY] = keyLow;
    copy[at + KEY + 1] = keyHigh;
    copy[at + EXPIRES] = expires;
    this.#kept.times[time] = expires;
    for (const piece of this.layout.pieces)
      for (let word = at + piece; word < at + piece + SLOT_WORDS; word++) copy[word] = this.words[word]!;
  }

  /** What is in this slot is as others sent it, and had no packet here since. `again`: another one may have sent the same after them. */
  isSent(at: number): 'last' | 'again' | undefined {
    const [words, copy] = [this.words, this.#kept.words];
    if (((copy[at + HIGH] ?? 0) & SENT) === 0 || !this.#isSame(at)) return undefined;
    if (copy[at + EXPIRES] === words[at + EXPIRES]) return 'last';
    return this.#kept.times[this.#kept.time(at) + FOREIGN] === words[at + EXPIRES] ? 'again' : undefined;
  }

  /** What is in this slot came from others, and had no packet here since. `expires`: of it as it was read. */
  isForeign(at: number, expires = this.words[at + EXPIRES]): boolean {
    return this.#kept.times[this.#kept.time(at) + FOREIGN] === expires;
  }

  /** What others sent is older than what is in this slot: that is news for them, up to so many times. True: they find it to be newer. */
  contest(at: number): boolean {
    const copy = this.#kept.words;
    const high = copy[at + HIGH] ?? 0;
    const isKnown = (high & DEST) === 0 || this.#isSame(at);
    const before = isKnown ? (high & CONTESTED) / CONTEST : 0;
    const isDisputed = isKnown && (high & DISPUTED) !== 0;
    this.#kept.touch(at);
    this.#again.push(bucketOfWord(this.layout, at));
    if (before < CONTESTED / CONTEST) copy[at + HIGH] = (before + 1) * CONTEST + (isDisputed ? DISPUTED : 0);
    return isDisputed;
  }

  /** Others find what they have to be newer than what was reported of this slot with this key. */
  disputed(at: number, keyLow: number, keyHigh: number): void {
    const copy = this.#kept.words;
    if (copy[at + KEY] === keyLow && copy[at + KEY + 1] === keyHigh) copy[at + HIGH] = (copy[at + HIGH] ?? 0) | DISPUTED;
  }

  /** Was this key reported of this slot, of a connection that had packets here? */
  wasOwn(at: number, keyLow: number, keyHigh: number): boolean {
    const [copy, times, time] = [this.#kept.words, this.#kept.times, this.#kept.time(at)];
    return (
      copy[at + KEY] === keyLow &&
      copy[at + KEY + 1] === keyHigh &&
      ((copy[at + HIGH] ?? 0) & DEST) !== 0 &&
      times[time] !== times[time + FOREIGN]
    );
  }

  /** As wasOwn(), of the slots where a search for the key would come; -1: it was in none. `at`: one of them. */
  ownBefore(at: number, keyLow: number, keyHigh: number): number {
    const { bucketWords, bucketSlots } = this.layout;
    const [copy, touched] = [this.#kept.words, this.#kept.touched];
    const [bucket, buckets] = [bucketOfWord(this.layout, at), touched.length];
    for (let n = 1 - Abi.PROBE_BUCKETS; n < Abi.PROBE_BUCKETS; n++) {
      const near = (bucket + n + Abi.PROBE_BUCKETS * buckets) % buckets;
      if (touched[near] === 0) continue;
      const end = near * bucketWords + bucketSlots * SLOT_WORDS;
      for (let slot = near * bucketWords; slot < end; slot += SLOT_WORDS)
        if (copy[slot + KEY] === keyLow && this.wasOwn(slot, keyLow, keyHigh)) return slot;
    }
    return -1;
  }

  /** Until when what was in this slot was to live when it was looked at last. */
  seenUntil(at: number): number {
    return this.#kept.times[this.#kept.time(at)] ?? 0;
  }

  /** Others have nothing of this slot. */
  forgetSlot(at: number): void {
    this.#kept.words.fill(0, at, at + SLOT_WORDS);
  }

  /** What is in this slot is news again, as it is. */
  renewSlot(at: number): void {
    this.forgetSlot(at);
    this.#again.push(bucketOfWord(this.layout, at));
  }

  /** Buckets to be looked at, though nothing in them has changed. */
  takeAgain(): readonly number[] {
    const again = this.#again;
    if (again.length > 0) this.#again = [];
    return again;
  }

  /** What else belongs to the connection with this key has changed: it is news. `hash`: of its home. */
  renew(hash: number, keyLow: number, keyHigh: number): void {
    const buckets = this.count / this.layout.bucketSlots;
    for (let n = 0; n < Abi.PROBE_BUCKETS; n++) {
      const first = ((hash + n) % buckets) * this.layout.bucketSlots;
      for (let slot = first; slot < first + this.layout.bucketSlots; slot++) {
        const at = this.at(slot);
        if (this.hasKey(at, keyLow, keyHigh)) this.renewSlot(at);
      }
    }
  }

  /** Others could not take what was reported of this slot with this key. */
  refused(at: number, keyLow: number, keyHigh: number): void {
    const copy = this.#kept.words;
    if (copy[at + KEY] === keyLow && copy[at + KEY + 1] === keyHigh) copy[at + HIGH] = (copy[at + HIGH] ?? 0) | REFUSED;
  }

  /** What was refused is news again. How much of it there was: of one that has ended or changed since it is no more. */
  forgetRefused(): number {
    let count = 0;
    this.#kept.each((at, high) => {
      if ((high & REFUSED) === 0) return;
      this.forgetSlot(at);
      count += 1;
    });
    return count;
  }

  /** It is not known what others have: all is news. What they had and ends here is reported nevertheless. */
  forget(): void {
    this.#kept.each((at, high) => {
      if ((high & DEST) === 0 || (high & REFUSED) !== 0) this.forgetSlot(at);
      else this.#kept.words[at + HIGH] = (high & (this.news | SHORTER)) | FORGOTTEN;
    });
  }
}
