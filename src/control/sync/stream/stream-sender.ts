// The sending side of one session of weir's own stream: all that this director's tables have, and then what is new there. The tables are the state of record:
// a session that ends loses nothing, since the next one begins with everything again.
import { StreamEncoder } from '../../../wire/stream-encoder.js';
import type { GoodbyeReason, StreamItem, StreamRecord } from '../../../wire/stream-record.js';

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
/** After a longer round, the tables at the moment of a beat are not known to be sent. */
const ROUND_MS = 1000;

/** `idle`: seconds since its last packet. `where`: by which the source knows it again. */
export interface NewsSink<Where> {
  readonly item: (item: StreamItem, idle: number, where: Where) => void;
  readonly ended: (item: StreamItem, idle: number) => void;
}

/** This director's tables. */
export interface NewsSource<Where> {
  /** Looks at a bounded part more, and reports what the peer does not have as it is. False: the round is over. */
  readonly look: (to: NewsSink<Where>) => boolean;
  /** The peer has nothing. */
  readonly forget: () => void;
  /** The peer could not take this. */
  readonly refused: (where: Where) => void;
  /** It may be able to now. */
  readonly forgetRefused: () => void;
}

/** Of what was here. `lastMs`: its last packet, by the clock here. */
export interface Ended {
  readonly item: StreamItem;
  readonly lastMs: number;
}

/** What was sent of an item; an end has no place. */
interface Sent<Where> {
  readonly where?: Where;
  readonly ended?: Ended;
}

export interface SenderOptions<Where> {
  readonly node: string;
  /** Of this process, 16 hexadecimal digits. */
  readonly id: string;
  readonly source: NewsSource<Where>;
  /** What the session before this one left: the source reports an end once. */
  readonly ends?: readonly Ended[];
  /** Milliseconds of a clock that never goes back. */
  readonly now: () => number;
}

/** `whole`: all has been sent once. `waiting`: items that are not acknowledged. `lacking`: that the peer refused since it was asked last. */
export interface SenderState {
  readonly whole: boolean;
  readonly items: number;
  readonly waiting: number;
  readonly lacking: number;
}

/** Hundredths of a second. */
const hundredths = (seconds: number): number => Math.ceil(seconds * 100);

export class StreamSender<Where> {
  readonly #encoder = new StreamEncoder();
  /** What is not acknowledged, in its order. */
  #sent: Sent<Where>[] = [];
  #ends: readonly Ended[];
  #acknowledged = 0;
  #lacking = 0;
  #isWhole = false;
  #roundBegan: number;
  #lastRoundBegan: number;
  #beatAt = 0;
  #receivedAt: number;
  #againAt: number;

  constructor(readonly options: SenderOptions<Where>) {
    const now = options.now();
    this.#ends = options.ends ?? [];
    [this.#roundBegan, this.#lastRoundBegan, this.#receivedAt, this.#againAt] = [now, now, now, now + AGAIN_MS];
  }

  get state(): SenderState {
    const waiting = this.#sent.length;
    return { whole: this.#isWhole, items: this.#acknowledged + waiting, waiting, lacking: this.#lacking };
  }

  /** What the peer may not know yet, for the next session with the same process. */
  get unacknowledgedEnds(): readonly Ended[] {
    return [...this.#sent.flatMap(({ ended }) => ended ?? []), ...this.#ends];
  }

  /** What the session begins with. */
  begin(): Uint8Array {
    const { node, id, source } = this.options;
    source.forget();
    // The first bytes have the shortest way: by them the peer compares the clocks.
    return this.#encoder.encode([
      { kind: 'hello', node, id },
      { kind: 'beat', sent: this.options.now() >>> 0, whole: false },
    ]);
  }

  /** What the peer answers. False: it does not keep to the protocol. */
  take(records: readonly StreamRecord[]): boolean {
    this.#receivedAt = this.options.now();
    for (const record of records) {
      if (record.kind === 'ack') {
        const count = record.count - this.#acknowledged;
        if (count < 0 || count > this.#sent.length) return false;
        this.#sent = this.#sent.slice(count);
        this.#acknowledged = record.count;
      } else if (record.kind === 'refused') {
        if (!this.#refuse(record.number, record.reason === 'newer')) return false;
      } else if (record.kind === 'again') this.#again();
      else if (record.kind !== 'hello' && record.kind !== 'goodbye') return false;
    }
    return true;
  }

  #refuse(number: number, isNewer: boolean): boolean {
    const index = number - this.#acknowledged;
    if (index < 0 || index >= this.#sent.length) return false;
    const where = this.#sent[index]?.where;
    if (where === undefined || isNewer) return true;
    this.options.source.refused(where);
    this.#lacking += 1;
    return true;
  }

  #again(): void {
    this.#againAt = this.options.now() + AGAIN_MS;
    if (this.#lacking === 0) return;
    this.#lacking = 0;
    this.options.source.forgetRefused();
  }

  /** The peer does not answer. */
  get isSilent(): boolean {
    return this.options.now() - this.#receivedAt > SILENT_MS;
  }

  /** What is to be sent now: news until a write is full or the round is over, and a beat. `more`: the round is not over. */
  look(): { readonly bytes: Uint8Array; readonly more: boolean } {
    const now = this.options.now();
    if (now >= this.#againAt) this.#again();
    const sent = now >>> 0;
    const records: StreamRecord[] = [];
    let size = 0;
    const add = (kind: 'item' | 'delete', item: StreamItem, idle: number, one: Sent<Where>): void => {
      records.push({ kind, item, idle: hundredths(idle), sent });
      this.#sent.push(one);
      size += 1;
    };
    const end = (ended: Ended): void => add('delete', ended.item, (now - ended.lastMs) / 1000, { ended });
    const sink: NewsSink<Where> = {
      item: (item, idle, where) => add('item', item, idle, { where }),
      ended: (item, idle) => end({ item, lastMs: now - idle * 1000 }),
    };
    const left = this.#ends.slice(0, WINDOW - this.#sent.length);
    this.#ends = this.#ends.slice(left.length);
    for (const each of left) end(each);
    let more = true;
    while (more && size * 16 < WRITE_BYTES && this.#sent.length < WINDOW) more = this.options.source.look(sink);
    if (!more) this.#endRound(now);
    if (now >= this.#beatAt) {
      this.#beatAt = now + BEAT_MS;
      records.push({ kind: 'beat', sent, whole: this.#isWhole && now - this.#lastRoundBegan <= ROUND_MS });
    }
    return { bytes: this.#encoder.encode(records), more };
  }

  #endRound(now: number): void {
    this.#isWhole = true;
    this.#lastRoundBegan = this.#roundBegan;
    this.#roundBegan = now;
  }

  end(reason: GoodbyeReason): Uint8Array {
    return this.#encoder.encode([{ kind: 'goodbye', reason }]);
  }
}
