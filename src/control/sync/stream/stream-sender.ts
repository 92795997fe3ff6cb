// The sending side of one session of weir's own stream: all that this director's tables have, and then what is new there. The tables are the state of record:
// a session that ends loses nothing, since the next one begins with everything again.
import type { PeerDrain } from '../../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../../model/drain/peer-override.js';
import type { DigestState, Lacking } from '../../../model/stream-node.js';
import type { Received } from '../../../wire/sync/stream-decoder.js';
import { itemHash } from '../../../wire/sync/stream-digest.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';
import { ItemBits, ItemFlag, type ItemKind, StreamItem } from '../../../wire/sync/stream-item.js';
import type { GoodbyeReason, StreamDigest, StreamRefused } from '../../../wire/sync/stream-record.js';
import { AcknowledgedRounds } from './acknowledged-rounds.js';
import { type Greeting, greeting } from './greeting.js';
import { LackingCount } from './lacking-count.js';
import { isNextProcess, type PeerMemory } from './peer-memory.js';
import { type Ended, type SentTable, SentWindow } from './sent-window.js';

/** Items that were sent and not acknowledged yet: no more are sent then. */
const WINDOW = 65_536;
/** Bytes of one write, about. */
const WRITE_BYTES = 65_536;
/** A look at the clock costs as much as some items. */
const BEAT_MS = 200;
/** What a peer refused is sent again so often. */
const AGAIN_MS = 10_000;
/** A peer acknowledges each beat, but for seconds in which it loads programs. */
const SILENT_MS = 20_000;
/** Five beats. */
const QUIET_MS = 1000;
/** After a longer round, the tables at the moment of a beat are not known to be sent. */
const ROUND_MS = 1000;

/** Takes what is new. The item is read during the call, so that there may be one for all. `key`: what is at its place in the table. */
export interface NewsSink {
  readonly item: (what: ItemKind, item: StreamItem, table: SentTable, at: number, keyLow: number, keyHigh: number) => void;
  readonly ended: (what: ItemKind, item: StreamItem) => void;
}

/** This director's tables. */
export interface NewsSource {
  /** Looks at a bounded part more, and reports what the peer does not have as it is. False: the round is over. */
  readonly look: (to: NewsSink) => boolean;
  /** The peer has nothing. */
  readonly forget: () => void;
  /** After forget(): the peer has sent these itself, and knows of each whether it is still there. */
  readonly keepForeign?: () => void;
  /** What was refused may be taken now. */
  readonly forgetRefused: () => void;
}

/** Drains of this director. */
export interface DrainSource {
  /** Another one after each change of them. */
  readonly revision: number;
  /** As they are now. */
  all(): readonly PeerDrain[];
  overrides(): readonly PeerOverride[];
}

export interface SenderOptions extends Greeting {
  readonly source: NewsSource;
  /** What the session before this one left: the source reports an end once. */
  readonly ends?: readonly Ended[];
  /** The peer compares digests, too. */
  readonly digests: boolean;
  /** The peer knows what replies of FTP are waited for. */
  readonly replies: boolean;
  /** The peer knows what it means that an item is the sender's own. */
  readonly owners?: boolean;
  /** The peer knows of overrides, too. */
  readonly overrides?: boolean;
  /** Absent: the peer knows nothing of drains. */
  readonly drains?: DrainSource;
  /** What is known of the peer. Absent: others may have sent what came from it. */
  readonly memory?: PeerMemory | undefined;
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/**
 * `whole`: all has been sent once. `waiting`: items that are not acknowledged. `lacking`: that the peer could not take when it was asked last. `lost`: that it
 * had and has no more before their time. `digest`: of what it has acknowledged, compared with its own.
 */
export interface SenderState {
  readonly whole: boolean;
  readonly items: number;
  readonly waiting: number;
  readonly lacking: Lacking;
  readonly lost: number;
  readonly digest: DigestState;
  readonly silentSeconds: number;
}

export class StreamSender {
  readonly #encoder = new StreamEncoder();
  readonly #window = new SentWindow();
  readonly #sink: NewsSink;
  #ends: Ended[];
  readonly #lacking = new LackingCount();
  readonly #rounds = new AcknowledgedRounds();
  #lost = 0;
  #digest: DigestState;
  /** What the peer has asked to be compared, as it is here. */
  #compared: { readonly count: number; readonly sum: number } | undefined;
  #isGreeted = false;
  #peerId: string | undefined;
  #isWhole = false;
  /** Of the look that goes on. */
  #now = 0;
  #roundBegan: number;
  #lastRoundBegan: number;
  /** Of the round that goes on: when its first look began. */
  #firstLookAt: number | undefined;
  /** Of the round before. */
  #lastLookAt = Number.NEGATIVE_INFINITY;
  #beatAt = 0;
  #receivedAt: number;
  #againAt: number;
  /** Of the drains that the peer has, by their ids. */
  readonly #drainVersions = new Map<string, number>();
  /** Likewise of overrides, by their targets. */
  readonly #overrideVersions = new Map<string, string>();
  #drainRevision: number | undefined;

