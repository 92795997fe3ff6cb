// A page of connections of another director on its way into a table: its records are filled, answered by the program, and read again.
import type { Applied } from '../../../model/foreign-connection.js';
import { ApplyAbi, ApplyAnswer, ApplyCall, ApplyFlags, ApplyPage, ApplyRecord } from '../apply.gen.js';
import { movePage } from '../load/table-move.js';
import { upperHalf } from '../table/living-slots.js';
import { TemplateAbi } from '../template.gen.js';
import { connectionsPin, type TableKind, templatesPin } from './apply-builds.js';
import type { LoadedPage } from './open-pages.js';

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
const TEMPLATE_BIT = ApplyFlags.APPLY_TEMPLATE << FLAGS_SHIFT;

/** Where something is that was made, changed or ended, or that is newer here: the pin of its table, and its slot there. One object for all. */
export interface Place {
  readonly pin: string;
  readonly slot: number;
  readonly keyLow: number;
  readonly keyHigh: number;
  /** What the other director has of it: the upper half of the value that it would have here, and until when, by the clock here. */
  readonly high: number;
  readonly expires: number;
  /** Its destination here, by number; and clock units since its last packet there. */
  readonly dest: number;
  readonly idle: number;
  /** It has ended there. */
  readonly isEnd: boolean;
  readonly isTemplate: boolean;
  /** The other director had its last packet itself. */
  readonly isOwn: boolean;
  /** It lives shorter here than there, since the timeouts here are shorter. */
  readonly isShorter: boolean;
}

/**
 * How a record is applied once more that was answered. `always`: whenever its last packet was; `wins`: where it is not known whose last packet was later;
 * `close`: likewise, and where its own was not much earlier. `over`, `report`: what was made ends (ApplyWatch).
 */
export type ApplyAgain = 'always' | 'wins' | 'close' | 'over' | 'report';

/** Of what is applied to end what was made: the other director is to know. */
export const REPORTED = 2;
const OVER: Partial<Record<ApplyAgain, number>> = { over: 1, report: REPORTED };

const ASSURED = upperHalf(TemplateAbi.T_ASSURED);

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
  /** As of a place. */
  isOwn = false;
  isShorter = false;
  /** With APPLY_CALL: the Call-ID, 1 to 255 bytes. */
  call: Uint8Array = new Uint8Array();
}

/** The page of one table. */
export class OpenPage {
  readonly words: Uint32Array;
  /** Of each record, which of all it is. */
  readonly indexes = new Uint32Array(ApplyAbi.APPLY_RECORDS);
  /** Of each record, not 0: it is applied to end what was made; REPORTED: and the other director is to know. */
  readonly over = new Uint8Array(ApplyAbi.APPLY_RECORDS);
  /** Of each record: the other director had its last packet itself. */
  readonly isOwn = new Uint8Array(ApplyAbi.APPLY_RECORDS);
  /** Of each record: it lives shorter here. */
  readonly isShorter = new Uint8Array(ApplyAbi.APPLY_RECORDS);
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
    this.over[this.count] = 0;
    this.isOwn[this.count] = fields.isOwn ? 1 : 0;
    this.isShorter[this.count] = fields.isShorter ? 1 : 0;
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

  /** Puts a record at the beginning that was answered, to be answered again. `more`: clock units that `close` allows besides. */
  repeat(record: number, how: ApplyAgain, more: number): void {
    const { words } = this;
    const [from, to] = [FIRST + record * RECORD_WORDS, FIRST + this.count * RECORD_WORDS];
    words.copyWithin(to, from, from + RECORD_WORDS);
    const flags = (words[to + At.ports + 1] ?? 0) >>> FLAGS_SHIFT;
    const ports = (words[to + At.ports + 1] ?? 0) & ((1 << FLAGS_SHIFT) - 1);
    words[to + At.ports + 1] = ports | (flagsAgain(flags, how) << FLAGS_SHIFT);
    if (how === 'close') words[to + At.idle] = Math.max(0, (words[to + At.idle] ?? 0) - more);
    this.over[this.count] = OVER[how] ?? 0;
    this.isOwn[this.count] = this.isOwn[record] ?? 0;
    this.isShorter[this.count] = this.isShorter[record] ?? 0;
    this.indexes[this.count] = this.indexes[record] ?? 0;
    this.count += 1;
  }

  run(margin: number): void {
    this.words[ApplyPage.count.at / WORD] = this.count;
    this.words[ApplyPage.margin.at / WORD] = margin;
    movePage(this.loaded.program);
  }

  /** Where the connections are that were made or changed, and how many there are of them. */
  slots(records: number, to: Uint32Array): number {
    const { words } = this;
    let count = 0;
    for (let record = 0, at = FIRST; record < records; record++, at += RECORD_WORDS) {
      const answer = words[at + At.answer]!;
      if (answer !== ApplyAnswer.APPLY_MADE && answer !== ApplyAnswer.APPLY_CHANGED) continue;
      if ((words[at + At.ports + 1]! & TEMPLATE_BIT) === 0) to[count++] = words[at + At.slot]!;
    }
    return count;
  }

  answer(record: number): Applied {
    return ANSWERS[this.words[FIRST + record * RECORD_WORDS + At.answer] ?? 0] ?? 'busy';
  }
}

/** Of a record that is applied once more. */
function flagsAgain(flags: number, how: ApplyAgain): number {
  const { APPLY_RIVAL, APPLY_WINS, APPLY_END } = ApplyFlags;
  if (how === 'over' || how === 'report') return (flags | APPLY_END) & ~APPLY_RIVAL;
  return how === 'always' ? flags & ~APPLY_RIVAL : flags | APPLY_WINS;
}

/** A place in a page, which a run reads one after the other. */
export class PagePlace implements Place {
  readonly #connections: string;
  readonly #templates: string;
  pin = '';
  slot = 0;
  keyLow = 0;
  keyHigh = 0;
  high = 0;
  expires = 0;
  dest = 0;
  idle = 0;
  isEnd = false;
  isTemplate = false;
  isOwn = false;
  isShorter = false;

  constructor(readonly page: OpenPage) {
    this.#connections = connectionsPin(page.kind);
    this.#templates = templatesPin(page.kind);
  }

  to(record: number, now: number): this {
    const { words, isOwn, isShorter } = this.page;
    const at = FIRST + record * RECORD_WORDS;
    const flags = words[at + At.ports + 1]! >>> FLAGS_SHIFT;
    this.isEnd = (flags & ApplyFlags.APPLY_END) !== 0;
    this.isOwn = isOwn[record] === 1;
    this.isShorter = isShorter[record] === 1;
    this.isTemplate = (flags & ApplyFlags.APPLY_TEMPLATE) !== 0;
    this.pin = this.isTemplate ? this.#templates : this.#connections;
    this.slot = words[at + At.slot]!;
    this.keyLow = words[at + At.key]!;
    this.keyHigh = words[at + At.key + 1]!;
    this.dest = words[at + At.dest]!;
    const beside = this.isTemplate ? ((flags & ApplyFlags.APPLY_ASSURED) === 0 ? 0 : ASSURED) : words[at + At.state]!;
    this.high = (this.dest | beside) >>> 0;
    this.expires = (now + words[at + At.left]!) >>> 0;
    this.idle = words[at + At.idle]!;
    return this;
  }
}
