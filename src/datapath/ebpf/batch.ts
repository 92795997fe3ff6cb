// Many changes as one, kill -9 or not: the table is written down beside the lock file before the first of them, and `dirty`
// says from one store to another that the journal counts. Whoever comes after a writer that died in between goes back to it.
//
//   killed while the journal is written    dirty does not name it: nobody reads it
//   killed at the changes                  the next writer repairs the last one, then brings the journal's table back
//   killed at that                         `dirty` is as it was: the next one does it again
//   killed after the store that ends it    dirty does not name it any more
//
// A journal of another boot, or of a datapath since unloaded, is never read: a table just loaded is not dirty. For the same
// reason it needs no fsync: the pinned tables do not outlive the page cache.

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { WeirError } from '../../model/errors/weir-error.js';
import { journalOf } from '../../sys/bpffs.js';
import { unlessCode } from '../../sys/errno.js';
import { Conf } from './abi.gen.js';
import { clockAt, unitsOf } from './clock.js';
import { repair } from './repair.js';
import { bringBack, type Snapshot, takeSnapshot } from './snapshot.js';
import type { Tables } from './tables.js';
import { Writer } from './writer.js';

/** Values of Conf.dirty. */
export const Dirt = { none: 0, change: 1, batch: 2 } as const;
/** As the kernel's dest trash: how long a removed destination's record stays after its last connection, s. */
const TRASH_SECONDS = 120;
/** Of the journal; another build's may differ though its tables do not. */
const FORMAT = 1;

interface Journal {
  readonly format: typeof FORMAT;
  readonly before: Snapshot;
}

export function clockOf({ conf }: Tables): number {
  return clockAt(conf, process.hrtime.bigint());
}

export function writerOf(tables: Tables): Writer {
  return new Writer(tables, () => clockOf(tables), unitsOf(TRASH_SECONDS, tables.conf.get(0, Conf.hz)));
}

/** What follows is one change. The caller holds the lock, and the table is whole. @throws SystemError when the journal cannot be written */
export function beginBatch(tables: Tables, lockPath: string): void {
  const journal: Journal = { format: FORMAT, before: takeSnapshot(tables, writerOf(tables)) };
  writeFileSync(journalOf(lockPath), JSON.stringify(journal), { mode: 0o600 });
  tables.conf.set(0, Conf.dirty, Dirt.batch);
}

/** All of it is made. */
export function endBatch({ conf }: Tables, lockPath: string): void {
  conf.set(0, Conf.dirty, Dirt.none);
  rmSync(journalOf(lockPath), { force: true });
}

/**
 * Makes a table whole that a writer left dirty: repairs its last change, and takes a batch back that was not at its end. The caller holds
 * the lock. The table stays dirty, and this is to be done again, where it throws.
 * @throws WeirError table-full; journal-missing, once, when somebody removed or changed the journal
 */
export function recover(tables: Tables, lockPath: string): void {
  const { conf } = tables;
  const dirt = conf.get(0, Conf.dirty);
  if (dirt === Dirt.none) return;
  repair(tables, clockOf(tables));
  const before = dirt === Dirt.batch ? readJournal(lockPath) : undefined;
  if (before !== undefined) bringBack(tables, writerOf(tables), before);
  conf.set(0, Conf.generation, (conf.get(0, Conf.generation) + 1) >>> 0);
  endBatch(tables, lockPath);
  if (dirt === Dirt.batch && before === undefined) {
    throw new WeirError('journal-missing', { path: journalOf(lockPath) });
  }
}

function readJournal(lockPath: string): Snapshot | undefined {
  const text = unlessCode(() => readFileSync(journalOf(lockPath), 'utf8'), ['ENOENT'], undefined);
  if (text === undefined) return undefined;
  try {
    const { format, before } = JSON.parse(text) as Journal;
    return format === FORMAT ? before : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined; // somebody wrote into it
    throw error;
  }
}
