// Reads the table beside writers, without waiting for them. In this order:
//
//   1. Without a lock: no change was under way before or after, and the generation is the same. The result is the table of one moment.
//   2. Under the lock, shared, if it is free: writers that change the table all the time leave no time for 1.
//   3. A writer that died left the table dirty, and the lock is free: repair it first.
//
// All three fail while a writer is at work. After a second of that (it is stopped, or makes a long batch) its change is read as far
// as it got, from whole records: table/table-entries.ts describes which store decides for each. The caller is notified.
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { type LockKind, type LockWait, LockWaiting, locked, lockHolder } from '../../sys/files/lock.js';
import { Abi, Conf } from './abi.gen.js';
import { Dirty, recover } from './recovery/batch.js';
import type { Tables } from './table/tables.js';

/** How long a reader waits for the end of a change before it shows it half made. */
const READER_WAIT_MS = 1000;
/** Tries without a lock before the lock is asked for: most changes take less time than a listing. */
const TRIES = 4;

export interface ReadWait extends LockWait {
  /** Half a change is not shown: the wait is a writer's (`waitMs`), and lock-busy follows it. */
  readonly whole?: boolean;
}

/** A wrapper, so that `undefined` differs from no result. */
export interface Result<T> {
  readonly value: T;
}

/** @throws WeirError datapath-unloaded: the datapath was unloaded after its tables were mapped */
export function checkPresent({ conf }: Tables): void {
  if (conf.get(0, Conf.magic) !== Abi.WEIR_MAGIC) throw new WeirError('datapath-unloaded');
}

/** Is no change of the table under way? */
export const isSettled = ({ conf }: Tables): boolean => conf.atomic(0, Conf.dirty) === Dirty.none;

/** `whole`: no change was made while it was read. */
export interface Read<T> extends Result<T> {
  readonly whole: boolean;
}

/** What `work` read, or threw. undefined: it threw beside a change, which may be why. */
export function readOnce<T>(tables: Tables, work: () => T): Read<T> | undefined {
  const generation = tables.conf.atomic(0, Conf.generation);
  const wasSettled = isSettled(tables);
  const isWhole = (): boolean => wasSettled && isSettled(tables) && tables.conf.atomic(0, Conf.generation) === generation;
  try {
    const value = work();
    return { value, whole: isWhole() };
  } catch (error) {
    if (isWhole()) throw error;
    return undefined;
  }
}

/** The result, or what `work` threw, if no change was made while it ran. */
export function undisturbed<T>(tables: Tables, work: () => T): Result<T> | undefined {
  const read = isSettled(tables) ? readOnce(tables, work) : undefined;
  return read?.whole === true ? read : undefined;
}

/** The result of `work` under the lock; undefined: another process holds it. */
export function ifFree<T>(lockPath: string, kind: LockKind, work: () => T): Result<T> | undefined {
  let entered = false;
  try {
    return locked(lockPath, { kind, waitMs: 0 }, () => {
      entered = true;
      return { value: work() };
    });
  } catch (error) {
    if (isWeirError(error, 'lock-busy') && !entered) return undefined;
    throw error;
  }
}

/** For a table that no process writes. */
function underLock<T>(tables: Tables, lockPath: string, work: () => T): Result<T> | undefined {
  const isDirty = (): boolean => tables.conf.atomic(0, Conf.dirty) !== Dirty.none;
  const read = ifFree(lockPath, 'shared', () => (isDirty() ? undefined : { value: work() }));
  if (read === undefined || read.value !== undefined) return read?.value;
  return ifFree(lockPath, 'exclusive', () => {
    checkPresent(tables);
    recover(tables);
    return work();
  });
}

/**
 * What `work`, which only reads the table, and may be run several times, finds in it.
 * @throws WeirError lock-busy only if `whole`; others as `recover` and `work`
 */
export function readWhole<T>(tables: Tables, lockPath: string, options: ReadWait, work: () => T): T {
  const waiting = new LockWaiting(lockPath, options);
  for (;;) {
    checkPresent(tables);
    for (let k = 0; k < TRIES; k++) {
      const result = undisturbed(tables, work);
      if (result !== undefined) return result.value;
    }
    const result = underLock(tables, lockPath, work);
    if (result !== undefined) return result.value;
    if (options.whole !== true && waiting.waitedMs >= READER_WAIT_MS) break;
    waiting.pause();
  }
  options.onWait?.(`${lockHolder(lockPath)}; its change is not finished: what follows is the table as packets meet it now`);
  return work();
}
