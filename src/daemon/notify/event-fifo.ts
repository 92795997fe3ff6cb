// A FIFO that events are written to: made where it is missing, never waited for, kept over reloads so that readers need not reopen.
import { fchownSync, fstatSync, lstatSync, writeSync } from 'node:fs';
import type { Fifo } from '../../model/keepalived/script.js';
import type { Log } from '../../model/log-level.js';
import { native } from '../../sys/addon.js';
import { hasCode, isSystemError, unlessCode } from '../../sys/errno.js';
import { Fd } from '../../sys/fd.js';
import { lookUp } from '../scripts/script-user.js';

const O_RDWR = 2;
const O_WRONLY_APPEND = 0o2001;
const O_NONBLOCK = 0o4000;
/** As with keepalived: who may write to the folder must not choose a file for root to write to. */
const O_NOFOLLOW = 0o400000;
const MODE = 0o600;

export class EventFifo {
  #fd: Fd | undefined;
  #created = false;
  /** The last failure: logged once until it changes. */
  #trouble = '';

  constructor(
    readonly settings: Fifo,
    readonly log: Log,
  ) {
    this.#open();
  }

  get path(): string {
    return this.settings.path;
  }

  #open(): void {
    const { path } = this.settings;
    try {
      const there = unlessCode(() => lstatSync(path), ['ENOENT'], undefined);
      if (there === undefined) {
        native().mkfifo(path, MODE);
        this.#created = true;
      }
      // Both ends of a FIFO are ours, so that opening never waits and a reader that leaves breaks nothing; another kind of file is appended to.
      const kind = lstatSync(path);
      this.#fd = new Fd(native().open(path, (kind.isFIFO() ? O_RDWR : O_WRONLY_APPEND) | O_NONBLOCK | O_NOFOLLOW), path);
      if (there === undefined) this.#giveToOwner(this.#fd.number);
      this.#trouble = '';
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#logTrouble(`Unable to open notify fifo ${path}: ${error.message}`);
    }
  }

  /** By the descriptor: in a folder of others' the name may be another file's by now. */
  #giveToOwner(fd: number): void {
    const { path, owner } = this.settings;
    const identity = owner === undefined || !fstatSync(fd).isFIFO() ? undefined : lookUp(owner);
    if (typeof identity === 'string') {
      this.log('warning', `FIFO ${path}: ${identity}`);
    } else if (identity !== undefined) {
      fchownSync(fd, identity.uid, identity.gid);
    }
  }

  #logTrouble(text: string): void {
    if (this.#trouble !== text) {
      this.#trouble = text;
      this.log('warning', text);
    }
  }

  /** Whether what we write to is what a reader would open: it may have been replaced. */
  #isInPlace(fd: Fd): boolean {
    try {
      const [ours, there] = [fstatSync(fd.number), lstatSync(this.path)];
      return there.ino === ours.ino && there.dev === ours.dev;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      return false;
    }
  }

  /** One event, whole or not at all: dropped while the pipe is full. */
  write(line: string): void {
    if (this.#fd !== undefined && !this.#isInPlace(this.#fd)) {
      this.log('notice', `notify fifo ${this.path} was replaced: opening it again`);
      this.#fd.close();
      this.#fd = undefined;
    }
    if (this.#fd === undefined) this.#open();
    if (this.#fd === undefined) return;
    try {
      writeSync(this.#fd.number, line);
      if (this.#trouble !== '') {
        this.#trouble = '';
        this.log('notice', `notify fifo ${this.path}: events are taken again`);
      }
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) {
        this.#logTrouble(`notify fifo ${this.path} is full: events are dropped until it is read`);
      } else if (isSystemError(error)) {
        this.#logTrouble(`Failed to write to notify fifo ${this.path}: ${error.message}`);
        this.#fd.close();
        this.#fd = undefined;
      } else {
        throw error;
      }
    }
  }

  /** `remove`: at stop a FIFO that we made goes away with us; what stands in its place by then stays. */
  close(remove: (path: string) => void): void {
    const fd = this.#fd;
    this.#fd = undefined;
    try {
      if (this.#created && fd !== undefined && this.#isInPlace(fd)) remove(this.path);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.log('warning', `notify fifo ${this.path} is left behind: ${error.message}`);
    } finally {
      fd?.close();
    }
  }
}
