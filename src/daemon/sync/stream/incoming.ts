// From one peer: what it sends goes into the tables. Its last session counts; one before ends.
import type { TLSSocket } from 'node:tls';
import type { PeerMemory } from '../../../control/sync/stream/peer-memory.js';
import type { Ended } from '../../../control/sync/stream/sent-window.js';
import { type Batch, StreamReceiver } from '../../../control/sync/stream/stream-receiver.js';
import type { PeerDrain } from '../../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../../model/drain/peer-override.js';
import { IS_THIS_NODE, NOTHING_LACKS, type PeerStatus } from '../../../model/stream-node.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { hasDigests, hasDrains, hasOverrides, hasOwners, hasTables } from '../../../wire/sync/stream-record.js';
import { FaultCounts } from './fault-counts.js';

/** An acknowledgement goes back so often, whether anything came or not. */
const BEAT_MS = 250;
/** What the tables could not take is tried again. */
const RETRY_MS = 20;
/** What has come goes into the tables for so long together; then others have their turn. */
const DELIVER_MS = 5;
/** A peer that sends nothing, not even beats. */
const SILENT_MS = 30_000;
/** A beat that comes so late comes after a pause of this process: what the peer has sent may not be read yet. */
const PAUSE_MS = 1000;
/** Where something is missing here, the peer is asked for everything again, no more often than this. */
const REPAIR_MS = 300_000;
const NOTHING = {
  whole: false,
  items: 0,
  waiting: 0,
  refused: {},
  lacking: NOTHING_LACKS,
  lost: 0,
  digest: 'open',
  silentSeconds: 0,
} as const;

export interface IncomingOptions {
  readonly node: string;
  readonly id: string;
  readonly now: () => number;
  readonly apply: (batch: Batch) => Uint8Array | undefined;
  /** Puts drains and overrides of the peer into the record here. False: it cannot now, and is to be asked again. */
  readonly takeDrains: (drains: readonly PeerDrain[], overrides: readonly PeerOverride[]) => boolean;
  readonly memory: PeerMemory;
  /** Which tables this director has, now. */
  readonly tables: () => string | undefined;
  readonly naming: Naming;
  /** As of StreamReceiver. */
  readonly over: (ended: Ended) => void;
  /** Connections of the peer that were found to be gone here before their time, from the beginning on. */
  readonly lost: () => number;
  readonly log: (text: string) => void;
}

/** What a peer has sent in a session, of what came from it. */
export interface Naming {
  begin(): void;
  /** What the peer has not sent has ended there: how much of it was here; undefined: the tables are not free now, and it is to be called again. */
  end(): number | undefined;
}

interface Session {
  readonly socket: TLSSocket;
  readonly receiver: StreamReceiver;
  readonly beat: NodeJS.Timeout;
}

export class Incoming {
  readonly #faults = new FaultCounts();
  #session: Session | undefined;
  #retry: NodeJS.Timeout | undefined;
  #soon: NodeJS.Immediate | undefined;
  #failure = 'it has not connected';
  #node = '';
  #beatAt = 0;
  #repairedAt = Number.NEGATIVE_INFINITY;

  constructor(readonly options: IncomingOptions) {}

  get node(): string {
    return this.#node;
  }

