// The receiving side of one session of weir's own stream: what a peer has goes into this director's tables, and each item is acknowledged when it is there, or
// refused with a reason.
import type { Applied, ForeignConnection, Rivalry } from '../../../model/foreign-connection.js';
import type { ForeignTemplate } from '../../../model/foreign-template.js';
import { StreamEncoder } from '../../../wire/stream-encoder.js';
import type { GoodbyeReason, ItemRecord, ItemRefusal, StreamItem, StreamRecord } from '../../../wire/stream-record.js';

/** Clocks of two machines do not go at the same speed, and one may stand still for a moment: what was compared is forgotten after one to two of these. */
const COMPARED_MS = 60_000;
/** The moment up to which a peer was whole is known no better, seconds: a round takes one at most, and a table's times are as old. */
const FRESH_MARGIN = 2.5;

/** Items that are put into the tables together. */
const PART = 4096;

/** What outlives a session: until when this director knew all that the peer had, by the clock here. */
export interface PeerMemory {
  wholeAt?: number;
}

/** A part of what came, in its order. */
export interface Batch {
  readonly connections: readonly ForeignConnection[];
  readonly templates: readonly ForeignTemplate[];
  readonly rivalry: Rivalry;
}
export interface BatchAnswers {
  readonly connections: readonly Applied[];
  readonly templates: readonly Applied[];
}

export interface ReceiverOptions {
  readonly node: string;
  readonly id: string;
  readonly memory: PeerMemory;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Puts a batch into the tables. undefined: it cannot now, and is to be asked again. */
  readonly apply: (batch: Batch) => BatchAnswers | undefined;
}

/** What this protocol or the tables cannot take yet. */
const isUnsupported = (item: StreamItem): boolean =>
  item.kind === 'connection' ? item.sequence !== undefined || item.local !== undefined : item.callId !== undefined;

/** Why an item that was answered so is not here; undefined: it is, or it need not be. */
function refusalOf(answer: Applied | undefined): ItemRefusal | undefined {
  switch (answer) {
    case 'unbound':
    case 'full':
    case 'unsupported':
    case 'newer':
      return answer;
    case 'busy':
    case undefined:
      return 'full';
    default:
      return undefined;
  }
}

export class StreamReceiver {
  readonly #encoder = new StreamEncoder();
  readonly #refused: Partial<Record<ItemRefusal, number>> = {};
  #waiting: ItemRecord[] = [];
  #peer: { readonly node: string; readonly id: string } | undefined;
  #count = 0;
  /** All items from this number on are news: those before are all that the peer had. */
  #wholeFrom = Number.POSITIVE_INFINITY;
  /** The peer's clock, as of when it sent, is so much behind the one here, or less: the least that was seen lately, and before that. */
  #behind = Number.POSITIVE_INFINITY;
  #behindBefore = Number.POSITIVE_INFINITY;
  #comparedFrom: number;
  #receivedAt: number;

  constructor(readonly options: ReceiverOptions) {
    this.#receivedAt = options.now();
    this.#comparedFrom = this.#receivedAt;
  }

  /** undefined: its first record has not come. */
  get peer(): { readonly node: string; readonly id: string } | undefined {
    return this.#peer;
  }

  /** Items that were dealt with, those that wait, whether all of the peer's has come, and what was refused. */
  get state() {
    return {
      items: this.#count,
      waiting: this.#waiting.length,
      whole: this.#count >= this.#wholeFrom,
      refused: this.#refused,
      receivedAt: this.#receivedAt,
    };
  }

  /** What the session begins with. */
  begin(): Uint8Array {
    const { node, id } = this.options;
    return this.#encoder.encode([{ kind: 'hello', node, id }]);
  }

