// Nodes with a table each, and the sessions between their processes, on a virtual clock.
import type { Ended } from '../../../src/control/sync/stream/sent-window.js';
import { type Batch, StreamReceiver } from '../../../src/control/sync/stream/stream-receiver.js';
import { StreamSender } from '../../../src/control/sync/stream/stream-sender.js';
import { lackingSum } from '../../../src/model/stream-node.js';
import { randomFrom } from '../../../src/sim/random.js';
import type { StreamHistory } from './history.js';
import type { ApplyRecord } from './memory-table.js';
import { Node } from './node.js';
import { PIPE_BYTES } from './pipe.js';
import { Session, type Side } from './session.js';

const RECONNECT_US = 1_000_000;
const SILENT_MS = 5000;
/** incoming.ts, where it is longer. */
const REPAIR_US = 3_000_000;
/** Writes of one look. */
const WRITES = 4;

export class World {
  readonly nodes: readonly Node[];
  readonly random;
  sessions: Session[] = [];
  readonly cuts = new Set<string>();
  weather = { minUs: 100, maxUs: 2000 };
  nowUs = 0;
  itemsSent = 0;
  applied: ((from: number, to: number, record: ApplyRecord, answer: string) => void) | undefined;
  /** After a look that found nothing, where all is acknowledged. */
  settled: ((session: Session) => void) | undefined;
  /** A session ends at one of its sides. */
  lost: ((session: Session) => void) | undefined;
  #ids = 0;
  #tables = 0;

  constructor(
    history: StreamHistory,
    /** Something is to be done with this session's side at a time. */
    readonly wake: (atUs: number, session: Session, what: Side | 'eof') => void,
  ) {
    this.random = randomFrom(history.seed ^ 0x5bd1e995);
    this.nodes = history.nodes.map((setup, number) => new Node(number, setup, this));
    for (const node of this.nodes) node.start();
  }

  newTables(): string {
    this.#tables += 1;
    return this.#tables.toString(16).padStart(16, '0');
  }

  newId(): string {
    this.#ids += 1;
    return ((this.#ids * 0x9e3779b1) >>> 0).toString(16).padStart(8, '0').padEnd(16, '0');
  }

  isCut(a: number, b: number): boolean {
    return this.cuts.has(`${Math.min(a, b)} ${Math.max(a, b)}`);
  }

  #delay(): number {
    return this.nowUs + this.random.between(this.weather.minUs, this.weather.maxUs);
  }

  #push(session: Session, side: Side, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const pipe = side === 'receiver' ? session.there : session.back;
    this.wake(pipe.push(bytes, this.#delay()), session, side);
  }

  /** A process's look. */
  tick(node: Node): void {
    if (!node.isRunning || node.stalled === 'all') return;
    for (const number of node.peers.keys()) this.#tickTo(node, number);
    for (const session of this.sessions) {
      if (session.to !== node.number || session.closed.has('receiver')) continue;
      if (node.nowMs() - session.receiver.state.receivedAt > SILENT_MS) this.close(session, 'receiver');
      else {
        this.#deliver(session);
        this.#sweep(node, session);
        this.#repair(node, session);
      }
    }
    this.sessions = this.sessions.filter(({ closed }) => closed.size < 2);
  }

  /** incoming.ts */
  #sweep(node: Node, { from, receiver }: Session): void {
    const { sweep } = receiver;
    if (sweep === 'no') return;
    if (sweep === 'due' && this.#isPair) node.endUnnamed(from);
    receiver.swept();
  }

  get #isPair(): boolean {
    return this.nodes.length === 2;
  }

  /** incoming.ts */
  #repair(node: Node, session: Session): void {
    const { lost } = session.receiver.state;
    const peer = node.peer(session.from);
    if (lost === 0 || this.nowUs - peer.repairedUs < REPAIR_US) return;
    peer.repairedUs = this.nowUs;
    delete peer.memory.wholeAt;
    delete peer.memory.known;
    this.close(session, 'receiver');
  }

