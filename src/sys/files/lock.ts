// A lock between processes: flock(2) on a file or folder that stays. The kernel releases the lock when its holder dies, and lists in
// /proc/locks who holds it. The file stays empty, so it may be on a full or read-only file system.

import { readFileSync } from 'node:fs';
import { WeirError } from '../../model/errors/weir-error.js';
import { native } from '../addon.js';
import { type Clock, systemClock } from '../clock.js';
import { hasCode, onPath, unlessCode } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { exclusiveHolder, lockHolders } from './lock-holder.js';

const O_RDONLY = 0;
const O_CREAT = 0o100;
/** Opening a FIFO does not wait for its writer. */
const O_NONBLOCK = 0o4000;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
/** The pause between two tries doubles up to this, ms. */
const PAUSE_MAX_MS = 16;
/** After this wait the holder is reported. */
const REPORT_AFTER_MS = 1000;
const WAIT_MS = 5000;
const COMMAND_TEXT_MAX = 100;

export type LockKind = 'exclusive' | 'shared';

export interface LockWait {
  /** How long to wait for others to finish, ms (5000); 0: one try. */
  readonly waitMs?: number;
  /** Called once, when the wait has lasted a second, with a line that names the holder. */
  readonly onWait?: (text: string) => void;
  readonly clock?: Clock;
}

export interface LockOptions extends LockWait {
  readonly kind?: LockKind;
}

/** Another process held the lock during the whole wait. */
function lockBusy(path: string, waitMs: number): WeirError<'lock-busy'> {
  return new WeirError('lock-busy', { path, holder: exclusiveHolder(path), who: lockHolder(path), waitMs });
}

/** The wait for a lock, in short pauses: reports the holder after a second, and fails when `waitMs` are over. */
export class LockWaiting {
  readonly #began: number;
  #pauseMs = 1;
  #reported = false;

  constructor(
    readonly path: string,
    readonly options: LockWait,
  ) {
    this.#began = this.#clock.now();
  }

  get waitedMs(): number {
    return this.#clock.now() - this.#began;
  }

  get #clock(): Clock {
    return this.options.clock ?? systemClock;
  }

  /** @throws WeirError lock-busy */
  pause(): void {
    const { waitMs = WAIT_MS, onWait } = this.options;
    const waited = this.waitedMs;
    if (waited >= waitMs) throw lockBusy(this.path, waitMs);
    if (waited >= REPORT_AFTER_MS && !this.#reported) {
      this.#reported = true;
      onWait?.(`${lockHolder(this.path)}; waiting for up to ${waitMs / 1000} s`);
    }
    this.#clock.sleep(this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, PAUSE_MAX_MS);
  }
}

export class Lock {
  readonly #fd: Fd;

  private constructor(fd: Fd) {
    this.#fd = fd;
  }

  /**
   * Creates the file where it is missing (mode 0600; its folder must exist). Exclusive by default.
   * @throws WeirError lock-busy, SystemError
   */
  static take(path: string, { kind = 'exclusive', ...wait }: LockOptions = {}): Lock {
    return closeOnError(new Fd(opened(path), path), (fd) => {
      const waiting = new LockWaiting(path, wait);
      while (!tryLock(fd, kind)) waiting.pause();
      return new Lock(fd);
    });
  }

  /** Releasing twice does nothing. */
  release(): void {
    this.#fd.close();
  }
}

/** Runs `work` under the lock. */
export function locked<T>(path: string, options: LockOptions, work: () => T): T {
  const lock = Lock.take(path, options);
  try {
    return work();
  } finally {
    lock.release();
  }
}

/** A descriptor of the file, which is made where it is missing and can be; or of the folder. */
function opened(path: string): number {
  try {
    return onPath(path, () => native().open(path, O_RDONLY | O_CREAT | O_NONBLOCK, 0o600));
  } catch (error) {
    if (!hasCode(error, 'EISDIR')) throw error;
    return native().open(path, O_RDONLY, 0);
  }
}

function tryLock(fd: Fd, kind: LockKind): boolean {
  try {
    native().flock(fd.number, (kind === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB);
    return true;
  } catch (error) {
    if (hasCode(error, 'EWOULDBLOCK', 'EAGAIN', 'EINTR')) return false;
    throw error;
  }
}

/** The lock and its holder as text, for messages. */
export function lockHolder(path: string): string {
  const holders = lockHolders(path);
  const pid = holders.find(({ kind }) => kind === 'exclusive')?.pid;
  if (pid !== undefined) return `${path}: held by ${processText(pid)}`;
  return `${path}: ${holders.length > 0 ? 'other commands are reading' : 'held by other processes'}`;
}

function processText(pid: number): string {
  const stopped = statusOf(pid)?.state.toUpperCase() === 'T' ? `, which is stopped (kill -CONT ${pid} continues it)` : '';
  return `process ${pid}${commandOf(pid)}${stopped}`;
}

/** ` (COMMAND)` on one line; nothing where the process has just ended. */
function commandOf(pid: number): string {
  const line = unlessCode(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8'), ['ENOENT', 'ESRCH'], '');
  const words =
    line
      .replace(/\0+$/, '')
      .replace(/[^\P{C}\0]/gu, '?')
      .replaceAll('\0', ' ') || statusOf(pid)?.name;
  if (words === undefined) return '';
  return ` (${words.length > COMMAND_TEXT_MAX ? `${words.slice(0, COMMAND_TEXT_MAX - 1)}…` : words})`;
}

/** Undefined: the process has just ended, or there is no /proc. */
function statusOf(pid: number): { readonly name: string; readonly state: string } | undefined {
  const text = unlessCode(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), ['ENOENT', 'ESRCH'], '');
  const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(text) ?? [];
  return name === undefined || state === undefined ? undefined : { name, state };
}
