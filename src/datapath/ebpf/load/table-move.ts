// A loaded connection table gets another size under traffic: a second table is made beside it, the bridging build of the programs takes the
// place of the others, the connections move, and the plain build follows on the second table. ARCHITECTURE.md has the phases. What the programs of
// a table are, and how they take each other's place, is the caller's: main-table.ts, side-table.ts.
//
//   killed before the record is pinned      a second table without a record is removed: nothing had begun
//   killed while the record is there        the next command does all steps again, in the direction that the record names
//   killed after the second table has       the next command puts the plain build into place, and removes the record
//     the first one's pin
import { existsSync, renameSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { BpfMap, type ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { Records, u32 } from '../../../sys/bpf/records.js';
import { systemClock } from '../../../sys/clock.js';
import { using } from '../../../sys/fd.js';
import { Abi, Bridge, BridgePhase } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import type { MovePins } from '../table/tables.js';

/** Rounds of the old table before connections that have no room in the new one take the move back. */
const ROUNDS_MAX = 50;
const PAUSE_MS = 20;
/** Of the self-check's old table. */
export const TRIAL_BUCKETS = 1024;

/** From one of the two tables to the other. */
export interface Route {
  /** The pins of the bridging build's maps, by their names in it. */
  readonly pins: { readonly conns: string; readonly conns_old: string; readonly bridge: string };
  readonly buckets: number;
  readonly oldBuckets: number;
  readonly phase: number;
  /** Of a bridging build's object, before it is loaded. `oldBuckets`: of its old table. */
  readonly configure: (object: ObjectFile, oldBuckets: number) => void;
}

/** A table that may get another size. */
export interface MovableTable {
  /** What it is for; undefined: it is that of the programs on the links. */
  readonly label?: string;
  readonly pins: MovePins;
  readonly bucketBytes: number;
  /** Puts the bridging build into the place of the programs, on both tables. Returns what `work` does, which gets its object. */
  bridged(route: Route, work: (object: ObjectFile) => boolean): boolean;
  /** Puts the plain build into place, on the table that stays. */
  settle(): void;
}

/** Where a table is, and how large its buckets are. */
export type Placed = Pick<MovableTable, 'pins' | 'bucketBytes'>;

/** `back`: the table is the one from before. `room`: connections that it is made for. */
export interface Moved {
  readonly label?: string;
  readonly connections: number;
  readonly back: boolean;
  readonly room: number;
}

export function bucketsAt(path: string): number {
  return using(requiredPin(path, BpfMap.pinned), (map) => map.info().maxEntries);
}

/** Connections that a table is made for: half its places. */
export const roomOf = (buckets: number): number => (buckets * Abi.BUCKET_SLOTS) / 2;

function makePinned(path: string, name: string, bytes: number, entries: number): void {
  using(BpfMap.createArray(name, bytes, entries), (map) => map.pin(path));
}

/** Pins the record of a move. */
export function pinRecord(folder: string, { record }: MovePins): void {
  makePinned(`${folder}/${record}`, 'bridge', Bridge.bytes, 1);
}

/** Pins a second table with so many buckets, then the record of the move. */
export function pinSecondTable(folder: string, { pins, bucketBytes }: Placed, buckets: number): void {
  rmSync(`${folder}/${pins.second}`, { force: true });
  makePinned(`${folder}/${pins.second}`, 'conns', bucketBytes, buckets);
  pinRecord(folder, pins);
}

export function recordOf(folder: string, pin: string): Records {
  return using(requiredPin(`${folder}/${pin}`, BpfMap.pinned), (map) => new Records(map.mmap(Bridge.bytes, true), Bridge.bytes));
}

export function routeOf(folder: string, pins: MovePins, record: Records): Route {
  const back = record.get(0, Bridge.back) !== 0;
  const [to, from] = back ? [pins.table, pins.second] : [pins.second, pins.table];
  const phase = back ? BridgePhase.PHASE_FIRST : BridgePhase.PHASE_SECOND;
  return {
    pins: { conns: to, conns_old: from, bridge: pins.record },
    buckets: bucketsAt(`${folder}/${to}`),
    oldBuckets: bucketsAt(`${folder}/${from}`),
    phase,
    configure: (object, oldBuckets) => {
      object
        .mapEntries('conns_old', oldBuckets)
        .variable('old_mask', u32(oldBuckets - 1))
        .variable('conns_are', u32(phase));
    },
  };
}

/** When it returns, every program that ran before has ended. */
function awaitPrograms(object: ObjectFile): void {
  const inner = BpfMap.createArray('grace', u32(0).length, 1);
  try {
    using(object.map('grace'), (map) => map.update(u32(0), u32(inner.fd.number)));
  } finally {
    inner.close();
  }
}

/** BPF_F_TEST_XDP_LIVE_FRAMES */
const LIVE_FRAMES = 2;

/**
 * Moves the connections of some buckets. As live frames, since the kernel then disables softirqs for the run: before Linux 6.3 it does so for no
 * other test run, and packets on the same CPU would use the program's scratch space.
 */
export function movePage(program: Program): void {
  program.test({ data: new Uint8Array(64), flags: LIVE_FRAMES, outSize: 0 });
}

/** Moves what it finds, until nothing is left in the old table. False: there is no room for the rest. */
function moveAll(program: Program, record: Records, buckets: number): boolean {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (round > 0) systemClock.sleep(PAUSE_MS);
    record.set(0, Bridge.left, 0);
    record.set(0, Bridge.at, 0);
    while (record.get(0, Bridge.at) < buckets) movePage(program);
    if (record.get(0, Bridge.left) === 0) return true;
  }
  return false;
}

/** Moves all connections, where the bridging build of `object` is in place. False: some were left, for which the new table has no room. */
export function moveBy(object: ObjectFile, { phase, oldBuckets }: Route, record: Records): boolean {
  awaitPrograms(object);
  record.set(0, Bridge.phase, phase);
  awaitPrograms(object);
  return using(object.program('weir_move'), (program) => moveAll(program, record, oldBuckets));
}

/** From the old table of the two to the new one. False: connections were left, for which it has no room. */
function cross(folder: string, table: MovableTable, record: Records): boolean {
  const route = routeOf(folder, table.pins, record);
  return table.bridged(route, (object) => moveBy(object, route, record));
}

/** The plain build on the table that stays. */
function settle(folder: string, table: MovableTable, record: Records): Moved {
  const { label, pins } = table;
  table.settle();
  const moved = {
    ...(label === undefined ? {} : { label }),
    connections: record.get(0, Bridge.moved),
    back: record.get(0, Bridge.back) !== 0,
    room: roomOf(bucketsAt(`${folder}/${pins.table}`)),
  };
  rmSync(`${folder}/${pins.record}`);
  return moved;
}

/**
 * Completes a move that has begun, or takes it back where the second table has no room; undefined: none has. The caller holds the lock.
 * @throws WeirError table-move-stuck; others as those of the table's programs
 */
export function finishMove(folder: string, table: MovableTable): Moved | undefined {
  const { pins } = table;
  const second = `${folder}/${pins.second}`;
  if (!existsSync(`${folder}/${pins.record}`)) {
    rmSync(second, { force: true });
    return undefined;
  }
  const record = recordOf(folder, pins.record);
  if (!existsSync(second)) return settle(folder, table, record);
  if (record.get(0, Bridge.back) === 0) {
    if (cross(folder, table, record)) {
      renameSync(second, `${folder}/${pins.table}`);
      return settle(folder, table, record);
    }
    record.set(0, Bridge.back, 1);
  }
  if (!cross(folder, table, record)) throw new WeirError('table-move-stuck', { left: record.get(0, Bridge.left) });
  rmSync(second);
  return settle(folder, table, record);
}

/** Where nothing is in the second table yet, the first one and the plain build stay. */
function giveUp(folder: string, table: MovableTable): void {
  const { pins } = table;
  const second = `${folder}/${pins.second}`;
  const record = recordOf(folder, pins.record);
  const isEmpty = record.get(0, Bridge.phase) === BridgePhase.PHASE_FIRST && record.get(0, Bridge.back) === 0;
  if (!isEmpty || !existsSync(second)) return;
  rmSync(second);
  settle(folder, table, record);
}

/**
 * Moves all connections into a table with so many buckets, a power of two. The caller holds the lock, and no move has begun.
 * @throws WeirError table-move-stuck; bpf-table-refused: nothing was changed; others as those of the table's programs
 */
export function moveTable(folder: string, table: MovableTable, buckets: number): Moved {
  pinSecondTable(folder, table, buckets);
  try {
    const moved = finishMove(folder, table);
    if (moved === undefined) throw new WeirError('pin-missing', { path: `${folder}/${table.pins.record}` });
    return moved;
  } catch (error) {
    giveUp(folder, table);
    throw error;
  }
}