  constructor(readonly options: SenderOptions) {
    const now = options.now();
    this.#ends = [...(options.ends ?? [])];
    this.#digest = options.digests ? 'open' : 'none';
    [this.#roundBegan, this.#lastRoundBegan, this.#receivedAt, this.#againAt] = [now, now, now, now + AGAIN_MS];
    this.#sink = {
      item: (what, item, table, at, keyLow, keyHigh) => {
        if (what === 'connection' && !options.replies) item.flags &= ~ItemFlag.reply;
        if (options.owners !== true) item.bits &= ~ItemBits.own;
        this.#encoder.item(what, false, item, this.#now >>> 0);
        this.#window.add(itemHash(what, false, item), table, at, keyLow, keyHigh);
      },
      ended: (what, item) => {
        this.#encoder.item(what, true, item, this.#now >>> 0);
        this.#window.addEnd(itemHash(what, true, item), { what, item: new StreamItem().set(item), lastMs: this.#now - item.idle * 10 });
      },
    };
  }

  get state(): SenderState {
    const { waiting, sent: items, acknowledged } = this.#window;
    const lacking = this.#lacking.at(acknowledged);
    const silentSeconds = Math.round((this.options.now() - this.#receivedAt) / 1000);
    return { whole: this.#isWhole, items, waiting, lacking, lost: this.#lost, digest: this.#digest, silentSeconds };
  }

  /** What the peer may not know yet, for the next session with the same process. */
  get unacknowledgedEnds(): readonly Ended[] {
    return [...this.#window.ends, ...this.#ends];
  }

  /** The peer has sent what has ended, as is known here. */
  report(ended: Ended): void {
    if (this.#ends.length < WINDOW) this.#ends.push(ended);
  }

  /** What the session begins with. Nothing more goes until the peer has greeted: what waited for it to wake up would seem to be as young as it was. */
  begin(): Uint8Array {
    this.options.source.forget();
    return greeting(this.#encoder, this.options);
  }

  /** What the peer answers. False: it does not keep to the protocol. */
  take(records: readonly Received[]): boolean {
    this.#receivedAt = this.options.now();
    for (const record of records) {
      if (record.kind === 'hello') {
        this.#peerId = record.id;
        if (this.options.tables === undefined) this.#greeted();
      } else if (record.kind === 'tables') {
        if (this.options.tables === undefined || this.#peerId === undefined) return false;
        this.#keepForeign(this.#peerId, record.id);
        this.#greeted();
      } else if (record.kind === 'ack') {
        if (!this.#window.acknowledge(record.count)) return false;
        this.#rounds.acknowledge(record.count);
      } else if (record.kind === 'refused') {
        if (!this.#refuse(record)) return false;
      } else if (record.kind === 'digest') this.#compare(record);
      else if (record.kind === 'again') this.#again();
      else if (record.kind !== 'goodbye') return false;
    }
    return true;
  }

  /** What the peer's process before has sent is not sent to this one, which would make again what has ended there since. */
  #keepForeign(id: string, tables: string): void {
    const { memory, source } = this.options;
    if (!this.#isGreeted && memory !== undefined && isNextProcess(memory, id, tables)) source.keepForeign?.();
  }

  #greeted(): void {
    if (this.#isGreeted) return;
    this.#isGreeted = true;
    this.#roundBegan = this.#lastRoundBegan = this.options.now();
  }

  #refuse({ number, count, reason }: StreamRefused): boolean {
    if (!this.#window.has(number, count)) return false;
    const lacking = this.#window.refuse(number, count, reason === 'newer');
    if (reason !== 'newer') this.#lacking.add(reason, lacking);
    return true;
  }

  /** It comes after the acknowledgement of the same items; what is of others is ignored. */
  #compare({ count, sum, lost }: StreamDigest): void {
    const { acknowledged, digest } = this.#window;
    if (this.#digest === 'none' || count !== acknowledged) return;
    this.#digest = sum === digest ? 'equal' : 'differs';
    this.#lost = lost;
    this.#compared = { count, sum: digest };
  }

  #again(): void {
    this.#againAt = this.options.now() + AGAIN_MS;
    if (this.#lacking.begin()) this.options.source.forgetRefused();
  }

  /**
   * A moment: what was in the tables before it, the peer has dealt with. Earlier than any other: that is not known yet. undefined: it has not got all of the
   * tables, or has not answered for so long that it will hardly do so soon.
   */
  get knownUntil(): number | undefined {
    const isQuiet = this.options.now() - this.#receivedAt > QUIET_MS;
    return this.#isWhole && !isQuiet ? this.#rounds.until : undefined;
  }

  /** When the round began that goes on, or the last one, if none does. */
  get roundBegan(): number {
    return this.#firstLookAt ?? this.#lastLookAt;
  }

  /** The peer does not answer. */
  get isSilent(): boolean {
    return this.options.now() - this.#receivedAt > SILENT_MS;
  }

  /** What is to be sent now: news until a write is full or the round is over, and a beat. `more`: the round is not over. */
  look(): { readonly bytes: Uint8Array; readonly more: boolean } {
    if (!this.#isGreeted) return { bytes: new Uint8Array(), more: false };
    const now = this.options.now();
    this.#now = now;
    if (now >= this.#againAt) this.#again();
    // The first bytes have the shortest way: by them the peer compares the clocks.
    if (this.#beatAt === 0) this.#encoder.record({ kind: 'beat', sent: now >>> 0, whole: false });
    this.#sendDrains();
    this.#sendEnds();
    this.#firstLookAt ??= now;
    let more = true;
    while (more && this.#encoder.length < WRITE_BYTES && this.#window.waiting < WINDOW) more = this.options.source.look(this.#sink);
    if (!more) this.#endRound(now);
    // By a beat the peer knows that it has what was found before. A full window keeps that from it.
    const isHeldUp = more && this.#window.waiting >= WINDOW;
    if (now >= this.#beatAt && !isHeldUp) {
      this.#beatAt = now + BEAT_MS;
      this.#encoder.record({ kind: 'beat', sent: now >>> 0, whole: this.#isWhole && now - this.#lastRoundBegan <= ROUND_MS });
    }
    this.#answer();
    return { bytes: this.#encoder.take(), more };
  }

  #answer(): void {
    if (this.#compared === undefined) return;
    this.#encoder.record({ kind: 'compared', ...this.#compared, lacking: this.#lacking.at(this.#window.acknowledged) });
    this.#compared = undefined;
  }

  /** Those that the peer does not have as they are; of one that has ended since it knows the time. */
  #sendDrains(): void {
    const { drains } = this.options;
    if (drains === undefined || drains.revision === this.#drainRevision) return;
    this.#drainRevision = drains.revision;
    for (const drain of drains.all()) {
      if (this.#drainVersions.get(drain.uid) === drain.version) continue;
      this.#drainVersions.set(drain.uid, drain.version);
      this.#encoder.record({ kind: 'drain', drain });
    }
    if (this.options.overrides === true) this.#sendOverrides(drains);
  }

  #sendOverrides(drains: DrainSource): void {
    for (const each of drains.overrides()) {
      const version = `${each.version} ${JSON.stringify(each.override)}`;
      if (this.#overrideVersions.get(each.target) === version) continue;
      this.#overrideVersions.set(each.target, version);
      this.#encoder.record({ kind: 'override', override: each });
    }
  }

  /** Those of the session before. */
  #sendEnds(): void {
    if (this.#ends.length === 0) return;
    const left = this.#ends.slice(0, Math.max(0, WINDOW - this.#window.waiting));
    this.#ends = this.#ends.slice(left.length);
    for (const ended of left) {
      ended.item.idleSeconds = (this.#now - ended.lastMs) / 1000;
      this.#encoder.item(ended.what, true, ended.item, this.#now >>> 0);
      this.#window.addEnd(itemHash(ended.what, true, ended.item), ended);
    }
  }

  #endRound(now: number): void {
    this.#isWhole = true;
    this.#rounds.ended({ began: this.#firstLookAt ?? now, sent: this.#window.sent }, this.#window.acknowledged);
    this.#lastLookAt = this.#firstLookAt ?? now;
    this.#firstLookAt = undefined;
    this.#lacking.endRound(this.#window.sent);
    this.#lastRoundBegan = this.#roundBegan;
    this.#roundBegan = now;
  }

  end(reason: GoodbyeReason): Uint8Array {
    return this.#encoder.encode({ kind: 'goodbye', reason });
  }
}
