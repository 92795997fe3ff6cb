// The receiving side of one session of weir's own stream: what a peer has goes into this director's tables, and each item is acknowledged when it is there, or
// refused with a reason.
import { PEER_DRAINS_MAX, type PeerDrain } from '../../../model/drain/peer-drain.js';
import { PEER_OVERRIDES_MAX, type PeerOverride } from '../../../model/drain/peer-override.js';
import { APPLIED, type Applied, type Rivalry } from '../../../model/foreign-connection.js';
import { type DigestState, type Lacking, NOTHING_LACKS } from '../../../model/stream-node.js';
import { type ItemBlock, ItemReader, type ReceivedBlock } from '../../../wire/sync/stream-block.js';
import type { Received } from '../../../wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';
import { StreamItem } from '../../../wire/sync/stream-item.js';
import type { GoodbyeReason, ItemRefusal, StreamCompared } from '../../../wire/sync/stream-record.js';
import { type Greeting, greeting } from './greeting.js';
import { isNextProcess, type PeerMemory } from './peer-memory.js';
import type { Ended } from './sent-window.js';
import { TakenDigest } from './taken-digest.js';

/** Clocks of two machines do not go at the same speed, and one may stand still for a moment: what was compared is forgotten after one to two of these. */
const COMPARED_MS = 60_000;
/** The moment up to which a peer was whole is known no better, seconds: a round takes one at most, and a table's times are as old. */
export const FRESH_MARGIN = 2.5;

/** More does not fit into a record. */
const COUNT_MAX = 0xffff_ffff;

/** Items that are put into the tables together, about: whole blocks of them. */
const PART = 4096;
/** What waits for the tables is bounded: items, and the dictionaries that they need. */
const [WAITING_MAX, DICTIONARIES_MAX] = [16_384, 2];

/** A peer sends no more of them together. */
const DRAINS_WAITING_MAX = 2 * PEER_DRAINS_MAX;
const OVERRIDES_WAITING_MAX = 2 * PEER_OVERRIDES_MAX;

/** What the peer has not sent so long after all of its tables came, is not there. */
const SWEEP_AFTER_MS = 5000;

/** A part of what came, in its order. */
export interface Batch {
  readonly blocks: readonly ReceivedBlock[];
  /** Items of all of them. */
  readonly count: number;
  readonly rivalry: Rivalry;
}

export interface ReceiverOptions extends Greeting {
  readonly memory: PeerMemory;
  /** The peer compares digests, too. */
  readonly digests: boolean;
  /** The peer states of which connections it had the last packet itself. */
  readonly owners?: boolean;
  /** The peer knows of drains, too. */
  readonly drains?: boolean;
  /** The peer knows of overrides, too. */
  readonly overrides?: boolean;
  /** Gets what has ended, as this director knows, and the peer does not. */
  readonly over?: (ended: Ended) => void;
  /** Connections of this session that were here, and are gone before their time. */
  readonly lost: () => number;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
  /** Puts a batch into the tables. What became of each item, by its place in APPLIED; undefined: it cannot now, and is to be asked again. */
  readonly apply: (batch: Batch) => Uint8Array | undefined;
}

/** Why an item that was answered so is not here; undefined: it is, or it need not be. */
function refusalOf(answer: Applied): ItemRefusal | undefined {
  switch (answer) {
    case 'unbound':
    case 'full':
    case 'unsupported':
    case 'newer':
    case 'port':
      return answer;
    case 'busy':
      return 'full';
    default:
      return undefined;
  }
}
/** By the number of an answer. */
const REFUSALS: readonly (ItemRefusal | undefined)[] = APPLIED.map(refusalOf);
const OVER = APPLIED.indexOf('over');
const HUNDREDTH_MS = 10;

