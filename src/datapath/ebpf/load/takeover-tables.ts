// The tables of connections that a takeover moves (takeover.ts): their pins, the second tables and records beside them, and how they move.
import { existsSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { WeirError } from '../../../model/errors/weir-error.js';
import { BpfMap, type ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import type { Records } from '../../../sys/bpf/records.js';
import { u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Bridge, ConnBucket } from '../abi.gen.js';
import { requiredPin } from '../pins/required-pin.js';
import { type Layouts, pinnedLayouts } from '../table/layout.js';
import { countTaken } from '../table/living-slots.js';
import { CONNECTION_PINS, movePins, TABLE_PIN, TAKEOVER_PIN, takeoverPin, takeoverPins } from '../table/tables.js';
import { type Moving, onLinks } from './main-table.js';
import type { FileOf } from './short-cut.js';
import { isLoaded, SIDE_BUILDS, type SideBridge, type SideBuild, type Sides, startTimer } from './side-builds.js';
import { moveBy, type Placed, pinRecord, pinSecondTable, type Route, recordOf, roomOf, routeOf, TRIAL_BUCKETS } from './table-move.js';

/** The build that takes over: this one, but in tests. `fileOf`: where its objects are. */
export interface Taker {
  readonly fileOf: FileOf;
  readonly layout: number;
  readonly layouts: Layouts;
}

/** `build`: undefined: it is that of the programs on the links. */
interface TakenTable extends Placed {
  readonly build?: SideBuild;
}

/** Those that are loaded; that of the links first. */
function takenTables(folder: string, layout: number): readonly TakenTable[] {
  return [
    { pins: takeoverPins(layout, TABLE_PIN), bucketBytes: ConnBucket.bytes },
    ...SIDE_BUILDS.filter((build) => isLoaded(build, folder)).map((build) => ({
      build,
      pins: takeoverPins(layout, build.pins.conns),
      bucketBytes: build.bucketBytes,
    })),
  ];
}

/** How many the table gets that one of before moves into: as many, or more where these are more than half full. */
export function bucketsAfter(words: Uint32Array, bucketBytes: number): number {
  const taken = countTaken({ words, before: true }, bucketBytes / Uint32Array.BYTES_PER_ELEMENT);
  let buckets = words.byteLength / bucketBytes;
  while (roomOf(buckets) < taken) buckets *= 2;
  return buckets;
}

function bucketsFor(folder: string, { pins, bucketBytes }: TakenTable): number {
  return using(requiredPin(`${folder}/${pins.table}`, BpfMap.pinned), (map) =>
    bucketsAfter(new Uint32Array(map.mmap(bucketBytes * map.info().maxEntries, false)), bucketBytes),
  );
}

/** Removes records and second tables of takeovers that have not begun. */
export function clearTakeovers(folder: string): void {
  for (const name of readdirSync(folder)) if (name.startsWith(TAKEOVER_PIN)) rmSync(`${folder}/${name}`);
  for (const table of CONNECTION_PINS) rmSync(`${folder}/${movePins(table).second}`, { force: true });
}

/** Pins a second table and a record for each table whose connections move, and the record of the takeover in any case. */
export function prepareTables({ folder, tables }: Moving, { layout, layouts }: Taker): void {
  clearTakeovers(folder);
  const pinned = pinnedLayouts(tables);
  for (const table of takenTables(folder, layout)) {
    if (pinned?.[table.pins.table] !== layouts[table.pins.table]) pinSecondTable(folder, table, bucketsFor(folder, table));
    else if (table.build === undefined) pinRecord(folder, table.pins);
  }
}

/** One that moves, with its way and its record. */
interface Mover {
  readonly table: TakenTable;
  readonly route: Route;
  readonly record: Records;
}

/** The second table of this one takes its place when all connections are in that: then it moves no more. */
function moversIn(folder: string, layout: number): readonly Mover[] {
  return takenTables(folder, layout)
    .filter(({ pins }) => existsSync(`${folder}/${pins.second}`))
    .map((table) => {
      const record = recordOf(folder, table.pins.record);
      return { table, record, route: routeOf(folder, table.pins, record) };
    });
}

/** The bridging build of a side build, which knows the layout of before where it is asked to. */
function bridgeOf({ route }: Mover, file: string, keep: SideBridge['keep']): SideBridge {
  const configure = (object: ObjectFile, oldBuckets: number): void => {
    route.configure(object, oldBuckets);
    object.variable('old_layout', u32(1));
  };
  return {
    file,
    preparation: { name: 'another layout', prepare: (object) => configure(object, TRIAL_BUCKETS) },
    extra: { pins: route.pins, buckets: route.buckets, configure: (object) => configure(object, route.oldBuckets) },
    keep,
  };
}

/** Moves the connections of each table, one after the other, where their bridging builds are in place; `objectOf` has these. */
function moveEach(folder: string, movers: readonly Mover[], objectOf: (build: SideBuild | undefined) => ObjectFile): void {
  for (const { table, route, record } of movers) {
    if (!moveBy(objectOf(table.build), route, record)) throw new WeirError('table-move-stuck', { left: record.get(0, Bridge.left) });
    renameSync(`${folder}/${table.pins.second}`, `${folder}/${table.pins.table}`);
  }
}

/**
 * Puts bridging builds into the place of all programs whose connections move, in one exchange, and this build's own into that of the others; then
 * moves the connections.
 * @throws WeirError table-move-stuck; others as exchangePrograms
 */
export function moveTables(moving: Moving, { fileOf, layout }: Taker): void {
  const { folder } = moving;
  const movers = moversIn(folder, layout);
  if (movers.length === 0) return;
  const bridges = new Map<SideBuild, ObjectFile>();
  const moverOf = (build?: SideBuild): Mover | undefined => movers.find(({ table }) => table.build === build);
  const sides: Sides = {
    fileOf,
    links: 'pause',
    bridgeOf: (build) => {
      const mover = moverOf(build);
      return mover && bridgeOf(mover, fileOf(build.bridge), (object) => bridges.set(build, object));
    },
  };
  const links = moverOf();
  const file = fileOf(links === undefined ? 'weir.bpf.o' : 'weir-takeover.bpf.o');
  try {
    onLinks(moving, { file, route: links?.route, sides }, (own) => {
      // Not before: until then, programs of before may fail to be replaced, and their timers must go on.
      for (const object of bridges.values()) startTimer(object);
      moveEach(folder, movers, (build) => (build === undefined ? own : (bridges.get(build) ?? own)));
    });
  } finally {
    for (const object of bridges.values()) object.close();
  }
}

/** The records of a takeover, its own last. */
function recordsIn(folder: string, layout: number): readonly string[] {
  const own = takeoverPin(layout);
  return [...readdirSync(folder).filter((name) => name.startsWith(`${own}_`)), own];
}

/** How many connections have moved. */
export const movedIn = (folder: string, layout: number): number =>
  recordsIn(folder, layout).reduce((sum, pin) => sum + recordOf(folder, pin).get(0, Bridge.moved), 0);

/** The takeover has ended when its own record is gone. */
export function removeRecords(folder: string, layout: number): void {
  for (const pin of recordsIn(folder, layout)) rmSync(`${folder}/${pin}`);
}
