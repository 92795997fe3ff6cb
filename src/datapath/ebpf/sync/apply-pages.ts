// The pages through which connections of other directors go into the tables: one of each table, which its program works through when it is full.
import { APPLIED, type Applied } from '../../../model/foreign-connection.js';
import { ApplyAbi, ApplyAnswer, ApplyCall, ApplyFlags, ApplyPage, ApplyRecord } from '../apply.gen.js';
import { movePage } from '../load/table-move.js';
import { clockNow } from '../table/clock.js';
import { upperHalf } from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';
import { TemplateAbi } from '../template.gen.js';
import { connectionsPin, loadApply, type TableKind, templatesPin } from './apply-builds.js';
import { type LoadedPage, OpenPages } from './open-pages.js';

/** By the program's answer. */
const ANSWERS: Readonly<Record<number, Applied>> = {
  [ApplyAnswer.APPLY_BUSY]: 'busy',
  [ApplyAnswer.APPLY_MADE]: 'made',
  [ApplyAnswer.APPLY_CHANGED]: 'changed',
  [ApplyAnswer.APPLY_ENDED]: 'ended',
  [ApplyAnswer.APPLY_LEFT]: 'left',
  [ApplyAnswer.APPLY_FULL]: 'full',
  [ApplyAnswer.APPLY_GONE]: 'gone',
  [ApplyAnswer.APPLY_NEWER]: 'newer',
};

const WORD = 4;
const RECORD_WORDS = ApplyRecord.bytes / WORD;
const FIRST = ApplyPage.record.at / WORD;
const wordOf = ({ at }: { readonly at: number }): number => at / WORD;
/** Where fields stand in a record, in words. Ports, protocol and flags share two. */
const At = {
  client: wordOf(ApplyRecord.client),
  vaddr: wordOf(ApplyRecord.vaddr),
  ports: wordOf(ApplyRecord.port),
  service: wordOf(ApplyRecord.service),
  dest: wordOf(ApplyRecord.dest),
  state: wordOf(ApplyRecord.state),
  left: wordOf(ApplyRecord.left),
  answer: wordOf(ApplyRecord.answer),
  slot: wordOf(ApplyRecord.slot),
  key: wordOf(ApplyRecord.key),
  idle: wordOf(ApplyRecord.idle),
  fresh: wordOf(ApplyRecord.fresh),
} as const;
const [FIRST_CALL, CALL_WORDS] = [ApplyPage.call.at / WORD, ApplyCall.bytes / WORD];
const FLAGS_SHIFT = 8 * (ApplyRecord.flags.at % WORD);

/** Where something is that was made, changed or ended, or that is newer here: the pin of its table, and its slot there. One object for all. */
export interface Place {
  readonly pin: string;
  readonly slot: number;
  readonly keyLow: number;
  readonly keyHigh: number;
  /** What the other director has of it: the upper half of the value that it would have here, and until when, by the clock here. */
  readonly high: number;
  readonly expires: number;
  /** It has ended there. */
  readonly isEnd: boolean;
}

/**
 * `placed`: gets the place of what was made, changed or ended, and which of all it is. `newer`: likewise of what is newer here; whether it is applied
 * nevertheless: always, or where its last packet was not much earlier. Both read the place during the call.
 */
export interface ApplyWatch {
  readonly placed?: (index: number, place: Place, answer: 'made' | 'changed' | 'ended') => void;
  readonly newer?: (index: number, place: Place) => 'always' | 'close' | undefined;
}

/** What becomes a record, filled again for each. Addresses and ports as in a packet, times in clock units. */
export class ApplyFields {
  readonly client = new Uint32Array(4);
  readonly vaddr = new Uint32Array(4);
  port = 0;
  vport = 0;
  dport = 0;
  protocol = 0;
  flags = 0;
  service = 0;
  dest = 0;
  state = 0;
  left = 0;
  idle = 0;
  fresh = 0;
  /** With APPLY_CALL: the Call-ID, 1 to 255 bytes. */
  call: Uint8Array = new Uint8Array();
}

