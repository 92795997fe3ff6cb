// A log that several processes may share: lines are collected and appended once a second, or when there are many; each write is of whole lines.
// A log that cannot be opened or written keeps no one from serving.
import { closeSync, openSync, writeSync } from 'node:fs';
import { isSystemError } from '../../sys/errno.js';

const HELD_MAX_CHARACTERS = 65_536;
const STANDARD_OUTPUT = '-';

export class AppendFile {
  /** Undefined: it could not be opened. */
  #fd: number | undefined;
  #held = '';
  #hasFailed = false;

  /** `-`: standard output. */
  constructor(
    readonly path: string,
    readonly onFault: (text: string) => void,
  ) {
    this.#attempt(() => this.#open());
  }

  #open(): void {
    const fd = this.path === STANDARD_OUTPUT ? 1 : openSync(this.path, 'a', 0o640);
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = fd;
  }

  /** What the system refuses is reported once, until it succeeds again. */
  #attempt(work: () => void): void {
    try {
      work();
      this.#hasFailed = false;
    } catch (error) {
      if (!isSystemError(error)) throw error;
      if (!this.#hasFailed) this.onFault(`access log ${this.path}: ${error.message}`);
      this.#hasFailed = true;
    }
  }

  /** Lines with their ends, of characters that are bytes. */
  add(lines: string): void {
    this.#held += lines;
    if (this.#held.length >= HELD_MAX_CHARACTERS) this.flush();
  }

  /** What cannot be written is dropped. */
  flush(): void {
    if (this.#held === '') return;
    const bytes = Buffer.from(this.#held, 'latin1');
    this.#held = '';
    this.#attempt(() => {
      if (this.#fd === undefined) this.#open();
      for (let at = 0; at < bytes.length; ) at += writeSync(this.#fd!, bytes, at);
    });
  }

  /** After the file was moved away. */
  reopen(): void {
    this.flush();
    if (this.path !== STANDARD_OUTPUT) this.#attempt(() => this.#open());
  }
}
