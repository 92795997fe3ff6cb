// track_file: a number in a file, read when it was written, moved or removed; its folder may come later.
import { closeSync, constants, openSync, statSync, writeSync } from 'node:fs';
import { basename, dirname } from 'node:path';
import type { TrackFile } from '../../model/keepalived/trackers.js';
import type { Log } from '../../model/log-level.js';
import { isSystemError, unlessCode } from '../../sys/errno.js';
import { FolderWatch } from '../../sys/files/folder-watch.js';
import { startOfFile } from '../../sys/files/start-of-file.js';

/** No file that holds a number is longer. */
const READ_MAX = 4096;
/** A folder that is not there is looked for so often. */
const RETRY_MS = 1000;
const MODE = 0o600;
const WRITE = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** What strtol makes of it: `  7 x` is 7; undefined for what starts with no number. */
export function numberIn(text: string): number | undefined {
  const digits = /^\s*([+-]?\d+)/.exec(text)?.[1];
  return digits === undefined ? undefined : Math.max(-0x80000000, Math.min(0x7fffffff, Number(digits)));
}

/** Undefined: there is none, or it holds no number. @throws what is no error of the system */
export function valueOfFile(path: string): number | undefined {
  try {
    const start = startOfFile(path, READ_MAX);
    return start === undefined ? undefined : numberIn(Buffer.from(start).toString('latin1'));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    return undefined;
  }
}

export class TrackFiles {
  #files: readonly TrackFile[] = [];
  #watch: FolderWatch;
  #retry: NodeJS.Timeout | undefined;
  readonly #reported = new Map<string, number | undefined>();

  constructor(
    readonly report: (name: string, value: number | undefined) => void,
    readonly log: Log,
  ) {
    this.#watch = new FolderWatch((folder, name) => this.#changed(folder, name));
  }

  /** Reads all files; those whose value did not change since the last time are not reported again unless they are new. */
  configure(files: readonly TrackFile[]): void {
    this.#files = files;
    for (const name of [...this.#reported.keys()].filter((known) => !files.some((file) => file.name === known))) {
      this.#reported.delete(name);
    }
    for (const file of files) this.#initialise(file);
    this.#watchFolders();
    for (const file of files) this.#read(file);
  }

  #initialise({ path, init }: TrackFile): void {
    if (init === undefined) return;
    try {
      if (init.overwrite || unlessCode(() => statSync(path), ['ENOENT'], undefined) === undefined) {
        this.#write(path, `${init.value}\n`);
      }
    } catch (error) {
      this.log('warning', `Unable to write initial value to track file ${path}: ${(error as Error).message}`);
    }
  }

  /** A FIFO without a reader is an error, nothing to wait for, and a link is not followed. */
  #write(path: string, text: string): void {
    const fd = openSync(path, WRITE, MODE);
    try {
      writeSync(fd, text);
    } finally {
      closeSync(fd);
    }
  }

  #watchFolders(): void {
    const folders = new Set(this.#files.map(({ path }) => dirname(path)));
    const missing = [...folders].filter((folder) => !this.#watch.add(folder));
    clearTimeout(this.#retry);
    if (missing.length > 0) {
      this.#retry = setTimeout(() => {
        this.#watchFolders();
        this.#files.filter(({ path }) => missing.includes(dirname(path))).forEach((file) => this.#read(file));
      }, RETRY_MS);
    }
  }

  #changed(folder: string, name: string | undefined): void {
    if (name === undefined) this.#watchFolders();
    for (const file of this.#files) {
      if (dirname(file.path) === folder && (name === undefined || basename(file.path) === name)) this.#read(file);
    }
  }

  #read({ name, path }: TrackFile): void {
    const value = valueOfFile(path);
    if (!this.#reported.has(name) || this.#reported.get(name) !== value) {
      this.#reported.set(name, value);
      this.report(name, value);
    }
  }

  close(): void {
    clearTimeout(this.#retry);
    this.#watch.close();
  }
}
