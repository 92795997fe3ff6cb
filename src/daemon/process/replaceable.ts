// Whether a file may be put where a path leads: root could put one in the place of /dev/null, too.
import { lstatSync } from 'node:fs';
import { unlessCode } from '../../sys/errno.js';

/** Nothing, a file or a link; not a device, a FIFO, a socket or a folder. */
export function isReplaceable(path: string): boolean {
  const there = unlessCode(() => lstatSync(path), ['ENOENT', 'ENOTDIR'], undefined);
  return there === undefined || there.isFile() || there.isSymbolicLink();
}
