// Standard error as a log writes to it: a reader that is slow or has stopped holds no process up. What it does not take now is kept and
// written later; beyond a bound lines are lost.
import { closeSync, constants, fstatSync, openSync, writeSync } from 'node:fs';
import { native } from '../../sys/addon.js';
import { systemClock } from '../../sys/clock.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';

const KEPT_BYTES_MAX = 4 * 2 ** 20;
const RETRY_MS = 20;
/** How long the end of the process waits for a reader that takes nothing, and for one that is slow. */
const STOPPED_MAX_MS = 500;
const SLOW_MAX_MS = 2_000;
const REOPEN = constants.O_WRONLY | constants.O_APPEND | constants.O_NONBLOCK | constants.O_NOCTTY;
/** Of another user, without /proc, or without a reader. */
const NOT_REOPENED = ['EACCES', 'EPERM', 'ENOENT', 'ENXIO', 'ENODEV'] as const;

interface Output {
  readonly fd: number;
  readonly isSocket: boolean;
  readonly isReopened: boolean;
}

/** Other processes share what we got, so it is not made non-blocking: a pipe or terminal is opened again. */
function open(fd: number): Output {
  const status = fstatSync(fd);
  if (status.isSocket()) return { fd, isSocket: true, isReopened: false };
  const again =
    status.isFIFO() || status.isCharacterDevice()
      ? unlessCode(() => openSync(`/proc/self/fd/${fd}`, REOPEN), NOT_REOPENED, undefined)
      : undefined;
  return { fd: again ?? fd, isSocket: false, isReopened: again !== undefined };
}

export class ConsoleOutput {
  readonly #output: Output;
  #kept: Buffer[] = [];
  #keptBytes = 0;
  #retry: NodeJS.Timeout | undefined;
  readonly #atExit = (): void => this.#finish();

  /** @throws SystemError EBADF, without standard error */
  constructor(fd = 2) {
    this.#output = open(fd);
    process.once('exit', this.#atExit);
  }

  /** False: it is lost. */
  write(text: string): boolean {
    const bytes = Buffer.from(text);
    if (this.#keptBytes + bytes.length > KEPT_BYTES_MAX) return false;
    this.#kept.push(bytes);
    this.#keptBytes += bytes.length;
    if (this.#retry === undefined) this.#flush();
    return true;
  }

  close(): void {
    process.off('exit', this.#atExit);
    this.#finish();
    if (this.#output.isReopened) closeSync(this.#output.fd);
  }

  #flush(): void {
    this.#retry = undefined;
    let done = 0;
    for (const [index, bytes] of this.#kept.entries()) {
      const taken = this.#take(bytes);
      this.#keptBytes -= taken;
      if (taken < bytes.length) {
        this.#kept[index] = bytes.subarray(taken);
        break;
      }
      done += 1;
    }
    this.#kept.splice(0, done);
    if (this.#kept.length > 0) this.#retry = setTimeout(() => this.#flush(), RETRY_MS).unref();
  }

  /** How much is done with: where nothing reads any more, all. */
  #take(bytes: Buffer): number {
    const { fd, isSocket } = this.#output;
    try {
      return isSocket ? native().sendto(fd, bytes) : writeSync(fd, bytes);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return error.code === 'EAGAIN' ? 0 : bytes.length;
    }
  }

  #finish(): void {
    const last = performance.now() + SLOW_MAX_MS;
    let end = performance.now() + STOPPED_MAX_MS;
    clearTimeout(this.#retry);
    this.#flush();
    while (this.#kept.length > 0 && performance.now() < end) {
      clearTimeout(this.#retry);
      systemClock.sleep(RETRY_MS / 4);
      const before = this.#keptBytes;
      this.#flush();
      if (this.#keptBytes < before) end = Math.min(last, performance.now() + STOPPED_MAX_MS);
    }
    clearTimeout(this.#retry);
  }
}
