// Nodes with a table each, and the sessions between their processes, on a virtual clock.
import type { Ended } from '../../../src/control/sync/stream/sent-window.js';
import { type Batch, type PeerMemory, StreamReceiver } from '../../../src/control/sync/stream/stream-receiver.js';
import { StreamSender } from '../../../src/control/sync/stream/stream-sender.js';
import { RecentEnds } from '../../../src/datapath/ebpf/sync/recent-ends.js';
import { secondsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { APPLIED, type Applied, type Rivalry } from '../../../src/model/foreign-connection.js';
import { lackingSum } from '../../../src/model/stream-node.js';
import { randomFrom } from '../../../src/sim/random.js';
import { ItemReader } from '../../../src/wire/stream-block.js';
import { StreamItem } from '../../../src/wire/stream-item.js';
import type { NodeSetup, StreamHistory } from './history.js';
import { type ApplyRecord, HZ, MARGIN_UNITS, MemoryTable } from './memory-table.js';
import { recordOf } from './names.js';
import { PeerCopy } from './peer-copy.js';
import { PIPE_BYTES } from './pipe.js';
import { Session, type Side } from './session.js';

const RECONNECT_US = 1_000_000;
const SILENT_MS = 5000;
/** incoming.ts, where it is longer. */
const REPAIR_US = 3_000_000;
/** Writes of one look. */
const WRITES = 4;

/** What a process knows of a peer. */
interface Peer {
  readonly copy: PeerCopy;
  readonly memory: PeerMemory;
  nextUs: number;
  repairedUs: number;
  ends: readonly Ended[];
}

export class Node {
  table: MemoryTable;
  isUp = true;
  isRunning = true;
  stalled: 'no' | 'read' | 'all' = 'no';
  isBound = true;
  id = '';
  readonly peers = new Map<number, Peer>();
  ends: RecentEnds;
  #beganUs = 0;
  #originMs: number;

  constructor(
    readonly number: number,
    readonly setup: NodeSetup,
    readonly world: World,
  ) {
    this.#originMs = setup.originMs;
    this.ends = new RecentEnds(() => this.nowMs());
    this.table = this.#newTable();
  }

  #newTable(): MemoryTable {
    return new MemoryTable(() => Math.floor((this.nowMs() * HZ) / 4000) >>> 0);
  }

  /** When its clock had this time, microseconds of the world. */
  usAt(ms: number): number {
    return this.#beganUs + ((ms - this.#originMs) * 1000) / (1 + this.setup.ppm / 1e6);
  }

  nowMs(): number {
    return this.#originMs + ((this.world.nowUs - this.#beganUs) / 1000) * (1 + this.setup.ppm / 1e6);
  }

  crash(originMs: number): void {
    this.#originMs = originMs;
    this.#beganUs = this.world.nowUs;
    this.table = this.#newTable();
    this.isBound = true;
  }

  start(): void {
    this.isRunning = true;
    this.id = this.world.newId();
    this.ends = new RecentEnds(() => this.nowMs());
    this.peers.clear();
    const startedMs = this.nowMs();
    for (const { number } of this.world.nodes) {
      if (number === this.number) continue;
      const copy = new PeerCopy(this.table, { node: this.number }, this.ends, () => (this.nowMs() - startedMs) / 1000);
      this.peers.set(number, { copy, memory: {}, nextUs: this.world.nowUs, repairedUs: Number.NEGATIVE_INFINITY, ends: [] });
    }
  }

  peer(number: number): Peer {
    const peer = this.peers.get(number);
    if (peer === undefined) throw new RangeError(`no peer ${number}`);
    return peer;
  }

  apply({ blocks, count, rivalry }: Batch, from: number): Uint8Array | undefined {
    if (this.world.random.chance(0.03)) return undefined;
    const answers = new Uint8Array(count);
    const item = new StreamItem();
    let index = 0;
    for (const { block, late } of blocks)
      for (const items = new ItemReader(block); items.next(item); index++)
        answers[index] = APPLIED.indexOf(this.#applyItem(recordOf(item, late, block.ended, { node: this.number }), rivalry, from));
    return answers;
  }

  #applyItem(record: ApplyRecord, rivalry: Rivalry, from: number): Applied {
    if (!this.isBound && this.table.find(record.key) === undefined) return 'unbound';
    const answer = this.#applyOne(record, rivalry, from);
    this.world.applied?.(from, this.number, record, answer);
    return answer;
  }

  /** apply-pages.ts: what was older than what is here is examined again. */
  #applyOne(record: ApplyRecord, rivalry: Rivalry, from: number): Applied {
    const { slots } = this.peer(from).copy;
    let place = 0;
    const placed = (at: number): void => {
      place = at;
    };
    let answer = this.table.apply(record, { ...rivalry, wins: false, margin: MARGIN_UNITS }, placed);
    if (answer === 'newer') {
      const sent = slots.isSent(place);
      const { copy } = this.peer(from);
      if (sent === 'last') answer = this.table.apply({ ...record, rival: false }, { ...rivalry, margin: MARGIN_UNITS }, placed);
      else if (rivalry.owners === true && !record.ended && record.isOwn !== copy.isOwn(place)) {
        if (record.isOwn) answer = this.table.apply(record, { ...rivalry, wins: true, margin: MARGIN_UNITS }, placed);
        else slots.contest(place);
      } else if (sent === 'again' || (slots.contest(place) && rivalry.wins))
        answer = this.table.apply(record, { ...rivalry, wins: true, margin: 4 * MARGIN_UNITS }, placed);
      else if (rivalry.wins && slots.isForeign(place)) answer = this.table.apply(record, { ...rivalry, margin: MARGIN_UNITS }, placed);
      if (answer === 'newer' && record.ended) for (const [number, { copy }] of this.peers) if (number !== from) copy.slots.contest(place);
    }
    const ended = { pin: '', keyLow: record.key, keyHigh: 0, dest: record.dest };
    const idleMs = 1000 * secondsOf(record.idle, HZ);
    if (record.ended) this.ends.note(ended, from, idleMs);
    const isUnseen = (): boolean =>
      !this.ends.areFrom(ended, from) && [...this.peers.values()].some(({ copy }) => copy.hasEndedUnseen(record));
    const isKnown = this.ends.covers(ended, from, idleMs);
    const isReported = isKnown && rivalry.owners === true && !record.isOwn && !record.ended;
    if (answer === 'gone' && isReported) return 'over';
    if (answer === 'made' && (isKnown || isUnseen())) {
      this.table.end(place);
      return isReported ? 'over' : 'ended';
    }
    if (answer === 'made' || answer === 'changed') {
      for (const [number, { copy }] of this.peers) {
        if (number === from) copy.sent(place, record);
        else copy.foreign(place, record);
      }
    } else if (answer === 'ended') for (const { copy } of this.peers.values()) copy.slots.foreignEnd(place);
    return answer;
  }
}

