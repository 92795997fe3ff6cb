// What was reported of the slots of one table: of connections, or of templates, whose key and value stand at the same places.
import { ConnSlot } from '../abi.gen.js';
import { clockDifference } from '../table/clock.js';
import { Template } from '../template.gen.js';

/** As words. */
const [KEY, VALUE] = [ConnSlot.key.at / 4, ConnSlot.value.at / 4];
if (Template.key.at !== ConnSlot.key.at || Template.value.at !== ConnSlot.value.at) throw new Error('a template has its words elsewhere');

/** Of a slot: what is news of the upper half of its value, both halves of its key, and until when others have it. */
const [SEEN_HIGH, SEEN_KEY, SEEN_EXPIRES, SEEN_WORDS] = [0, 1, 3, 4];

/** Clock units. `refresh`: after so many with traffic a connection is reported again; 0: only before it is forgotten elsewhere. */
export interface ScanMoment {
  readonly now: number;
  readonly refresh: number;
}

/**
 * Would another director forget it too early? It has what was reported, and keeps it until then. Of a connection with traffic all the time this is so when
 * half of its time has passed.
 */
function isStale(expires: number, reported: number, { now, refresh }: ScanMoment): boolean {
  const used = clockDifference(expires, reported);
  return used > 0 && (used >= clockDifference(reported, now) || (refresh > 0 && used >= refresh));
}

/** The words of a slot that decide about news, as they were at one moment. */
export type SlotWords = readonly [high: number, keyLow: number, keyHigh: number];

export class SlotNews {
  readonly #seen: Uint32Array;

  /** `news`: these bits of the upper half of a value. The others change without being news. */
  constructor(
    readonly words: Uint32Array,
    slots: number,
    readonly news: number,
  ) {
    this.#seen = new Uint32Array(slots * SEEN_WORDS);
  }

  /** `at`: the slot's first word; `slot`: its number. */
  isReported(at: number, slot: number, moment: ScanMoment): boolean {
    const [words, seen, place] = [this.words, this.#seen, slot * SEEN_WORDS];
    return (
      seen[place + SEEN_HIGH] === ((words[at + VALUE + 1] ?? 0) & this.news) >>> 0 &&
      seen[place + SEEN_KEY] === words[at + KEY] &&
      seen[place + SEEN_KEY + 1] === words[at + KEY + 1] &&
      !isStale(words[at + VALUE] ?? 0, seen[place + SEEN_EXPIRES] ?? 0, moment)
    );
  }

  wordsAt(at: number): SlotWords {
    return [this.words[at + VALUE + 1] ?? 0, this.words[at + KEY] ?? 0, this.words[at + KEY + 1] ?? 0];
  }

  /** `words`: read before what is reported, so that what changes between is news again. */
  reported(slot: number, words: SlotWords, expires: number): void {
    const [seen, place] = [this.#seen, slot * SEEN_WORDS];
    seen[place + SEEN_HIGH] = (words[0] & this.news) >>> 0;
    seen[place + SEEN_KEY] = words[1];
    seen[place + SEEN_KEY + 1] = words[2];
    seen[place + SEEN_EXPIRES] = expires;
  }

  forget(): void {
    this.#seen.fill(0);
  }
}
