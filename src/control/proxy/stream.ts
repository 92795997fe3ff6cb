// One socket of the proxy: what waits to be sent, whether it is read, and its deadline. What is sent goes out immediately where the kernel takes
// it; the rest waits in copies, and then whoever fills this stream stops reading until it has drained.
import { HEAD_MAX_BYTES } from '../../model/layer7/defaults.js';
import { AGAIN, ERROR, HANG_UP, PEER_CLOSED, READABLE, Slab, type StreamEdge, WRITABLE } from './edge.js';

const READING = READABLE | PEER_CLOSED;
/** One read: behind a head that is kept it fits the slab. */
const READ_MAX_BYTES = Slab.receiveMaxBytes - HEAD_MAX_BYTES;

/** Descriptors of one edge. */
export interface StreamTable {
  readonly edge: StreamEdge;
  readonly streams: (Stream | undefined)[];
  /** Called for each stream that goes. */
  forget(stream: Stream): void;
}

export abstract class Stream {
  /** Monotonic; 0: none. */
  deadlineUs = 0;
  isClosed = false;
  bytesSent = 0;
  /** Bytes that the next ones are received behind. */
  protected kept: Uint8Array | undefined;
  /** Of what was sent the heads of answers, as far as the sender counts them. */
  headBytes = 0;
  #bytesTaken = 0;
  /** Undefined: nothing yet. */
  #watched: number | undefined;
  /** `bytesSent` when received bytes were acknowledged before they are answered: what is sent ends that. */
  #acknowledgedAt = -1;
  #isPaused = false;
  #waiting: Uint8Array[] | undefined;
  #waitingBytes = 0;
  #endsAfter: 'none' | 'shutdown' | 'close' = 'none';
  #isShut = false;
  #hasEnded = false;

  constructor(
    readonly table: StreamTable,
    readonly fd: number,
    isWatched: boolean,
  ) {
    table.streams[fd] = this;
    if (isWatched) this.#watched = READING;
  }

  /** slab[from, to) was received. */
  abstract onData(from: number, to: number): void;
  /** The peer sends no more. */
  abstract onEnd(): void;
  /** The connection broke; it is closed already. */
  abstract onBroken(error: number): void;
  /** More is to come before the peer gets something. */
  protected get awaitsMore(): boolean {
    return false;
  }
  /** Some of what waited was sent. */
  onSent(): void {}
  /** All that waited was sent. */
  abstract onDrained(): void;
  abstract onDeadline(): void;

  /** Bytes wait to be sent. */
  get isFull(): boolean {
    return this.#waiting !== undefined;
  }

  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** The peer sends no more. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The peer sends no more, and nothing that it sent is kept. */
  get hasNoMore(): boolean {
    return this.#hasEnded && this.kept === undefined;
  }

  #watch(): void {
    const events = (this.#isPaused || this.#hasEnded ? 0 : READING) | (this.#waiting === undefined ? 0 : WRITABLE);
    if (events === this.#watched || this.isClosed) return;
    const error = this.table.edge.watch(this.fd, events, this.#watched === undefined);
    if (error < 0) this.#break(error);
    this.#watched = events;
  }

  /** What comes next is waited for: until then one that was accepted is not watched. */
  ensureWatched(): void {
    if (this.#watched === undefined) this.#watch();
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#watched !== undefined) this.#watch();
  }

  resume(): void {
    this.#isPaused = false;
    this.#watch();
  }

  /** Events of the descriptor. */
  ready(events: number): void {
    if ((events & WRITABLE) !== 0 && this.#waiting !== undefined) this.#flush();
    if (!this.isClosed && (events & (READING | HANG_UP | ERROR)) !== 0) this.#read(events);
  }

  #read(events: number): void {
    const { edge } = this.table;
    if (this.#isPaused || this.#hasEnded) {
      if ((events & (HANG_UP | ERROR)) !== 0) this.#break(-(events & (HANG_UP | ERROR)));
      return;
    }
    const kept = this.takeKept();
    if (kept !== undefined) edge.slab.set(kept, Slab.receiveAt);
    const from = Slab.receiveAt + (kept?.length ?? 0);
    const { bytesSent } = this;
    const count = edge.recv(this.fd, from, READ_MAX_BYTES);
    if (count > 0) this.onData(Slab.receiveAt, from + count);
    else this.#readNone(count, kept, from);
    if (this.awaitsMore) this.#awaitMore(count > 0 && this.bytesSent === bytesSent);
  }

  /** A peer may wait for an acknowledgement before it sends the rest (RFC 896). `hasPart`: some of it came, and nothing was sent for it. */
  #awaitMore(hasPart: boolean): void {
    if (hasPart && this.#acknowledgedAt !== this.bytesSent && !this.isClosed) {
      this.#acknowledgedAt = this.bytesSent;
      this.table.edge.acknowledge(this.fd);
    }
    this.ensureWatched();
  }

  #readNone(count: number, kept: Uint8Array | undefined, to: number): void {
    if (count !== 0 && count !== AGAIN) {
      this.#break(count);
      return;
    }
    if (kept !== undefined) this.keep(Slab.receiveAt, to);
    if (count !== 0) return;
    this.#hasEnded = true;
    this.onEnd();
    this.#watch();
  }

  takeKept(): Uint8Array | undefined {
    const { kept } = this;
    this.kept = undefined;
    return kept;
  }

  /** Keeps slab[from, to) for the next read. */
  keep(from: number, to: number): void {
    this.kept = to > from ? this.table.edge.slab.slice(from, to) : undefined;
  }

  /** Keeps slab[from, to) behind what is kept; how many bytes that are. */
  protected keepMore(from: number, to: number): number {
    const before = this.kept ?? new Uint8Array(0);
    this.kept = new Uint8Array(before.length + to - from);
    this.kept.set(before);
    this.kept.set(this.table.edge.slab.subarray(from, to), before.length);
    return this.kept.length;
  }

  #break(error: number): void {
    if (this.isClosed) return;
    this.close();
    this.onBroken(error);
  }