export class StreamReceiver {
  readonly #encoder = new StreamEncoder();
  readonly #refused: Partial<Record<ItemRefusal, number>> = {};
  #waiting: ItemBlock[] = [];
  /** Items of them. */
  #waitingItems = 0;
  #peer: { readonly node: string; readonly id: string } | undefined;
  #count = 0;
  /** Of the peer, that are not in the record here yet, by their ids. */
  #drains = new Map<string, PeerDrain>();
  /** Likewise, by their targets. */
  readonly #overrides = new Map<string, PeerOverride>();
  readonly #taken = new TakenDigest();
  /** What the peer states that this director lacks. */
  #lacking: Lacking = NOTHING_LACKS;
  /** All items from this number on are news: those before are all that the peer had. */
  #wholeFrom = Number.POSITIVE_INFINITY;
  /** How much the peer's clock, as of when it sent, was behind the one here at first: what is compared is more or less than that, however far apart they are. */
  #behindFirst: number | undefined;
  /** It is so much behind, or less: the least that was seen lately, and before that. */
  #behind = Number.POSITIVE_INFINITY;
  #behindBefore = Number.POSITIVE_INFINITY;
  #comparedFrom: number;
  #receivedAt: number;
  #peerTables: string | undefined;
  /** Since then all of the peer's is here. */
  #settledAt: number | undefined;
  /** When the peer sent the last beat that came, by the clock here. */
  #beatSentAt: number;

  constructor(readonly options: ReceiverOptions) {
    this.#receivedAt = options.now();
    this.#comparedFrom = this.#receivedAt;
    this.#beatSentAt = this.#receivedAt;
  }

  /** undefined: its first record has not come. */
  get peer(): { readonly node: string; readonly id: string } | undefined {
    return this.#peer;
  }

  /**
   * Items that were dealt with, those that wait, whether all of the peer's has come, and what was refused. `beatSentAt`: what the peer knew then has come,
   * but for the round of its tables that went on. `digest`: of all that the peer had, and what came since, as it was compared last.
   */
  get state() {
    return {
      items: this.#count,
      waiting: this.#waitingItems,
      whole: this.#count >= this.#wholeFrom,
      refused: this.#refused,
      lacking: this.#lacking,
      lost: this.options.lost(),
      digest: this.#digest,
      receivedAt: this.#receivedAt,
      beatSentAt: this.#beatSentAt,
    };
  }

