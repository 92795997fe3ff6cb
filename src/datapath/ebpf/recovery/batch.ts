// Many changes as one, even if the process is killed: before the first of them the table is written to a journal (journal.ts), and one
// store to `dirty` makes the journal valid. The next writer restores the journal's table if this one died in between.
//
//   killed while the journal is written    `dirty` is not set: the journal is not read
//   killed at the changes                  the next writer repairs the last one, then restores the journal's table
//   killed while it does so                `dirty` is as before: the next writer does it again
//   killed after the store that ends it    `dirty` is not set any more
//
// A journal of a batch that ended is never read: its table is not dirty.

import { WeirError } from '../../../model/errors/weir-error.js';
import { parseJson } from '../../../model/json.js';
import { Conf } from '../abi.gen.js';
import { clockNow, unitsOf } from '../table/clock.js';
import { followHolds } from '../table/follow-holds.js';
import type { MarksOf } from '../table/host-marks.js';
import type { Tables } from '../table/tables.js';
import { Writer } from '../table/writer.js';
import { journalPath, readJournal, removeJournal, writeJournal } from './journal.js';
import { repair } from './repair.js';
import { restore, type Snapshot, takeSnapshot } from './snapshot.js';

/** Values of Conf.dirty. */
export const Dirty = { none: 0, change: 1, batch: 2 } as const;
/** As the kernel's dest trash: how long a removed destination's record stays after its last connection, s. */
const TRASH_SECONDS = 120;
/** Of the journal; another build may have the same tables and another journal. */
const FORMAT = 1;

interface Journal {
  readonly format: typeof FORMAT;
  readonly before: Snapshot;
}

/** The datapath's clock now, in its units (table/clock.ts). */
export function clockOf({ conf }: Tables): number {
  return clockNow(conf);
}

/** `marksOf`: absent where a table is restored, whose destinations keep their marks. */
export function writerOf(tables: Tables, marksOf?: MarksOf): Writer {
  return new Writer(tables, () => clockOf(tables), unitsOf(TRASH_SECONDS, tables.conf.get(0, Conf.hz)), marksOf);
}

/** The changes that follow are one. The caller holds the lock, and the table is consistent. @throws SystemError when the journal cannot be written */
export function beginBatch(tables: Tables): void {
  const journal: Journal = { format: FORMAT, before: takeSnapshot(tables, writerOf(tables)) };
  writeJournal(tables.folder, JSON.stringify(journal));
  tables.conf.set(0, Conf.dirty, Dirty.batch);
}

/** All changes are made. */
export function endBatch({ conf, folder }: Tables): void {
  conf.set(0, Conf.dirty, Dirty.none);
  removeJournal(folder);
}

/**
 * Repairs a table that a writer left dirty: its last change, and a batch that did not end is undone. The caller holds the lock. Where
 * it throws, the table stays dirty and the next call does it again.
 * @throws WeirError table-full; journal-missing, once, when the journal was removed or changed
 */
export function recover(tables: Tables): void {
  const { conf } = tables;
  const dirty = conf.get(0, Conf.dirty);
  if (dirty === Dirty.none) return;
  repair(tables, clockOf(tables));
  const before = dirty === Dirty.batch ? readSnapshot(tables) : undefined;
  if (before !== undefined) restore(tables, writerOf(tables), before);
  followHolds(tables);
  conf.set(0, Conf.generation, (conf.get(0, Conf.generation) + 1) >>> 0);
  endBatch(tables);
  if (dirty === Dirty.batch && before === undefined) throw new WeirError('journal-missing', { path: journalPath(tables.folder) });
}

function readSnapshot({ folder }: Tables): Snapshot | undefined {
  const text = readJournal(folder);
  const journal = text === undefined ? undefined : (parseJson(text) as Journal | undefined); // no JSON: it was overwritten
  return journal?.format === FORMAT ? journal.before : undefined;
}
