// One node: its table, its process, and what that knows of each peer.
import type { PeerMemory } from '../../../src/control/sync/stream/peer-memory.js';
import type { Ended } from '../../../src/control/sync/stream/sent-window.js';
import type { Batch } from '../../../src/control/sync/stream/stream-receiver.js';
import { RecentEnds } from '../../../src/datapath/ebpf/sync/recent-ends.js';
import { secondsOf } from '../../../src/datapath/ebpf/table/clock.js';
import { APPLIED, type Applied, type Rivalry } from '../../../src/model/foreign-connection.js';
import { ItemReader } from '../../../src/wire/sync/stream-block.js';
import { StreamItem } from '../../../src/wire/sync/stream-item.js';
import type { NodeSetup } from './history.js';
import { type ApplyRecord, HZ, MARGIN_UNITS, MemoryTable } from './memory-table.js';
import { recordOf } from './names.js';
import { PeerCopy } from './peer-copy.js';
import type { World } from './world.js';

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
  /** Of its table. */
  tables = '';
  /** When its process began. */
  startedUs = 0;
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
    this.tables = world.newTables();
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
    this.tables = this.world.newTables();
    this.isBound = true;
  }

  start(): void {
    this.isRunning = true;
    this.id = this.world.newId();
    this.ends = new RecentEnds(() => this.nowMs());
    this.peers.clear();
    this.startedUs = this.world.nowUs;
    const startedMs = this.nowMs();
    for (const { number } of this.world.nodes) {
      if (number === this.number) continue;
      const copy = new PeerCopy(this.table, { node: this.number }, this.ends, () => (this.nowMs() - startedMs) / 1000);
      this.peers.set(number, { copy, memory: {}, nextUs: this.world.nowUs, repairedUs: Number.NEGATIVE_INFINITY, ends: [] });
    }
  }

  /** stream-daemon.ts: what this peer's process before has sent, and this one has not. */
  endUnnamed(number: number): void {
    const { slots } = this.peer(number).copy;
    for (const at of this.table.slots()) {
      if (!slots.isUnnamed(at)) continue;
      this.table.end(at);
      slots.forgetSlot(at);
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
    for (const { block, delay } of blocks)
      for (const items = new ItemReader(block); items.next(item); index++)
        answers[index] = APPLIED.indexOf(this.#applyItem(recordOf(item, delay, block.ended, { node: this.number }), rivalry, from));
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
      if (sent !== 'last') slots.named(place);
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