  /**
   * Sends slab[from, to). What the kernel does not take now is copied. The stream may be closed afterwards. `endFollows`: the caller ends or
   * shuts down the stream next.
   */
  send(from: number, to: number, endFollows = false): void {
    if (this.isClosed || to <= from) return;
    if (this.#waiting !== undefined) {
      this.#wait(from, to);
      return;
    }
    const count = this.table.edge.send(this.fd, from, to - from, endFollows);
    if (count < 0 && count !== AGAIN) {
      this.#break(count);
      return;
    }
    if (count > 0) this.bytesSent += count;
    const left = from + Math.max(count, 0);
    if (left === to) return;
    this.#waiting = [];
    this.#wait(left, to);
    this.#watch();
  }

  /** Sends text of latin1. */
  sendText(text: string, endFollows = false): void {
    for (let at = 0; at < text.length && !this.isClosed; at += Slab.stageBytes) {
      const bytes = this.table.edge.write(text.slice(at, at + Slab.stageBytes), Slab.stageAt);
      this.send(Slab.stageAt, Slab.stageAt + bytes, endFollows);
    }
  }

  /** What was sent since the last call; what waits to be sent is counted. */
  takeSent(): { readonly bytes: number; readonly bodyBytes: number } {
    const bytes = this.bytesSent + this.waitingBytes - this.#bytesTaken;
    const bodyBytes = Math.max(0, bytes - this.headBytes);
    this.#bytesTaken += bytes;
    this.headBytes = 0;
    return { bytes, bodyBytes };
  }

  /** Sends a head of latin1, or a whole answer of ours. */
  sendHead(text: string, endFollows = false): void {
    this.headBytes += text.indexOf('\r\n\r\n') + 4;
    this.sendText(text, endFollows);
  }

  /** Sends text before slab[from, to) and behind it, as one piece. What stands around it in the slab is overwritten. */
  sendAround(before: string, from: number, to: number, behind: string, endFollows = false): void {
    const { edge } = this.table;
    const start = from - before.length;
    if (start < 0) {
      this.sendText(before);
      this.send(from, to, endFollows && behind === '');
      this.sendText(behind, endFollows);
      return;
    }
    if (before !== '') edge.write(before, start);
    this.send(start, behind === '' ? to : to + edge.write(behind, to), endFollows);
  }

  /** Sends bytes that are not in the slab. */
  sendBytes(bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length && !this.isClosed; at += Slab.stageBytes) {
      const piece = bytes.subarray(at, at + Slab.stageBytes);
      this.table.edge.slab.set(piece, Slab.stageAt);
      this.send(Slab.stageAt, Slab.stageAt + piece.length);
    }
  }

  #wait(from: number, to: number): void {
    this.#waiting?.push(this.table.edge.slab.slice(from, to));
    this.#waitingBytes += to - from;
  }

  #flush(): void {
    const { edge } = this.table;
    const waiting = this.#waiting ?? [];
    while (waiting.length > 0) {
      const piece = waiting[0]!.subarray(0, Slab.stageBytes);
      edge.slab.set(piece, Slab.stageAt);
      const count = edge.send(this.fd, Slab.stageAt, piece.length, false);
      if (count < 0) {
        if (count !== AGAIN) this.#break(count);
        return;
      }
      this.bytesSent += count;
      this.#waitingBytes -= count;
      this.onSent();
      if (count === waiting[0]!.length) waiting.shift();
      else waiting[0] = waiting[0]!.subarray(count);
      if (count < piece.length) return;
    }
    this.#waiting = undefined;
    this.#watch();
    if (this.#endsAfter === 'close') this.close();
    else if (this.#endsAfter === 'shutdown') this.shutdown();
    this.onDrained();
  }

  /** Sends no more after what waits. */
  shutdown(): void {
    if (this.#waiting !== undefined) {
      this.#endsAfter = 'shutdown';
      return;
    }
    if (!this.#isShut && !this.isClosed) this.table.edge.shutdownWrite(this.fd);
    this.#isShut = true;
  }

  /** Closes after what waits. */
  end(): void {
    if (this.#waiting === undefined) this.close();
    else this.#endsAfter = 'close';
  }

  close(): void {
    if (this.isClosed) return;
    const isCut = this.isFull;
    this.release();
    this.table.edge.close(this.fd, isCut);
  }

  /** The descriptor stays open, for another. */
  protected release(): void {
    this.isClosed = true;
    this.#waiting = undefined;
    this.table.streams[this.fd] = undefined;
    this.table.forget(this);
  }
}