  get status(): PeerStatus['from'] {
    const { receiver } = this.#session ?? {};
    const faults = this.#faults.status;
    if (receiver === undefined) return { connected: false, ...NOTHING, failure: this.#failure, ...faults };
    const { receivedAt: _, beatSentAt, refused, ...state } = receiver.state;
    const silentSeconds = Math.round((this.options.now() - beatSentAt) / 1000);
    return { connected: true, ...state, failure: '', refused: refused as Record<string, number>, silentSeconds, ...faults };
  }

  accept(socket: TLSSocket): void {
    this.#end('another session took its place');
    const { node, id, now, apply, over, log, lost, memory, naming } = this.options;
    const lostBefore = lost();
    naming.begin();
    const receiver = new StreamReceiver({
      node,
      id,
      memory,
      now,
      apply,
      over,
      digests: hasDigests(socket.alpnProtocol),
      owners: hasOwners(socket.alpnProtocol),
      drains: hasDrains(socket.alpnProtocol),
      overrides: hasOverrides(socket.alpnProtocol),
      tables: hasTables(socket.alpnProtocol) ? this.options.tables() : undefined,
      lost: () => lost() - lostBefore,
    });
    const decoder = new StreamDecoder();
    const beat = setInterval(() => this.#beat(), BEAT_MS);
    const session = { socket, receiver, beat };
    this.#session = session;
    socket.on('data', (bytes: Uint8Array) => {
      if (this.#session !== session) return;
      const { records, refused } = decoder.push(bytes);
      const reason = receiver.take(records) ?? (refused === undefined ? undefined : 'bytes');
      if (receiver.peer !== undefined) this.#node = receiver.peer.node;
      if (reason === undefined) this.#soon ??= setImmediate(() => this.#deliver());
      else {
        this.#deliver(Number.POSITIVE_INFINITY);
        this.#faults.add(refused ?? reason);
        this.#end(reason === 'self' ? IS_THIS_NODE : (refused ?? reason), receiver.end(reason));
      }
    });
    socket.once('close', () => {
      if (this.#session === session) this.#end('the session ended');
    });
    socket.write(receiver.begin());
    log('receives');
  }

  /** Services or servers have changed here: what was refused may be taken now. */
  again(): void {
    const { socket, receiver } = this.#session ?? {};
    if (receiver?.peer !== undefined) socket?.write(receiver.again());
  }

  /** The tables here are others: the peer must send everything, and nothing of it has ended here. */
  restart(): void {
    this.#knowsNothing();
    this.#end('the tables here are new');
  }

  /** Takes what has come so far, and ends. */
  stop(): void {
    this.#deliver(Number.POSITIVE_INFINITY);
    const { receiver } = this.#session ?? {};
    this.#end('this node stops', receiver?.end('stop'));
  }

  #beat(): void {
    const { socket, receiver } = this.#session ?? {};
    if (socket === undefined || receiver === undefined) return;
    const now = this.options.now();
    const isInTime = now - this.#beatAt < PAUSE_MS;
    this.#beatAt = now;
    if (isInTime && now - receiver.state.receivedAt > SILENT_MS && !socket.isPaused())
      this.#end('it sends nothing', receiver.end('silent'));
    else socket.write(receiver.beat());
    this.#repair(now);
    this.#sweep();
  }

  #knowsNothing(): void {
    const { memory } = this.options;
    delete memory.wholeAt;
    delete memory.known;
  }

  /** What ended at the peer while its process was restarted is not reported by any. */
  #sweep(): void {
    const { receiver } = this.#session ?? {};
    if (receiver === undefined || receiver.sweep === 'no') return;
    const ended = receiver.sweep === 'due' ? this.options.naming.end() : 0;
    if (ended === undefined) return;
    if (ended > 0) this.options.log(`${ended} of its connections have ended while its process was restarted`);
    receiver.swept();
  }

  /** The peer has what is not here, though it was taken: the peer's tables are the state of record. */
  #repair(now: number): void {
    const { lost, digest } = this.#session?.receiver.state ?? {};
    const isWrong = (lost ?? 0) > 0 || digest === 'differs';
    if (!isWrong || now - this.#repairedAt < REPAIR_MS) return;
    this.#repairedAt = now;
    this.#knowsNothing();
    this.#end(digest === 'differs' ? 'the digests differ' : `${lost} of its connections are gone here before their time`);
  }

  /** All that came in one turn goes into the tables together, since each time takes the lock and looks at the tables' pins. */
  #deliver(forMs = DELIVER_MS): void {
    this.#cancel();
    const { socket, receiver } = this.#session ?? {};
    if (socket === undefined || receiver === undefined) return;
    const { now } = this.options;
    const end = now() + forMs;
    let answer: Uint8Array | undefined;
    do {
      answer = receiver.deliver();
      if (answer !== undefined) socket.write(answer);
    } while (answer !== undefined && now() < end);
    const { drains, overrides } = receiver;
    const areTaken = drains.length + overrides.length === 0 || this.options.takeDrains(drains, overrides);
    if (areTaken) receiver.drainsTaken(drains, overrides);
    if (receiver.isFull) socket.pause();
    else if (socket.isPaused()) socket.resume();
    if (receiver.state.waiting === 0 && areTaken) return;
    if (answer === undefined || !areTaken) this.#retry = setTimeout(() => this.#deliver(), RETRY_MS);
    else this.#soon = setImmediate(() => this.#deliver());
  }

  #cancel(): void {
    clearTimeout(this.#retry);
    clearImmediate(this.#soon);
    this.#soon = undefined;
  }

  #end(why: string, goodbye?: Uint8Array): void {
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#failure = why;
    clearInterval(session.beat);
    this.#cancel();
    if (goodbye === undefined) session.socket.destroy();
    else session.socket.end(goodbye, () => session.socket.destroy());
    this.options.log(`does not receive: ${why}`);
  }
}
