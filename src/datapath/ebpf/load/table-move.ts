// A loaded connection table gets another size under traffic: a second table is made beside it, the bridging build of the programs takes the
// place of the others, the connections move, and the plain build follows on the second table. ARCHITECTURE.md has the phases.
//
//   killed before the record is pinned      a second table without a record is removed: nothing had begun
//   killed while the record is there        the next command does all steps again, in the direction that the record names
//   killed after the second table has       the next command puts the plain build on every link, and removes the record
//     the first one's pin
import { existsSync, renameSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, ObjectFile, type Program } from '../../../sys/bpf/bpf-objects.js';
import { Records } from '../../../sys/bpf/records.js';
import { systemClock } from '../../../sys/clock.js';
import { using } from '../../../sys/fd.js';
import { Abi, Bridge, BridgePhase, Conf, ConnBucket } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { BRIDGE_PIN, SECOND_TABLE_PIN, TABLE_PIN, type Tables } from '../table/tables.js';
import type { AttachedInterfaces } from './attached-interfaces.js';
import { exchangePrograms } from './exchange.js';
import { installPrograms } from './install-programs.js';
import { choosePrograms } from './load.js';
import { type Extra, loadOnto, tryPrograms } from './programs.js';
import { kindsLoaded } from './xdp.js';

/** Rounds of the old table before connections that have no room in the new one take the move back. */
const ROUNDS_MAX = 50;
const PAUSE_MS = 20;
/** Of the self-check's old table. */
const TRIAL_BUCKETS = 1024;

export interface Moving {
  readonly folder: string;
  readonly tables: Tables;
  readonly interfaces: AttachedInterfaces;
}

/** `back`: the table is the one from before. */
export interface Moved {
  readonly connections: number;
  readonly back: boolean;
}

const u32 = (value: number): Uint8Array => new Uint8Array(new Uint32Array([value]).buffer);

export function bucketsAt(path: string): number {
  return using(requiredPin(path, BpfMap.pinned), (map) => map.info().maxEntries);
}

function makePinned(path: string, name: string, bytes: number, entries: number): void {
  using(BpfMap.createArray(name, bytes, entries), (map) => map.pin(path));
}

/** Pins a second table with so many buckets, then the record of the move. */
export function pinSecondTable(folder: string, recordPin: string, buckets: number): void {
  rmSync(`${folder}/${SECOND_TABLE_PIN}`, { force: true });
  makePinned(`${folder}/${SECOND_TABLE_PIN}`, 'conns', ConnBucket.bytes, buckets);
  makePinned(`${folder}/${recordPin}`, 'bridge', Bridge.bytes, 1);
}

