// Whether names came to a folder or went from it since a process looked: one call, where listing all that may be there takes many.
import { statSync } from 'node:fs';
import { unlessCode } from '../errno.js';

/** A file system's clock goes by ticks of the kernel (CONFIG_HZ is 100 or more): two changes within one have one time. */
const TICK_MS = 20;
const NANOSECONDS = 1_000_000n;

export class FolderChanges {
  /** Empty: unknown, or so young that a further change may have the same. */
  #stamp = '';

  constructor(readonly folder: string) {}

  /** Ask before looking. False: what a look would find by name is what it was when this was asked last. A folder that is gone may have changed. */
  mayHaveChanged(): boolean {
    const found = unlessCode(() => statSync(this.folder, { bigint: true }), ['ENOENT', 'ENOTDIR'], undefined);
    const before = this.#stamp;
    this.#stamp = '';
    if (found === undefined) return true;
    const { dev, ino, mtimeNs } = found;
    if (Math.abs(Date.now() - Number(mtimeNs / NANOSECONDS)) > TICK_MS) this.#stamp = `${dev} ${ino} ${mtimeNs}`;
    return this.#stamp === '' || this.#stamp !== before;
  }
}