  get #digest(): DigestState {
    if (!this.options.digests) return 'none';
    return this.#taken.comparedAt >= this.#wholeFrom ? this.#taken.state : 'open';
  }

  /** Nothing more should be read until the tables have taken what waits. */
  get isFull(): boolean {
    if (this.#waitingItems > WAITING_MAX) return true;
    return this.#waiting.length > DICTIONARIES_MAX && new Set(this.#waiting.map(({ dictionary }) => dictionary)).size > DICTIONARIES_MAX;
  }

  /** What the session begins with. */
  begin(): Uint8Array {
    return greeting(this.#encoder, this.options);
  }

  /** What the peer has sent; it waits for deliver(). Not undefined: the session must end for this reason. */
  take(records: readonly Received[]): GoodbyeReason | undefined {
    const now = this.options.now();
    this.#receivedAt = now;
    for (const record of records) {
      if (record.kind === 'hello') {
        if (this.#peer !== undefined) return 'order';
        if (record.id === this.options.id) return 'self';
        this.#peer = { node: record.node, id: record.id };
      } else if (record.kind === 'tables') {
        if (this.options.tables === undefined || this.#peer === undefined || this.#peerTables !== undefined) return 'order';
        this.#peerTables = record.id;
      } else if (record.kind === 'items') {
        this.#compareClocks(record.sent, now);
        this.#waiting.push(record);
        this.#waitingItems += record.count;
      } else if (record.kind === 'beat') {
        this.#compareClocks(record.sent, now);
        this.#beatSentAt = now - this.#onTheWay(record.sent, now);
        if (record.whole) this.#wholeFrom = Math.min(this.#wholeFrom, this.#count + this.#waitingItems);
        if (record.whole && this.#waitingItems === 0) this.#knowsAll(record.sent, now);
      } else if (record.kind === 'compared') this.#compare(record);
      else if (record.kind === 'drain') {
        if (this.options.drains !== true || this.#drains.size >= DRAINS_WAITING_MAX) return 'order';
        this.#drains.set(record.drain.uid, record.drain);
      } else if (record.kind === 'override') {
        if (this.options.overrides !== true || this.#overrides.size >= OVERRIDES_WAITING_MAX) return 'order';
        this.#overrides.set(record.override.target, record.override);
      } else if (record.kind !== 'goodbye') return 'order';
    }
    return undefined;
  }

  /** What has come of drains, and is not in the record here yet. */
  get drains(): readonly PeerDrain[] {
    return [...this.#drains.values()];
  }

  /** Likewise of overrides. */
  get overrides(): readonly PeerOverride[] {
    return [...this.#overrides.values()];
  }

  /** Those that were `drains` and `overrides` are in the record here. */
  drainsTaken(taken: readonly PeerDrain[], overrides: readonly PeerOverride[] = []): void {
    for (const drain of taken) if (this.#drains.get(drain.uid) === drain) this.#drains.delete(drain.uid);
    for (const one of overrides) if (this.#overrides.get(one.target) === one) this.#overrides.delete(one.target);
  }

  #compare({ count, sum, lacking }: StreamCompared): void {
    this.#lacking = lacking;
    this.#taken.compare(count, sum);
  }

  /** The least difference that was seen has the shortest way in it. */
  #compareClocks(sent: number, now: number): void {
    if (now - this.#comparedFrom > COMPARED_MS) {
      [this.#behindBefore, this.#behind] = [this.#behind, Number.POSITIVE_INFINITY];
      this.#comparedFrom = now;
    }
    this.#behind = Math.min(this.#behind, this.#behindAt(sent, now));
  }

  #behindAt(sent: number, now: number): number {
    const behind = ((now >>> 0) - sent) | 0;
    this.#behindFirst ??= behind;
    return (behind - this.#behindFirst) | 0;
  }

  /** Milliseconds that something was on its way. */
  #onTheWay(sent: number, now: number): number {
    return Math.max(0, this.#behindAt(sent, now) - Math.min(this.#behind, this.#behindBefore));
  }

  /** What was refused is not here: then what is missing has not ended here. */
  #knowsAll(sent: number, now: number): void {
    const { memory } = this.options;
    if (this.#hasRefused) delete memory.wholeAt;
    else memory.wholeAt = now - this.#onTheWay(sent, now);
  }

  /**
   * Is it to be looked for what the peer's process before has sent, and this one has not? `swept` then.
   */
  get sweep(): 'no' | 'nothing' | 'due' {
    const { memory, lost, now } = this.options;
    const { id } = this.#peer ?? {};
    const tables = this.#peerTables;
    if (id === undefined || tables === undefined || (memory.known?.id === id && memory.known.tables === tables)) return 'no';
    const { whole, waiting, digest } = this.state;
    const isSettled = whole && waiting === 0 && !this.#hasRefused && lost() === 0 && digest !== 'differs';
    this.#settledAt = isSettled ? (this.#settledAt ?? now()) : undefined;
    if (this.#settledAt === undefined || now() - this.#settledAt < SWEEP_AFTER_MS) return 'no';
    return isNextProcess(memory, id, tables) ? 'due' : 'nothing';
  }

  /** All that this process of the peer has is here, and nothing that it has not. */
  swept(): void {
    const [id, tables] = [this.#peer?.id, this.#peerTables];
    if (id !== undefined && tables !== undefined) this.options.memory.known = { id, tables };
  }

  get #hasRefused(): boolean {
    const { unbound = 0, full = 0, unsupported = 0, port = 0 } = this.#refused;
    return unbound + full + unsupported + port > 0;
  }

  /** Puts a part of what waits into the tables. What is to be sent back; undefined: nothing waits, or the tables cannot take it now. */
  deliver(): Uint8Array | undefined {
    if (this.#waiting.length === 0) return undefined;
    const batch = this.#batch();
    const answers = this.options.apply(batch);
    if (answers === undefined) return undefined;
    this.#note(batch, answers);
    this.#waiting.splice(0, batch.blocks.length);
    this.#waitingItems -= batch.count;
    this.#count += batch.count;
    if (this.#hasRefused) delete this.options.memory.wholeAt;
    return this.#encoder.encode({ kind: 'ack', count: this.#count });
  }

  /** A block is in front of the moment from which on all is news, or behind it. */
  #batch(): Batch {
    const now = this.options.now();
    const blocks: ReceivedBlock[] = [];
    let count = 0;
    for (const block of this.#waiting) {
      if (count > 0 && (count + block.count > PART || this.#count + count === this.#wholeFrom)) break;
      blocks.push({ block, delay: this.#onTheWay(block.sent, now) / 10 });
      count += block.count;
    }
    const { memory, id, owners = false } = this.options;
    // What comes later is news, whenever it had its last packet: the peer may have it from another one.
    const knownAt = this.#count >= this.#wholeFrom ? undefined : memory.wholeAt;
    const fresh = knownAt === undefined ? Number.POSITIVE_INFINITY : (now - knownAt) / 1000 + FRESH_MARGIN;
    return { blocks, count, rivalry: { wins: (this.#peer?.id ?? '') > id, owners, fresh } };
  }

  /** Sends refusals back, those in a row as one. */
  #note({ blocks }: Batch, answers: Uint8Array): void {
    let [number, from] = [0, 0];
    let reason: ItemRefusal | undefined;
    const report = (): void => {
      if (reason === undefined) return;
      this.#refused[reason] = (this.#refused[reason] ?? 0) + number - from;
      this.#encoder.record({ kind: 'refused', number: this.#count + from, count: number - from, reason });
    };
    for (const { block, delay } of blocks) {
      const first = number;
      let refused = 0;
      for (const end = number + block.count; number < end; number++) {
        const found = block.ended ? undefined : REFUSALS[answers[number] ?? 0];
        if (found !== undefined) refused += 1;
        if (found === reason) continue;
        report();
        [from, reason] = [number, found];
      }
      this.#reportOver(answers.subarray(first, number), block, delay);
      if (refused === 0) this.#taken.all(block);
      else this.#taken.some(block, (index) => REFUSALS[answers[first + index] ?? 0] === undefined);
    }
    report();
  }

  #reportOver(answers: Uint8Array, block: ItemBlock, delay: number): void {
    const { over, now } = this.options;
    if (over === undefined || block.ended || !answers.includes(OVER)) return;
    const item = new StreamItem();
    const items = new ItemReader(block);
    for (let index = 0; items.next(item); index++)
      if (answers[index] === OVER)
        over({ what: block.what, item: new StreamItem().set(item), lastMs: now() - HUNDREDTH_MS * (item.idle + delay) });
  }

  /** An acknowledgement of what is here, by which the peer knows that this director is alive, and what there is to compare. */
  beat(): Uint8Array {
    const count = this.#count;
    this.#encoder.record({ kind: 'ack', count });
    if (this.options.digests && this.#peer !== undefined)
      this.#encoder.record({ kind: 'digest', count, sum: this.#taken.ask(count), lost: Math.min(this.options.lost(), COUNT_MAX) });
    return this.#encoder.take();
  }

  end(reason: GoodbyeReason): Uint8Array {
    return this.#encoder.encode({ kind: 'goodbye', reason });
  }

  /** Services or servers have changed here. */
  again(): Uint8Array {
    for (const reason of ['unbound', 'full', 'port'] as const) delete this.#refused[reason];
    return this.#encoder.encode({ kind: 'again' });
  }
}