  /** What the peer has sent; it waits for deliver(). Not undefined: the session must end for this reason. */
  take(records: readonly StreamRecord[]): GoodbyeReason | undefined {
    const now = this.options.now();
    this.#receivedAt = now;
    for (const record of records) {
      if (record.kind === 'hello') {
        if (this.#peer !== undefined) return 'order';
        if (record.id === this.options.id) return 'self';
        this.#peer = { node: record.node, id: record.id };
      } else if (record.kind === 'item' || record.kind === 'delete') {
        this.#compareClocks(record.sent, now);
        this.#waiting.push(record);
      } else if (record.kind === 'beat') {
        this.#compareClocks(record.sent, now);
        if (record.whole) this.#wholeFrom = Math.min(this.#wholeFrom, this.#count + this.#waiting.length);
        if (record.whole && this.#waiting.length === 0) this.#knowsAll(record.sent, now);
      } else if (record.kind !== 'goodbye') return 'order';
    }
    return undefined;
  }

  /** The least difference that was seen has the shortest way in it. */
  #compareClocks(sent: number, now: number): void {
    if (now - this.#comparedFrom > COMPARED_MS) {
      [this.#behindBefore, this.#behind] = [this.#behind, Number.POSITIVE_INFINITY];
      this.#comparedFrom = now;
    }
    this.#behind = Math.min(this.#behind, ((now >>> 0) - sent) | 0);
  }

  /** Milliseconds that something was on its way. */
  #onTheWay(sent: number, now: number): number {
    return Math.max(0, (((now >>> 0) - sent) | 0) - Math.min(this.#behind, this.#behindBefore));
  }

  /** What was refused is not here: then what is missing has not ended here. */
  #knowsAll(sent: number, now: number): void {
    const { memory } = this.options;
    if (this.#hasRefused) delete memory.wholeAt;
    else memory.wholeAt = now - this.#onTheWay(sent, now);
  }

  get #hasRefused(): boolean {
    const { unbound = 0, full = 0, unsupported = 0 } = this.#refused;
    return unbound + full + unsupported > 0;
  }

  /** Puts a part of what waits into the tables. What is to be sent back; undefined: nothing waits, or the tables cannot take it now. */
  deliver(): Uint8Array | undefined {
    const left = this.#wholeFrom - this.#count;
    const waiting = this.#waiting.slice(0, left > 0 ? Math.min(PART, left) : PART);
    if (waiting.length === 0) return undefined;
    const now = this.options.now();
    const taken = waiting.map(({ item }) => !isUnsupported(item));
    const batch = this.#batchOf(
      waiting.filter((_, index) => taken[index]),
      now,
    );
    const answers = this.options.apply(batch);
    if (answers === undefined) return undefined;
    this.#waiting = this.#waiting.slice(waiting.length);
    const records: StreamRecord[] = [];
    let [connection, template] = [0, 0];
    for (const [index, { kind, item }] of waiting.entries()) {
      const answer = !taken[index]
        ? 'unsupported'
        : item.kind === 'connection'
          ? answers.connections[connection++]
          : answers.templates[template++];
      const reason = kind === 'delete' ? undefined : refusalOf(answer);
      if (reason === undefined) continue;
      this.#refused[reason] = (this.#refused[reason] ?? 0) + 1;
      records.push({ kind: 'refused', number: this.#count + index, reason });
    }
    this.#count += waiting.length;
    if (this.#hasRefused) delete this.options.memory.wholeAt;
    return this.#encoder.encode([...records, { kind: 'ack', count: this.#count }]);
  }

  #batchOf(items: readonly ItemRecord[], now: number): Batch {
    const [connections, templates]: [ForeignConnection[], ForeignTemplate[]] = [[], []];
    for (const { kind, item, idle, sent } of items) {
      const more = { idle: idle / 100 + this.#onTheWay(sent, now) / 1000, ...(kind === 'delete' ? { ended: true as const } : {}) };
      if (item.kind === 'connection') connections.push({ ...item.connection, ...more });
      else templates.push({ ...item.template, ...more });
    }
    const { memory, id } = this.options;
    // What comes later is news, whenever it had its last packet: the peer may have it from another one.
    const knownAt = this.#count >= this.#wholeFrom ? undefined : memory.wholeAt;
    const fresh = knownAt === undefined ? Number.POSITIVE_INFINITY : (now - knownAt) / 1000 + FRESH_MARGIN;
    return { connections, templates, rivalry: { wins: (this.#peer?.id ?? '') > id, fresh } };
  }

  /** An acknowledgement of what is here, by which the peer knows that this director is alive. */
  beat(): Uint8Array {
    return this.#encoder.encode([{ kind: 'ack', count: this.#count }]);
  }

  end(reason: GoodbyeReason): Uint8Array {
    return this.#encoder.encode([{ kind: 'goodbye', reason }]);
  }

  /** Services or servers have changed here. */
  again(): Uint8Array {
    for (const reason of ['unbound', 'full'] as const) delete this.#refused[reason];
    return this.#encoder.encode([{ kind: 'again' }]);
  }
}