/** `recordPin`: BRIDGE_PIN or TAKEOVER_PIN. */
export function recordOf(folder: string, recordPin: string): Records {
  return using(requiredPin(`${folder}/${recordPin}`, BpfMap.pinned), (map) => new Records(map.mmap(Bridge.bytes, true), Bridge.bytes));
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

/** Moves what it finds, until nothing is left in the old table. False: there is no room for the rest. */
function moveAll(program: Program, record: Records, buckets: number): boolean {
  for (let round = 0; round < ROUNDS_MAX; round++) {
    if (round > 0) systemClock.sleep(PAUSE_MS);
    record.set(0, Bridge.left, 0);
    record.set(0, Bridge.at, 0);
    while (record.get(0, Bridge.at) < buckets) program.test({ data: new Uint8Array(64) });
    if (record.get(0, Bridge.left) === 0) return true;
  }
  return false;
}

/** The bridging build's object, and the pin of the record. */
export interface Crossing {
  readonly bridge: string;
  readonly recordPin: string;
}

const resizing = (): Crossing => ({ bridge: artifact('weir-bridge.bpf.o'), recordPin: BRIDGE_PIN });

/** From the old table of the two to the new one. False: connections were left, for which it has no room. */
export function cross({ folder, tables, interfaces }: Moving, record: Records, { bridge, recordPin }: Crossing): boolean {
  const back = record.get(0, Bridge.back) !== 0;
  const [to, from] = back ? [TABLE_PIN, SECOND_TABLE_PIN] : [SECOND_TABLE_PIN, TABLE_PIN];
  const phase = back ? BridgePhase.PHASE_FIRST : BridgePhase.PHASE_SECOND;
  const [buckets, oldBuckets] = [bucketsAt(`${folder}/${to}`), bucketsAt(`${folder}/${from}`)];
  const withOld =
    (entries: number): Extra['configure'] =>
    (object) => {
      object
        .mapEntries('conns_old', entries)
        .variable('old_mask', u32(entries - 1))
        .variable('conns_are', u32(phase));
    };
  const kinds = kindsLoaded(folder);
  tryPrograms(bridge, tables, kinds, withOld(TRIAL_BUCKETS));
  const object = new ObjectFile(bridge);
  try {
    choosePrograms(object, kinds);
    loadOnto(object, folder, tables, {
      pins: { conns: to, conns_old: from, bridge: recordPin },
      buckets,
      configure: withOld(oldBuckets),
    });
    installPrograms(object, folder, interfaces);
    awaitPrograms(object);
    record.set(0, Bridge.phase, phase);
    awaitPrograms(object);
    return using(object.program('weir_move'), (program) => moveAll(program, record, oldBuckets));
  } finally {
    object.close();
  }
}

/** The plain build on the table that stays. */
function settle({ folder, tables, interfaces }: Moving, record: Records): Moved {
  tables.conf.set(0, Conf.connBuckets, bucketsAt(`${folder}/${TABLE_PIN}`));
  exchangePrograms(folder, tables, interfaces);
  const moved = { connections: record.get(0, Bridge.moved), back: record.get(0, Bridge.back) !== 0 };
  rmSync(`${folder}/${BRIDGE_PIN}`);
  return moved;
}

/**
 * Completes a move that has begun, or takes it back where the second table has no room; undefined: none has. The caller holds the lock.
 * @throws WeirError table-move-stuck; others as exchangePrograms
 */
export function finishMove(moving: Moving): Moved | undefined {
  const { folder } = moving;
  const second = `${folder}/${SECOND_TABLE_PIN}`;
  if (!existsSync(`${folder}/${BRIDGE_PIN}`)) {
    rmSync(second, { force: true });
    return undefined;
  }
  const record = recordOf(folder, BRIDGE_PIN);
  if (!existsSync(second)) return settle(moving, record);
  if (record.get(0, Bridge.back) === 0) {
    if (cross(moving, record, resizing())) {
      renameSync(second, `${folder}/${TABLE_PIN}`);
      return settle(moving, record);
    }
    record.set(0, Bridge.back, 1);
  }
  if (!cross(moving, record, resizing())) throw new WeirError('table-move-stuck', { left: record.get(0, Bridge.left) });
  rmSync(second);
  return settle(moving, record);
}

/** Where nothing is in the second table yet, the first one and the plain build stay. */
function giveUp(moving: Moving): void {
  const { folder } = moving;
  const record = recordOf(folder, BRIDGE_PIN);
  const isEmpty = record.get(0, Bridge.phase) === BridgePhase.PHASE_FIRST && record.get(0, Bridge.back) === 0;
  if (!isEmpty || !existsSync(`${folder}/${SECOND_TABLE_PIN}`)) return;
  rmSync(`${folder}/${SECOND_TABLE_PIN}`);
  settle(moving, record);
}

/**
 * Moves all connections into a table with so many buckets, a power of two. The caller holds the lock, and no move has begun.
 * @throws WeirError table-move-stuck; SystemError ENOMEM: nothing was changed; others as exchangePrograms
 */
export function moveTable(moving: Moving, buckets: number): Moved {
  const { folder } = moving;
  pinSecondTable(folder, BRIDGE_PIN, buckets);
  try {
    const moved = finishMove(moving);
    if (moved === undefined) throw new WeirError('pin-missing', { path: `${folder}/${BRIDGE_PIN}` });
    return moved;
  } catch (error) {
    giveUp(moving);
    throw error;
  }
}

/** Connections that a table is made for: half its places. */
export const roomOf = (buckets: number): number => (buckets * Abi.BUCKET_SLOTS) / 2;