/** Clock units: last packets that are closer cannot be distinguished; and where what is here is known to have come from the other director. */
export interface ApplyMargins {
  readonly usual: number;
  readonly close: number;
}

const ASSURED = upperHalf(TemplateAbi.T_ASSURED);

/** The page of one table. */
class OpenPage {
  readonly words: Uint32Array;
  /** Of each record, which of all it is. */
  readonly indexes = new Uint32Array(ApplyAbi.APPLY_RECORDS);
  count = 0;
  /** Places of Call-IDs that its records have taken. */
  #calls = 0;
  readonly #bytes: Uint8Array;

  constructor(
    readonly kind: TableKind,
    readonly loaded: LoadedPage,
  ) {
    this.words = new Uint32Array(loaded.page.memory);
    this.#bytes = new Uint8Array(loaded.page.memory);
  }

  /** There is no room for a record more. */
  get isFull(): boolean {
    return this.count === ApplyAbi.APPLY_RECORDS || this.#calls === ApplyAbi.APPLY_CALLS;
  }

  add(index: number, fields: ApplyFields): void {
    const { words } = this;
    const at = FIRST + this.count * RECORD_WORDS;
    for (let k = 0; k < 4; k++) {
      words[at + At.client + k] = fields.client[k] ?? 0;
      words[at + At.vaddr + k] = fields.vaddr[k] ?? 0;
    }
    if (this.count === 0) this.#calls = 0;
    if ((fields.flags & ApplyFlags.APPLY_CALL) !== 0) words[at + At.vaddr] = this.#addCall(fields.call);
    words[at + At.ports] = fields.port | (fields.vport << 16);
    words[at + At.ports + 1] = fields.dport | (fields.protocol << 16) | (fields.flags << FLAGS_SHIFT);
    words[at + At.service] = fields.service;
    words[at + At.dest] = fields.dest;
    words[at + At.state] = fields.state;
    words[at + At.left] = fields.left;
    words[at + At.idle] = fields.idle;
    words[at + At.fresh] = fields.fresh;
    this.indexes[this.count] = index;
    this.count += 1;
  }

  /** Its place. */
  #addCall(call: Uint8Array): number {
    const at = FIRST_CALL + this.#calls * CALL_WORDS;
    const id = WORD * at + ApplyCall.id.at;
    this.words[at + ApplyCall.length.at / WORD] = call.length;
    this.#bytes.fill(0, id, WORD * (at + CALL_WORDS));
    this.#bytes.set(call, id);
    return this.#calls++;
  }

  /** Puts a record at the beginning that was answered, to be answered again. */
  repeat(record: number, how: 'always' | 'close'): void {
    const { words } = this;
    const [from, to] = [FIRST + record * RECORD_WORDS, FIRST + this.count * RECORD_WORDS];
    words.copyWithin(to, from, from + RECORD_WORDS);
    const flags = words[to + At.ports + 1] ?? 0;
    words[to + At.ports + 1] =
      how === 'always' ? flags & ~(ApplyFlags.APPLY_RIVAL << FLAGS_SHIFT) : flags | (ApplyFlags.APPLY_WINS << FLAGS_SHIFT);
    this.indexes[this.count] = this.indexes[record] ?? 0;
    this.count += 1;
  }

  run(margin: number): void {
    this.words[ApplyPage.count.at / WORD] = this.count;
    this.words[ApplyPage.margin.at / WORD] = margin;
    movePage(this.loaded.program);
  }

  answer(record: number): Applied {
    return ANSWERS[this.words[FIRST + record * RECORD_WORDS + At.answer] ?? 0] ?? 'busy';
  }
}

/** A place in a page, which a run reads one after the other. */
class PagePlace implements Place {
  #at = 0;
  #now = 0;

  constructor(readonly page: OpenPage) {}

