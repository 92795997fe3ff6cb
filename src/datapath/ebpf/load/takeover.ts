// Takes over the tables of the build before under traffic: maps that it did not have are made, and where its connections have another layout,
// they move into a table of today's. The steps are those of another size (table-move.ts), with a bridging build that knows both layouts; nothing
// goes back, since this build has no plain programs for the old layout.
//
//   killed before `conf` has today's layout   nothing had begun: the tables are still those of the build before
//   killed later                              the next command of this build does all steps again; every other build refuses the tables
//   killed after the second table has         the next command puts the plain build on every link, and removes the record
//     the first one's pin
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { artifact } from '../../../sys/artifact.js';
import { Bridge, Conf } from '../abi.gen.js';
import { LAYOUT, LAYOUTS } from '../layouts.gen.js';
import { tableOverview } from '../observe/table-overview.js';
import { type Layouts, pinLayouts, pinnedLayouts } from '../table/layout.js';
import { RECORD_PINS, SECOND_TABLE_PIN, TABLE_PIN, TAKEOVER_PIN, type Tables } from '../table/tables.js';
import { BUILD_PIN } from './build-pin.js';
import { exchangePrograms } from './exchange.js';
import { type Moving, mainTable } from './main-table.js';
import { bucketsAt, cross, type MovableTable, pinSecondTable, recordOf, roomOf } from './table-move.js';

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

const takenTable = (moving: Moving, { bridge }: Taker): MovableTable => mainTable(moving, { file: bridge, record: TAKEOVER_PIN });

/** The tables are this build's from here on. */
function settle({ folder, tables, interfaces }: Moving, { plain, layout, layouts }: Taker): void {
  exchangePrograms(folder, tables, interfaces, plain);
  pinLayouts(folder, layouts);
  tables.conf.set(0, Conf.layout, layout);
}

/**
 * Completes a takeover that has begun; undefined: none has. The caller holds the lock, and `conf` has this build's layout.
 * @throws WeirError table-move-stuck: packets use both tables, and the next command tries again; others as exchangePrograms
 */
export function finishTakeover(moving: Moving, taker: Taker = thisBuild()): TakenOver | undefined {
  const { folder, tables } = moving;
  const [pin, second, table] = [TAKEOVER_PIN, SECOND_TABLE_PIN, TABLE_PIN].map((name) => `${folder}/${name}`) as [string, string, string];
  if (!existsSync(pin)) return undefined;
  const record = recordOf(folder, TAKEOVER_PIN);
  if (existsSync(second)) {
    if (!cross(folder, takenTable(moving, taker), record)) throw new WeirError('table-move-stuck', { left: record.get(0, Bridge.left) });
    renameSync(second, table);
  }
  tables.conf.set(0, Conf.connBuckets, bucketsAt(table));
  settle(moving, taker);
  const connections = record.get(0, Bridge.moved);
  rmSync(pin);
  return { connections };
}

/** Nothing of the takeover is on a link yet: the build before goes on. */
function giveUp({ folder, tables }: Moving, layout: number): void {
  if (!readdirSync(folder).some((name) => name.startsWith(BUILD_PIN))) return;
  tables.conf.set(0, Conf.layout, layout);
  rmSync(`${folder}/${TAKEOVER_PIN}`);
  rmSync(`${folder}/${SECOND_TABLE_PIN}`);
}

/** As many as before, or more where these are more than half full. */
function bucketsFor(tables: Tables, folder: string): number {
  const { active, inactive } = tableOverview(tables);
  let buckets = bucketsAt(`${folder}/${TABLE_PIN}`);
  while (roomOf(buckets) < active + inactive) buckets *= 2;
  return buckets;
}

/**
 * Makes the tables of the build before this build's. The caller holds the lock, and has found that they can be taken over.
 * @throws WeirError table-moving-elsewhere; others as finishTakeover
 */
export function takeOver(moving: Moving, taker: Taker = thisBuild()): TakenOver {
  const { folder, tables } = moving;
  if (RECORD_PINS.some((pin) => existsSync(`${folder}/${pin}`))) throw new WeirError('table-moving-elsewhere');
  rmSync(`${folder}/${TAKEOVER_PIN}`, { force: true });
  if (pinnedLayouts(tables)?.[TABLE_PIN] === taker.layouts[TABLE_PIN]) {
    settle(moving, taker);
    return { connections: 0 };
  }
  pinSecondTable(folder, takenTable(moving, taker), bucketsFor(tables, folder));
  const layout = tables.conf.get(0, Conf.layout);
  tables.conf.set(0, Conf.layout, taker.layout);
  try {
    const taken = finishTakeover(moving, taker);
    if (taken === undefined) throw new WeirError('pin-missing', { path: `${folder}/${TAKEOVER_PIN}` });
    return taken;
  } catch (error) {
    giveUp(moving, layout);
    throw error;
  }
}
