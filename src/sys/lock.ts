// A lock between processes: flock on a file that stays. The kernel lets go of it when its holder dies, however
// it dies. An exclusive holder leaves its pid in the file, for the message of whoever waits in vain.
import { ftruncateSync, readFileSync, writeSync } from 'node:fs';
import { native } from './addon.js';
import { type Clock, systemClock } from './clock.js';
import { hasCode, unlessCode } from './errno.js';
import { Fd } from './fd.js';

const O_RDWR_CREAT = 0o102;
const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;
/** Tries come quickly at first and then every so many milliseconds. */
const LONGEST_NAP_MS = 16;

export type LockKind = 'exclusive' | 'shared';

export interface LockOptions {
  readonly kind?: LockKind;
  /** How long to wait for others to finish, ms; 0: one try. */
  readonly waitMs?: number;
  readonly clock?: Clock;
}

/** Somebody else kept the lock for the whole wait. */
export class LockBusy extends Error {
  constructor(
    readonly path: string,
    /** undefined: held by readers, or by a holder that left no pid */
    readonly holder: number | undefined,
    waitMs: number,
  ) {
    const who = holder === undefined ? 'other commands are reading' : `held by process ${describe(holder)}`;
    super(`weir: ${path}: ${who}; gave up after ${waitMs / 1000} s`);
    this.name = 'LockBusy';
  }
}

export class Lock {
  readonly #fd: Fd;
  readonly #kind: LockKind;

  private constructor(fd: Fd, kind: LockKind) {
    this.#fd = fd;
    this.#kind = kind;
  }

  /**
   * Creates the file where it is missing (mode 0600; its folder must exist). Exclusive and five seconds by default.
   * @throws LockBusy, SystemError
   */
  static take(path: string, { kind = 'exclusive', waitMs = 5000, clock = systemClock }: LockOptions = {}): Lock {
    const fd = new Fd(native().open(path, O_RDWR_CREAT, 0o600), path);
    try {
      const until = clock.now() + waitMs;
      for (let nap = 1; !tryLock(fd, kind); nap = Math.min(nap * 2, LONGEST_NAP_MS)) {
        if (clock.now() >= until) throw new LockBusy(path, holder(path), waitMs);
        clock.sleep(nap);
      }
      if (kind === 'exclusive') {
        ftruncateSync(fd.number, 0);
        writeSync(fd.number, `${process.pid}\n`, 0);
      }
      return new Lock(fd, kind);
    } catch (error) {
      fd.close();
      throw error;
    }
  }

  /** Releasing twice does nothing. */
  release(): void {
    if (this.#fd.isOpen && this.#kind === 'exclusive') ftruncateSync(this.#fd.number, 0);
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

function tryLock(fd: Fd, kind: LockKind): boolean {
  try {
    native().flock(fd.number, (kind === 'shared' ? LOCK_SH : LOCK_EX) | LOCK_NB);
    return true;
  } catch (error) {
    if (hasCode(error, 'EWOULDBLOCK', 'EAGAIN', 'EINTR')) return false;
    throw error;
  }
}

/** The pid in the lock file, if that process is alive: one that was killed leaves its own behind. */
function holder(path: string): number | undefined {
  const pid = Number.parseInt(readFileSync(path, 'latin1'), 10);
  if (!Number.isInteger(pid) || pid <= 0) return undefined;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!hasCode(error, 'EPERM')) return undefined;
  }
  return statusOf(pid)?.state === 'Z' ? undefined : pid; // a zombie holds nothing
}

function describe(pid: number): string {
  const name = statusOf(pid)?.name;
  return name === undefined ? String(pid) : `${pid} (${name})`;
}

/** undefined: it has just ended, or there is no /proc. */
function statusOf(pid: number): { readonly name: string; readonly state: string } | undefined {
  const text = unlessCode(() => readFileSync(`/proc/${pid}/stat`, 'utf8'), ['ENOENT', 'ESRCH'], '');
  const [, name, state] = /^\d+ \((.*)\) (\S)/s.exec(text) ?? [];
  return name === undefined || state === undefined ? undefined : { name, state };
}