export class World {
  readonly nodes: readonly Node[];
  readonly random;
  sessions: Session[] = [];
  readonly cuts = new Set<string>();
  weather = { minUs: 100, maxUs: 2000 };
  nowUs = 0;
  itemsSent = 0;
  applied: ((from: number, to: number, record: ReturnType<typeof recordOf>, answer: string) => void) | undefined;
  /** After a look that found nothing, where all is acknowledged. */
  settled: ((session: Session) => void) | undefined;
  /** A session ends at one of its sides. */
  lost: ((session: Session) => void) | undefined;
  #ids = 0;

  constructor(
    history: StreamHistory,
    /** Something is to be done with this session's side at a time. */
    readonly wake: (atUs: number, session: Session, what: Side | 'eof') => void,
  ) {
    this.random = randomFrom(history.seed ^ 0x5bd1e995);
    this.nodes = history.nodes.map((setup, number) => new Node(number, setup, this));
    for (const node of this.nodes) node.start();
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
        this.#repair(node, session);
      }
    }
    this.sessions = this.sessions.filter(({ closed }) => closed.size < 2);
  }

  /** incoming.ts */
  #repair(node: Node, session: Session): void {
    const { lost } = session.receiver.state;
    const peer = node.peer(session.from);
    if (lost === 0 || this.nowUs - peer.repairedUs < REPAIR_US) return;
    peer.repairedUs = this.nowUs;
    delete peer.memory.wholeAt;
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
    const sender = new StreamSender({
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