  to(record: number, now: number): this {
    this.#at = FIRST + record * RECORD_WORDS;
    this.#now = now;
    return this;
  }

  #word(at: number): number {
    return this.page.words[this.#at + at] ?? 0;
  }

  get #flags(): number {
    return this.#word(At.ports + 1) >>> FLAGS_SHIFT;
  }

  get #isTemplate(): boolean {
    return (this.#flags & ApplyFlags.APPLY_TEMPLATE) !== 0;
  }

  get pin(): string {
    const { kind } = this.page;
    return this.#isTemplate ? templatesPin(kind) : connectionsPin(kind);
  }

  get slot(): number {
    return this.#word(At.slot);
  }

  get keyLow(): number {
    return this.#word(At.key);
  }

  get keyHigh(): number {
    return this.#word(At.key + 1);
  }

  get high(): number {
    if (!this.#isTemplate) return (this.#word(At.dest) | this.#word(At.state)) >>> 0;
    return (this.#word(At.dest) | ((this.#flags & ApplyFlags.APPLY_ASSURED) === 0 ? 0 : ASSURED)) >>> 0;
  }

  get expires(): number {
    return (this.#now + this.#word(At.left)) >>> 0;
  }

  get isEnd(): boolean {
    return (this.#flags & ApplyFlags.APPLY_END) !== 0;
  }
}

/** One run: what is put goes into the tables at the latest with end(). The caller holds the lock, and no move of a table has begun and not ended. */
export class ApplyPages {
  readonly #pages: OpenPages<TableKind, OpenPage>;
  #answers = new Uint8Array();
  #watch: ApplyWatch = {};
  #margins: ApplyMargins = { usual: 0, close: 0 };

  constructor(readonly tables: Tables) {
    this.#pages = new OpenPages(tables, connectionsPin, (kind, table) => new OpenPage(kind, loadApply(tables, kind, table)));
  }

  /** So many may be put. Until it is known what became of one, it is `unbound`: that is so where no service made its table. */
  begin(count: number, margins: ApplyMargins, watch: ApplyWatch): void {
    this.#answers = new Uint8Array(count).fill(APPLIED.indexOf('unbound'));
    [this.#margins, this.#watch] = [margins, watch];
    this.#pages.begin();
  }

  /** It is in no table. */
  answer(index: number, answer: Applied): void {
    this.#answers[index] = APPLIED.indexOf(answer);
  }

  /** @throws WeirError kernel-refuses-datapath, pin-missing */
  put(kind: TableKind, index: number, fields: ApplyFields): void {
    const page = this.#pages.of(kind);
    if (page === undefined) return;
    page.add(index, fields);
    if (page.isFull) this.#run(page);
  }

  /** What became of each, by its place in APPLIED. */
  end(): Uint8Array {
    for (const page of this.#pages.all) if (page.count > 0) this.#run(page);
    return this.#answers;
  }

  close(): void {
    this.#pages.close();
  }

  /** What is newer here may be applied nevertheless: then it goes through the page again. */
  #run(page: OpenPage): void {
    const { usual, close } = this.#margins;
    if (this.#runOnce(page, usual, true) > 0) this.#runOnce(page, close, false);
    page.count = 0;
  }

  /** How many are to be run again. */
  #runOnce(page: OpenPage, margin: number, mayRepeat: boolean): number {
    const { placed, newer } = this.#watch;
    const place = new PagePlace(page);
    const now = clockNow(this.tables.conf);
    const { count } = page;
    page.run(margin);
    page.count = 0;
    for (let record = 0; record < count; record++) {
      const index = page.indexes[record] ?? 0;
      const answer = page.answer(record);
      this.answer(index, answer);
      if (answer === 'made' || answer === 'changed' || answer === 'ended') placed?.(index, place.to(record, now), answer);
      else if (answer === 'newer' && mayRepeat) {
        const how = newer?.(index, place.to(record, now));
        if (how !== undefined) page.repeat(record, how);
      }
    }
    return page.count;
  }
}
