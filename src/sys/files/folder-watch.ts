// Changes in folders (man 7 inotify): a file written and closed, moved in or out, made or removed.
import { readSync } from 'node:fs';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { hasCode, isSystemError } from '../errno.js';
import { Fd } from '../fd.js';
import { type Watch, whenReadable } from '../readable.js';

const IN = {
  closeWrite: 0x8,
  movedFrom: 0x40,
  movedTo: 0x80,
  delete: 0x200,
  deleteSelf: 0x400,
  moveSelf: 0x800,
  onlyDirectory: 0x1000000,
} as const;
const IN_IGNORED = 0x8000;
const IN_Q_OVERFLOW = 0x4000;
const MASK = IN.closeWrite | IN.movedFrom | IN.movedTo | IN.delete | IN.deleteSelf | IN.moveSelf | IN.onlyDirectory;
const BUFFER_BYTES = 1 << 16;

export class FolderWatch {
  readonly #fd = new Fd(native().inotifyCreate(), 'inotify');
  readonly #watch: Watch;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #folders = new Map<number, string>();

  /** `changed` gets the name of a file in a watched folder; undefined: the folder itself is gone, or events were lost. */
  constructor(readonly changed: (folder: string, name: string | undefined) => void) {
    this.#watch = whenReadable(this.#fd.number, () => this.#read());
  }

  /** False: there is no such folder, or no watch is left (ENOSPC): try again later. Adding a folder twice does nothing. */
  add(folder: string): boolean {
    try {
      this.#folders.set(native().inotifyAdd(this.#fd.number, folder, MASK), folder);
      return true;
    } catch (error) {
      if (isSystemError(error)) return false;
      throw error;
    }
  }

  #read(): void {
    let length: number;
    try {
      length = readSync(this.#fd.number, this.#buffer);
    } catch (error) {
      if (hasCode(error, 'EAGAIN')) return;
      throw error;
    }
    // struct inotify_event: watch, mask, cookie, length of the name (4 bytes each), the name padded with NUL
    const view = viewOf(this.#buffer);
    for (let at = 0; at + 16 <= length; at += 16 + view.getUint32(at + 12, little)) {
      const mask = view.getUint32(at + 4, little);
      const size = view.getUint32(at + 12, little);
      const name = new TextDecoder().decode(this.#buffer.subarray(at + 16, at + 16 + size)).replace(/\0.*$/s, '');
      if ((mask & IN_Q_OVERFLOW) !== 0) [...this.#folders.values()].forEach((folder) => this.changed(folder, undefined));
      const number = view.getInt32(at, little);
      const folder = this.#folders.get(number);
      if ((mask & IN_IGNORED) !== 0) this.#folders.delete(number);
      if (folder !== undefined) this.changed(folder, name === '' ? undefined : name);
    }
  }

  close(): void {
    this.#watch.stop();
    this.#fd.close();
  }
}
