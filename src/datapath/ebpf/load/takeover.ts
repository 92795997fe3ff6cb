// Takes over the tables of the build before under traffic: maps that it did not have are made, and where its connections have another layout,
// they move into a table of today's. The steps are those of another size (table-move.ts), with a bridging build that knows both layouts; nothing
// goes back, since this build has no plain programs for the old layout. One store makes the takeover true: this build's layout in `conf`, beside
// a record that has its name.
//
//   killed before that store                  nothing had begun: the tables are still those of the build before, which removes the second table;
//                                             the next takeover, by any build, removes the record and begins again
//   killed later                              the next command of this build does all steps again; every other build refuses the tables
//   killed after the second table has         the next command puts the plain build on every link, and removes the record: what is converted
//     the first one's pin                     is not converted again, whatever the maps' numbers are by then
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { artifact } from '../../../sys/artifact.js';
import { Program } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Bridge, Conf } from '../abi.gen.js';
import { LAYOUT, LAYOUTS } from '../layouts.gen.js';
import { tableOverview } from '../observe/table-overview.js';
import { requiredPin } from '../pins/required-pin.js';
import { isTakenOver, type Layouts, layoutNames, pinLayouts, pinnedLayouts } from '../table/layout.js';
import { RECORD_PINS, SECOND_TABLE_PIN, TABLE_PIN, TAKEOVER_PIN, type Tables, takeoverPin } from '../table/tables.js';
import { exchangePrograms } from './exchange.js';
import { PROGRAMS } from './load.js';
import { type Moving, mainTable } from './main-table.js';
import { bucketsAt, cross, type MovableTable, pinRecord, pinSecondTable, recordOf, roomOf } from './table-move.js';

/** The build that takes over: this one, but in tests. */
export interface Taker {
  readonly plain: string;
  readonly bridge: string;
  readonly layout: number;
  readonly layouts: Layouts;
}

const thisBuild = (): Taker => ({
  plain: artifact('weir.bpf.o'),
  bridge: artifact('weir-takeover.bpf.o'),
  layout: LAYOUT,
  layouts: LAYOUTS,
});

/** `connections`: that moved. */
export interface TakenOver {
  readonly connections: number;
}

const takenTable = (moving: Moving, { bridge, layout }: Taker): MovableTable =>
  mainTable(moving, { file: bridge, record: takeoverPin(layout) });

/**
 * Completes a takeover that has begun; undefined: none has. The caller holds the lock, and `conf` has this build's layout.
 * @throws WeirError table-move-stuck: packets use both tables, and the next command tries again; others as exchangePrograms
 */
export function finishTakeover(moving: Moving, taker: Taker = thisBuild()): TakenOver | undefined {
  const { folder, tables, interfaces } = moving;
  const name = takeoverPin(taker.layout);
  if (!existsSync(`${folder}/${name}`)) return undefined;
  const [second, table] = [`${folder}/${SECOND_TABLE_PIN}`, `${folder}/${TABLE_PIN}`];
  const record = recordOf(folder, name);
  if (existsSync(second)) {
    if (!cross(folder, takenTable(moving, taker), record)) throw new WeirError('table-move-stuck', { left: record.get(0, Bridge.left) });
    renameSync(second, table);
  }
  tables.conf.set(0, Conf.connBuckets, bucketsAt(table));
  exchangePrograms(folder, tables, interfaces, taker.plain);
  pinLayouts(folder, taker.layouts);
  const connections = record.get(0, Bridge.moved);
  rmSync(`${folder}/${name}`);
  return { connections };
}

/** As many as before, or more where these are more than half full. */
function bucketsFor(tables: Tables, folder: string): number {
  const { active, inactive } = tableOverview(tables);
  let buckets = bucketsAt(`${folder}/${TABLE_PIN}`);
  while (roomOf(buckets) < active + inactive) buckets *= 2;
  return buckets;
}

/** Removes records and the second table of takeovers that have not begun. */
function clear(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(TAKEOVER_PIN)) rmSync(`${folder}/${name}`);
  rmSync(`${folder}/${SECOND_TABLE_PIN}`, { force: true });
}

/** Pins the second table, if connections move, and the record. */
function prepare(moving: Moving, taker: Taker): void {
  const { folder, tables } = moving;
  clear(folder);
  const table = takenTable(moving, taker);
  if (pinnedLayouts(tables)?.[TABLE_PIN] === taker.layouts[TABLE_PIN]) pinRecord(folder, table.pins);
  else pinSecondTable(folder, table, bucketsFor(tables, folder));
}

/** The number of the program that links get, or have. */
const pinnedProgram = (folder: string): number =>
  using(requiredPin(`${folder}/${PROGRAMS.ingress}`, Program.pinned), (program) => program.id());

/** Where nothing of the takeover is on a link yet, the build before goes on. `layout`, `program`: what there was. */
function giveUp({ folder, tables }: Moving, layout: number, program: number): void {
  if (pinnedProgram(folder) !== program) return;
  tables.conf.set(0, Conf.layout, layout);
  clear(folder);
}

/**
 * Makes the tables of the build before this build's. The caller holds the lock, and has found that they can be taken over.
 * @throws WeirError table-moving-elsewhere, takeover-elsewhere; others as finishTakeover
 */
export function takeOver(moving: Moving, taker: Taker = thisBuild()): TakenOver {
  const { folder, tables } = moving;
  if (isTakenOver(tables)) throw new WeirError('takeover-elsewhere', { layouts: layoutNames(tables, taker.layout) });
  if (RECORD_PINS.some((pin) => existsSync(`${folder}/${pin}`))) throw new WeirError('table-moving-elsewhere');
  prepare(moving, taker);
  const [layout, program] = [tables.conf.get(0, Conf.layout), pinnedProgram(folder)];
  tables.conf.set(0, Conf.layout, taker.layout);
  try {
    const taken = finishTakeover(moving, taker);
    if (taken === undefined) throw new WeirError('pin-missing', { path: `${folder}/${takeoverPin(taker.layout)}` });
    return taken;
  } catch (error) {
    giveUp(moving, layout, program);
    throw error;
  }
}