  #tickTo(node: Node, number: number): void {
    const session = this.sessions.find(({ from, to, closed }) => from === node.number && to === number && !closed.has('sender'));
    if (session === undefined) this.#connect(node, number);
    else if (session.sender.isSilent) this.close(session, 'sender');
    else this.#look(session);
  }

  #look(session: Session): void {
    const { sender } = session;
    for (let writes = 0; writes < WRITES && session.there.bytes < PIPE_BYTES; writes++) {
      const before = sender.state.items;
      const { bytes, more } = sender.look();
      const { items, waiting, lacking, whole } = sender.state;
      this.itemsSent += items - before;
      this.#push(session, 'receiver', bytes);
      if (!more && items === before && waiting === 0 && lackingSum(lacking) === 0 && whole && session.isOpen) this.settled?.(session);
      if (!more) break;
    }
  }

  #connect(node: Node, number: number): void {
    const peer = node.peer(number);
    const other = this.nodes[number];
    if (this.nowUs < peer.nextUs || other === undefined) return;
    peer.nextUs = this.nowUs + RECONNECT_US;
    if (this.isCut(node.number, number) || !other.isRunning) return;
    for (const old of this.sessions) if (old.from === node.number && old.to === number) this.close(old, 'receiver');
    const now = (at: Node) => () => at.nowMs();
    const digests = node.setup.digests && other.setup.digests;
    const owners = node.setup.owners && other.setup.owners;
    const stated = node.setup.tables && other.setup.tables;
    const sender = new StreamSender({
      tables: stated ? node.tables : undefined,
      memory: this.#isPair ? peer.memory : undefined,
      node: `lb${node.number}`,
      id: node.id,
      source: peer.copy,
      now: now(node),
      ends: peer.ends,
      digests,
      replies: digests,
      owners,
    });
    const { memory, copy } = other.peer(node.number);
    copy.slots.beginNaming();
    const apply = (batch: Batch) => other.apply(batch, node.number);
    const lostBefore = copy.lost;
    const lost = () => copy.lost - lostBefore;
    const receiver = new StreamReceiver({
      node: `lb${number}`,
      id: other.id,
      memory,
      now: now(other),
      apply,
      digests,
      owners,
      tables: stated ? other.tables : undefined,
      lost,
      over: (ended) => this.#report(number, node.number, ended),
    });
    const session = new Session(node.number, number, sender, receiver);
    this.sessions.push(session);
    this.#push(session, 'receiver', sender.begin());
    if (other.stalled === 'no') this.#accept(session);
  }

  /** outgoing.ts */
  #report(from: number, to: number, ended: Ended): void {
    const session = this.sessions.find((each) => each.from === from && each.to === to && !each.closed.has('sender'));
    const peer = this.nodes[from]?.peer(to);
    if (session !== undefined) session.sender.report(ended);
    else if (peer !== undefined) peer.ends = [...peer.ends, ended];
  }

  /** A process that stands still accepts no session. */
  #accept(session: Session): void {
    if (session.isAccepted) return;
    session.isAccepted = true;
    this.#push(session, 'sender', session.receiver.begin());
  }

  /** Bytes have come to this side, or it may read again. */
  read(session: Session, side: Side): void {
    const node = this.nodes[side === 'sender' ? session.from : session.to];
    if (node === undefined || session.closed.has(side) || node.stalled !== 'no' || this.isCut(session.from, session.to)) return;
    if (side === 'sender') this.#readAtSender(session);
    else this.#readAtReceiver(session);
  }

  #readAtSender(session: Session): void {
    for (const bytes of session.back.take(this.nowUs)) {
      const { records, refused } = session.atSender.push(bytes);
      if (refused !== undefined || !session.sender.take(records)) throw new Error(`the sender refuses: ${refused}`);
    }
  }

  #readAtReceiver(session: Session): void {
    this.#accept(session);
    for (const bytes of session.there.take(this.nowUs)) {
      const { records, refused } = session.atReceiver.push(bytes);
      const reason = refused ?? session.receiver.take(records);
      if (reason !== undefined) throw new Error(`the receiver refuses: ${reason}`);
      this.#deliver(session);
      this.#push(session, 'sender', session.receiver.beat());
    }
  }

  #deliver(session: Session): void {
    for (let back = session.receiver.deliver(); back !== undefined; back = session.receiver.deliver()) this.#push(session, 'sender', back);
  }

  close(session: Session, side: Side): void {
    if (session.closed.has(side)) return;
    session.closed.add(side);
    this.lost?.(session);
    const node = this.nodes[session.from];
    if (side === 'sender' && node?.isRunning) node.peer(session.to).ends = session.sender.unacknowledgedEnds;
    this.wake(this.#delay(), session, 'eof');
  }

  /** The end of a connection has come, or would have. */
  endOfFile(session: Session): void {
    if (session.closed.size !== 1 || this.isCut(session.from, session.to)) return;
    this.close(session, session.closed.has('sender') ? 'receiver' : 'sender');
  }

  /** A process has gone: its kernel ends its connections, if there still is one. */
  drop(node: Node, silently: boolean): void {
    node.isRunning = false;
    for (const session of this.sessions) {
      const side = session.from === node.number ? 'sender' : session.to === node.number ? 'receiver' : undefined;
      if (side === undefined) continue;
      if (!silently) this.close(session, side);
      else if (!session.closed.has(side)) {
        session.closed.add(side);
        this.lost?.(session);
      }
    }
  }

  /** A node that was down has a kernel again, which knows nothing of the connections of before and resets them. */
  resetOld({ number }: Node): void {
    for (const session of this.sessions) {
      const isOld = (session.from === number && session.closed.has('sender')) || (session.to === number && session.closed.has('receiver'));
      if (isOld && session.closed.size === 1) this.wake(this.#delay(), session, 'eof');
    }
  }

  /** Whoever waits for bytes looks again. */
  wakeAll(): void {
    for (const session of this.sessions) {
      for (const side of ['sender', 'receiver'] as const) this.wake(this.nowUs, session, side);
      if (session.closed.size === 1) this.wake(this.nowUs, session, 'eof');
    }
  }

  /** A node's services have changed. */
  again(node: Node): void {
    for (const session of this.sessions)
      if (session.to === node.number && session.isAccepted && !session.closed.has('receiver'))
        this.#push(session, 'sender', session.receiver.again());
  }
}
