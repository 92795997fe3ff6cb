// Takes over the tables of the build before under traffic: maps that it did not have are made, and where its connections have another layout,
// they move into tables of today's. The steps are those of another size (table-move.ts), with bridging builds that know both layouts; nothing
// goes back, since this build has no plain programs for the old layout. One store makes the takeover true: this build's layout in `conf`, beside
// a record that has its name.
//
//   killed before that store                  nothing had begun: the tables are still those of the build before, which removes the second tables;
//                                             the next takeover, by any build, removes the records and begins again
//   killed later                              the next command of this build does all steps again; every other build refuses the tables
//   killed after a second table has           the next command does without a bridging build there: what is converted is not converted again,
//     the first one's pin                     whatever the maps' numbers are by then
//   killed after all have                     the next command puts the plain build on every link, and removes the records
import { existsSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { artifact } from '../../../sys/artifact.js';
import { BpfMap, Program } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { LAYOUT, LAYOUTS } from '../layouts.gen.js';
import { pinInPlace } from '../pins/pin-in-place.js';
import { requiredPin } from '../pins/required-pin.js';
import { isTableMoving } from '../table/is-table-moving.js';
import { idleOfOtherLayout, isTakenOver, layoutNames, pinLayouts, pinnedLayouts } from '../table/layout.js';
import { SECOND_TABLE_PIN, TABLE_PIN, takeoverPin } from '../table/tables.js';
import { exchangePrograms } from './exchange.js';
import { PROGRAMS } from './load.js';
import type { Moving } from './main-table.js';
import { bucketsAt } from './table-move.js';
import { clearTakeovers, movedIn, moveTables, prepareTables, removeRecords, type Taker } from './takeover-tables.js';

const thisBuild: Taker = { fileOf: artifact, layout: LAYOUT, layouts: LAYOUTS };

/** `connections`: that moved. */
export interface TakenOver {
  readonly connections: number;
}

/** What the next programs are loaded with, where that of the links has its new table already. */
function followTable({ folder, tables }: Moving): void {
  if (!existsSync(`${folder}/${SECOND_TABLE_PIN}`)) tables.conf.set(0, Conf.connBuckets, bucketsAt(`${folder}/${TABLE_PIN}`));
}

/**
 * Completes a takeover that has begun; undefined: none has. The caller holds the lock, and `conf` has this build's layout.
 * @throws WeirError table-move-stuck: packets use both tables, and the next command tries again; others as exchangePrograms
 */
export function finishTakeover(moving: Moving, taker: Taker = thisBuild): TakenOver | undefined {
  const { folder, tables, interfaces } = moving;
  const { fileOf, layout, layouts } = taker;
  if (!existsSync(`${folder}/${takeoverPin(layout)}`)) return undefined;
  followTable(moving);
  moveTables(moving, taker);
  followTable(moving);
  exchangePrograms(folder, tables, interfaces, fileOf('weir.bpf.o'), fileOf);
  pinLayouts(folder, layouts);
  const connections = movedIn(folder, layout);
  removeRecords(folder, layout);
  return { connections };
}

/** The number of the program that links get, or have. */
const pinnedProgram = (folder: string): number =>
  using(requiredPin(`${folder}/${PROGRAMS.ingress}`, Program.pinned), (program) => program.id());

/** What there was. `idle`: the maps that this build makes others in the place of, by their paths. */
interface Before {
  readonly layout: number;
  readonly program: number;
  readonly idle: ReadonlyMap<string, BpfMap>;
}

function idleMaps({ folder, tables }: Moving): ReadonlyMap<string, BpfMap> {
  const paths = idleOfOtherLayout(folder, pinnedLayouts(tables) ?? {}).map((name) => `${folder}/${name}`);
  return new Map(paths.filter(existsSync).map((path) => [path, BpfMap.pinned(path)]));
}

/** Where nothing of the takeover is on a link yet, the build before goes on. */
function giveUp({ folder, tables }: Moving, { layout, program, idle }: Before): void {
  if (pinnedProgram(folder) !== program) return;
  for (const [path, map] of idle) pinInPlace(map, path);
  tables.conf.set(0, Conf.layout, layout);
  clearTakeovers(folder);
}

/**
 * Makes the tables of the build before this build's. The caller holds the lock, and has found that they can be taken over.
 * @throws WeirError table-moving-elsewhere, takeover-elsewhere; others as finishTakeover
 */
export function takeOver(moving: Moving, taker: Taker = thisBuild): TakenOver {
  const { folder, tables } = moving;
  if (isTakenOver(tables)) throw new WeirError('takeover-elsewhere', { layouts: layoutNames(tables, taker.layout) });
  if (isTableMoving(folder)) throw new WeirError('table-moving-elsewhere');
  prepareTables(moving, taker);
  const before: Before = { layout: tables.conf.get(0, Conf.layout), program: pinnedProgram(folder), idle: idleMaps(moving) };
  tables.conf.set(0, Conf.layout, taker.layout);
  try {
    const taken = finishTakeover(moving, taker);
    if (taken === undefined) throw new WeirError('pin-missing', { path: `${folder}/${takeoverPin(taker.layout)}` });
    return taken;
  } catch (error) {
    giveUp(moving, before);
    throw error;
  } finally {
    for (const map of before.idle.values()) map.close();
  }
}
