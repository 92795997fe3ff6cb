// A log that several processes may share: lines are collected and appended once a second, or when there are many; each write is of whole lines.
import { closeSync, openSync, writeSync } from 'node:fs';
import { isSystemError } from '../../sys/errno.js';

const HELD_MAX_CHARACTERS = 65_536;

export class AppendFile {
  #fd: number;
  #held = '';
  #failed = false;

  /** `-`: standard output. @throws the system's error */
  constructor(
    readonly path: string,
    readonly onFault: (text: string) => void,
  ) {
    this.#fd = this.#open();
  }

  #open(): number {
    return this.path === '-' ? 1 : openSync(this.path, 'a', 0o640);
  }

  /** Lines with their ends, of characters that are bytes. */
  add(lines: string): void {
    this.#held += lines;
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
      if (!this.#failed) this.onFault(`access log ${this.path}: ${error.message}`);
      this.#failed = true;
    }
  }

  /** After the file was moved away. */
  reopen(): void {
    this.flush();
    if (this.path === '-') return;
    try {
      const fd = this.#open();
      closeSync(this.#fd);
      this.#fd = fd;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.onFault(`access log ${this.path}: ${error.message}`);
    }
  }
}
