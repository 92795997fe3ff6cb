// To one peer: connects, sends what the tables have, and connects again when the session has ended. The tables are what counts, so that nothing is kept for a peer
// that does not take it: the sender looks at them again when the socket has room.
import type { TLSSocket } from 'node:tls';
import type { PeerMemory } from '../../../control/sync/stream/peer-memory.js';
import type { Ended } from '../../../control/sync/stream/sent-window.js';
import { type DrainSource, StreamSender } from '../../../control/sync/stream/stream-sender.js';
import type { StreamKey } from '../../../host/sync/stream-key.js';
import { brokenWithout, HAS_OTHER_KEY, IS_THIS_NODE, NOTHING_LACKS, type PeerStatus, type StreamPeer } from '../../../model/stream-node.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import {
  type GoodbyeReason,
  hasDigests,
  hasDrains,
  hasOverrides,
  hasOwners,
  hasReplies,
  hasTables,
} from '../../../wire/sync/stream-record.js';
import { FaultCounts } from './fault-counts.js';
import type { PeerTables } from './peer-tables.js';
import { openChannel } from './secure-channel.js';

const RETRY_MS = 1000;
/** A peer that comes again and again is not answered by more attempts. */
const ATTEMPT_MS = 100;
/** A peer that does not take what is new to the last does not hold up the end. */
const STOP_MS = 2000;
/** Looks together take so long at most. */
const LOOK_MS = 5;
/** After a round: so many times as long as it took, within these bounds. Where it had news, the next are soon to come. */
const REST = { times: 4, timesWithNews: 1, leastMs: 10, leastMsWithNews: 5, mostMs: 200 } as const;
/** Where the peer or the socket takes no more, it is looked again so soon, if neither has room before. */
const FULL_MS = 20;
/** A look that comes so late comes after a pause. */
const PAUSE_MS = 1000;
/** Ends that wait for a session. */
const ENDS_MAX = 4096;
/** More is not put into the socket. */
const SOCKET_BYTES = 1 << 20;
/** Why the peer ended the session, by what it sent last. */
const GOODBYES: Readonly<Record<GoodbyeReason, string>> = {
  stop: 'it stops',
  bytes: 'it cannot read what this node sends',
  order: 'it does not expect what this node sends',
  silent: 'it received nothing from this node',
  self: IS_THIS_NODE,
};
const NOTHING = { whole: false, items: 0, waiting: 0, lacking: NOTHING_LACKS, lost: 0, digest: 'open', silentSeconds: 0 } as const;

export interface OutgoingOptions {
  readonly peer: StreamPeer;
  readonly own: StreamKey;
  readonly node: string;
  readonly id: string;
  readonly tables: PeerTables;
  readonly drains: DrainSource;
  /** Of what comes from this peer alone; absent: others send it, too. */
  readonly memory: PeerMemory | undefined;
  /** Which tables this director has, now. */
  readonly tablesId: () => string | undefined;
  readonly now: () => number;
  /** The peer has acknowledged more, or its session has begun or ended. */
  readonly changed?: () => void;
  readonly log: (text: string) => void;
}

interface Session {
  readonly socket: TLSSocket;
  readonly sender: StreamSender;
}

export class Outgoing {
  readonly #faults = new FaultCounts();
  #session: Session | undefined;
  #socket: TLSSocket | undefined;
  #timer: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  /** The last look ended since the peer or the socket took no more. */
  #isFull = false;
  #failure = '';
  #attemptAt = Number.NEGATIVE_INFINITY;
  #isStopped = false;
  #isResting = false;
  /** What the last session left. */
  #ends: Ended[] = [];
  #roundMs = 0;
  #itemsBefore = 0;
  #lookedAt = 0;
  /** What is in the tables now is wanted there soon. */
  #wantedAt: number | undefined;

  constructor(readonly options: OutgoingOptions) {
    this.#connect();
  }

