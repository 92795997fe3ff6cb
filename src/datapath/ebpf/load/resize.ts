// Other sizes for loaded tables: empty ones are loaded again. Where there are services or connections, the connection tables alone get
// another size, under traffic (table-move.ts).

import { messageOf } from '../../../model/errors/message-of.js';
import { failureText, isWeirError, WeirError } from '../../../model/errors/weir-error.js';
import type { ServiceKey } from '../../../model/service.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { using } from '../../../sys/fd.js';
import { Conf } from '../abi.gen.js';
import { tableNumbers } from '../observe/table-overview.js';
import { requiredPin } from '../pins/required-pin.js';
import { recover } from '../recovery/batch.js';
import { isOfSctp } from '../table/identity.js';
import { countTaken } from '../table/living-slots.js';
import { liveKeys } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { exchangePrograms } from './exchange.js';
import { forgetSettings, keepSettings, SIZES, sizesIn } from './kept-settings.js';
import type { Moving } from './main-table.js';
import { movableTables } from './moves.js';
import { type Capacity, sizesOf } from './object.js';
import { isLoaded, SIDE_BUILDS, type SideBuild } from './side-builds.js';
import { entriesOf, markedBuckets } from './side-maps.js';
import { bucketsAt, type MovableTable, moveTable, roomOf } from './table-move.js';
import { kindsLoaded, loadUnlessRefused } from './xdp.js';

/**
 * How many buckets the table of a loaded build is to have, where that of the links gets `buckets`. One of SCTP without a service of SCTP is for
 * firewall marks alone: it becomes no larger than those need, and no smaller than it is.
 */
function bucketsOf(build: SideBuild, tables: Tables, buckets: number): number {
  const isUsed = (key: ServiceKey): boolean => isOfSctp(key) && build.isFor({ key });
  if (build.ofSctp !== true || liveKeys(tables).some(isUsed)) return buckets;
  return Math.min(buckets, Math.max(markedBuckets(buckets), entriesOf(tables.folder, build.pins.conns)));
}

/** Tables of the builds beside the links' may have another size: a build before this one made them, or a command was killed before it came to them. */
function hasSizes(tables: Tables, wanted: Partial<Capacity>): boolean {
  const { conf, folder } = tables;
  const { connBuckets } = wanted;
  const hasBuckets = (build: SideBuild, buckets: number): boolean =>
    entriesOf(folder, build.pins.conns) === bucketsOf(build, tables, buckets);
  return (
    (Object.keys(SIZES) as (keyof Capacity)[]).every((name) => (wanted[name] ?? conf.get(0, SIZES[name])) === conf.get(0, SIZES[name])) &&
    (connBuckets === undefined || SIDE_BUILDS.every((build) => !isLoaded(build, folder) || hasBuckets(build, connBuckets)))
  );
}

function isEmpty(tables: Tables): boolean {
  const { active, inactive } = tableNumbers(tables);
  return liveKeys(tables).length === 0 && active + inactive + tables.conf.get(0, Conf.templatesLive) === 0;
}

/** A table that got another size. */
export interface ResizedTable {
  /** As MovableTable's. */
  readonly label?: string;
  readonly room: number;
  readonly moved: number;
}

/** What was done about sizes; undefined: the tables have them. */
export type Resized = { readonly kind: 'loaded' } | { readonly kind: 'resized'; readonly tables: readonly ResizedTable[] };

/**
 * Sizes that are not given stay. The caller holds the lock.
 * @throws WeirError datapath-loaded, table-too-small, table-move-back, tables-not-reloaded; others as load and moveTable
 */
export function resize(moving: Moving, capacity: Partial<Capacity>): Resized | undefined {
  const { tables } = moving;
  if (hasSizes(tables, capacity)) {
    forgetSettings(moving.folder); // of a load that was killed when it was done
    return undefined;
  }
  recover(tables);
  const wanted = { ...sizesIn(tables.conf, capacity), ...capacity } as Capacity;
  if (!isEmpty(tables)) return { kind: 'resized', tables: resizeUsed(moving, wanted) };
  loadAgain(moving, wanted);
  return { kind: 'loaded' };
}

/** Slots of a table that are taken. */
function takenIn(path: string, bucketBytes: number): number {
  return using(requiredPin(path, BpfMap.pinned), (map) => {
    const words = new Uint32Array(map.mmap(bucketBytes * map.info().maxEntries, false));
    return countTaken({ words, before: false }, bucketBytes / Uint32Array.BYTES_PER_ELEMENT);
  });
}

/** @throws WeirError table-too-small */
function checkRoom(folder: string, { label, pins, bucketBytes }: MovableTable, buckets: number): void {
  const connections = takenIn(`${folder}/${pins.table}`, bucketBytes);
  if (connections <= roomOf(buckets)) return;
  throw new WeirError('table-too-small', { connections, room: roomOf(buckets), ...(label === undefined ? {} : { label }) });
}

/** That of the links and those beside it, one after the other: so no more than one is there twice. */
function resizeUsed(moving: Moving, wanted: Capacity): readonly ResizedTable[] {
  const { folder, tables, interfaces } = moving;
  const { conf } = tables;
  if (wanted.maxServices !== conf.get(0, Conf.maxServices) || wanted.maxDestinations !== conf.get(0, Conf.maxDests))
    throw new WeirError('datapath-loaded');
  const { buckets: ofLinks } = sizesOf(wanted);
  const others = movableTables(moving)
    .map((table) => {
      const build = SIDE_BUILDS.find(({ pins }) => pins.conns === table.pins.table);
      return { table, buckets: build === undefined ? ofLinks : bucketsOf(build, tables, ofLinks) };
    })
    .filter(({ table, buckets }) => bucketsAt(`${folder}/${table.pins.table}`) !== buckets);
  for (const { table, buckets } of others) checkRoom(folder, table, buckets);
  const resized = others.map(({ table, buckets }) => {
    // After an exchange that was killed, the arrays by which packets go on into side builds may not be those that are pinned.
    if (table.label !== undefined) exchangePrograms(folder, tables, interfaces);
    return resizeTable(folder, table, buckets);
  });
  conf.set(0, Conf.connTabBits, wanted.connTabBits);
  return resized;
}

function resizeTable(folder: string, table: MovableTable, buckets: number): ResizedTable {
  const { label, room, connections, back } = moveTable(folder, table, buckets);
  if (back) throw new WeirError('table-move-back');
  return { ...(label === undefined ? {} : { label }), room, moved: connections };
}

function textOf(error: unknown): string {
  if (isWeirError(error)) return failureText(error);
  return messageOf(error);
}

/** Where the sizes are refused, the tables are loaded as they were. @throws WeirError tables-not-reloaded: nothing is loaded then */
function loadAgain({ folder, tables, interfaces }: Moving, wanted: Capacity): void {
  interfaces.detachAll();
  keepSettings(folder);
  // A process that has the tables open must not write to them any more.
  tables.conf.set(0, Conf.magic, 0);
  const kinds = kindsLoaded(folder);
  const loadWith = (capacity: Partial<Capacity>): Tables => loadUnlessRefused(folder, capacity, { kinds }, interfaces.onNotice);
  try {
    loadWith(wanted);
  } catch (failure) {
    try {
      loadWith({});
    } catch (obstacle) {
      const cause = new AggregateError([failure, obstacle]);
      throw new WeirError('tables-not-reloaded', { failure: textOf(failure), obstacle: textOf(obstacle) }, { cause });
    }
    throw failure;
  }
}
