// The access log of one process: lines are collected and appended once a second, or when there are many. Processes share the file: each write
// is of whole lines.
import { closeSync, openSync, writeSync } from 'node:fs';
import type { AccessRecord } from '../../control/proxy/access-record.js';
import { accessLine } from '../../proxy/access-log.js';
import { isSystemError } from '../../sys/errno.js';
import type { AccessLogSettings } from './messages.js';

const HELD_MAX_CHARACTERS = 65_536;

export class AccessLogFile {
  #fd: number;
  #held = '';
  #failed = false;

  /** @throws the system's error */
  constructor(
    readonly settings: AccessLogSettings,
    readonly onFault: (text: string) => void,
  ) {
    this.#fd = this.#open();
  }

  #open(): number {
    return this.settings.path === '-' ? 1 : openSync(this.settings.path, 'a', 0o640);
  }

  add(record: AccessRecord): void {
    this.#held += accessLine(this.settings.format, record, new Date());
    if (this.#held.length >= HELD_MAX_CHARACTERS) this.flush();
  }

  /** What cannot be written is dropped, and reported once. */
  flush(): void {
    const bytes = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    try {
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd, bytes, at);
      this.#failed = false;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!this.#failed) this.onFault(`access log ${this.settings.path}: ${error.message}`);
      this.#failed = true;
    }
  }

  /** After the file was moved away. */
  reopen(): void {
    this.flush();
    if (this.settings.path === '-') return;
    try {
      const fd = this.#open();
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.onFault(`access log ${this.settings.path}: ${error.message}`);
    }
  }
}