  get status(): PeerStatus['to'] {
    const { sender } = this.#session ?? {};
    const status = { connected: sender !== undefined, ...(sender?.state ?? NOTHING), failure: this.#failure, ...this.#faults.status };
    return { ...status, wouldBreak: brokenWithout(status) };
  }

  /** The peer has sent what has ended, as is known here: it gets the end, of this session or the next one. */
  report(ended: Ended): void {
    if (this.#session !== undefined) this.#session.sender.report(ended);
    else if (this.#ends.length < ENDS_MAX) this.#ends.push(ended);
  }

  /** As of StreamSender; undefined as well: the peer has no session. */
  get knownUntil(): number | undefined {
    return this.#session?.sender.knownUntil;
  }

  /** What is in the tables now goes to the peer without waiting for the next look. */
  hurry(): void {
    if (this.knownUntil === undefined) return;
    this.#wantedAt = this.options.now();
    if (this.#isResting) this.#again();
  }

  #again(): void {
    this.#cancel();
    this.#isResting = false;
    this.#soon = setImmediate(() => this.#look());
  }

  /** Sends what is new to the last, and ends; resolves when the peer has it, or takes too long. */
  stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    const { socket, sender } = this.#session ?? {};
    if (socket === undefined || sender === undefined) {
      this.#socket?.destroy();
      return Promise.resolve();
    }
    const closed = new Promise<void>((done) => socket.once('close', () => done()));
    setTimeout(() => socket.destroy(), STOP_MS).unref();
    for (let looks = 0, more = true; more && looks < 64; looks++) {
      const { bytes, more: next } = sender.look();
      socket.write(bytes);
      more = next;
    }
    socket.end(sender.end('stop'));
    return closed;
  }

  /** The peer has just begun a session of its own, so it can be reached: what is waited for otherwise is the next attempt, or TCP's repetition of its SYN. */
  wake(): void {
    const isWaiting = this.#session === undefined && (this.#socket?.destroyed !== false || this.#socket.connecting);
    if (!isWaiting || this.#isStopped || this.options.now() - this.#attemptAt < ATTEMPT_MS) return;
    this.#cancel();
    const before = this.#socket;
    this.#connect();
    before?.destroy();
  }

  #connect(): void {
    const { peer, own } = this.options;
    this.#attemptAt = this.options.now();
    const failed = (why: string): void => {
      if (socket !== this.#socket) return;
      if (why === HAS_OTHER_KEY) this.#faults.add('key');
      this.#noteFailure(why);
    };
    const socket = openChannel(peer, own, () => this.#begin(socket), failed);
    this.#socket = socket;
    socket.once('close', () => {
      if (socket === this.#socket) this.#closed();
    });
  }

  #begin(socket: TLSSocket): void {
    const { node, id, tables, now } = this.options;
    const drains = hasDrains(socket.alpnProtocol) ? { drains: this.options.drains, overrides: hasOverrides(socket.alpnProtocol) } : {};
    const { alpnProtocol } = socket;
    const known = { digests: hasDigests(alpnProtocol), replies: hasReplies(alpnProtocol), owners: hasOwners(alpnProtocol) };
    const own = { tables: hasTables(alpnProtocol) ? this.options.tablesId() : undefined, memory: this.options.memory };
    const sender = new StreamSender({ node, id, source: tables, ends: this.#ends, ...known, ...own, ...drains, now });
    const decoder = new StreamDecoder();
    this.#session = { socket, sender };
    this.#wantedAt = undefined;
    this.#noteFailure('');
    socket.on('data', (bytes: Uint8Array) => {
      const { records, refused } = decoder.push(bytes);
      if (refused !== undefined || !sender.take(records)) {
        this.#faults.add(refused ?? 'order');
        socket.destroy(new Error(`it sends what is no answer: ${refused ?? 'order'}`));
      } else for (const record of records) if (record.kind === 'goodbye') this.#noteFailure(GOODBYES[record.reason]);
      this.#hasRoom();
      this.options.changed?.();
    });
    socket.on('drain', () => this.#hasRoom());
    socket.write(sender.begin());
    this.#look();
  }

  #look(): void {
    const { socket, sender } = this.#session ?? {};
    if (socket === undefined || sender === undefined || socket.destroyed) return;
    this.#isResting = false;
    const sinceLook = this.options.now() - this.#lookedAt;
    this.#lookedAt += sinceLook;
    // After a pause of this process, what the peer has sent may not be read yet.
    if (sender.isSilent && sinceLook < PAUSE_MS) {
      socket.destroy(new Error('it does not answer'));
      return;
    }
    const began = performance.now();
    let more = true;
    this.#isFull = false;
    while (more && !this.#isFull && performance.now() - began < LOOK_MS) {
      const before = sender.state.waiting;
      const found = sender.look();
      more = found.more;
      if (found.bytes.length > 0) socket.write(found.bytes);
      const isWindowFull = sender.state.waiting === before && found.bytes.length === 0;
      this.#isFull = more && (isWindowFull || socket.writableLength >= SOCKET_BYTES);
    }
    this.#roundMs += performance.now() - began;
    if (this.#isFull) this.#timer = setTimeout(() => this.#look(), FULL_MS);
    else if (more) this.#soon = setImmediate(() => this.#look());
    else if (this.#wantedAt !== undefined && sender.roundBegan <= this.#wantedAt) this.#again();
    else this.#rest(sender.state.items);
  }

  #rest(items: number): void {
    const hasNews = items !== this.#itemsBefore;
    const [times, leastMs] = hasNews ? [REST.timesWithNews, REST.leastMsWithNews] : [REST.times, REST.leastMs];
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.max(times * this.#roundMs, leastMs), REST.mostMs));
    this.#isResting = true;
    this.#roundMs = 0;
    this.#itemsBefore = items;
  }

  #hasRoom(): void {
    if (!this.#isFull || this.#isStopped) return;
    this.#isFull = false;
    this.#cancel();
    this.#soon = setImmediate(() => this.#look());
  }

  #cancel(): void {
    clearTimeout(this.#timer);
    clearImmediate(this.#soon);
  }

  /** Logged once until it changes. Empty: the session has begun. */
  #noteFailure(why: string): void {
    const { log } = this.options;
    if (why === this.#failure && why !== '') return;
    this.#failure = why;
    log(why === '' ? 'sends' : `does not send: ${why}`);
  }

  #closed(): void {
    if (this.#session !== undefined && this.#failure === '') this.#noteFailure('the session ended');
    if (this.#session !== undefined) this.#ends = [...this.#session.sender.unacknowledgedEnds];
    this.#session = undefined;
    this.#cancel();
    this.#isResting = false;
    this.options.changed?.();
    if (!this.#isStopped) this.#timer = setTimeout(() => this.#connect(), RETRY_MS);
  }
}
