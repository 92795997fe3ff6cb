// Whether files of a folder were replaced since a process looked: by the time of its last change. All are replaced by renames, which change it.
import { statSync } from 'node:fs';
import { unlessCode } from '../sys/errno.js';

/** Times of files have the resolution of the kernel's tick: a change so shortly ago may be followed by one of the same time, ms. */
const SETTLED_MS = 50;

/** undefined: it was changed just now. */
export function folderStamp(path: string): string | undefined {
  const found = unlessCode(() => statSync(path, { bigint: true }), ['ENOENT', 'ENOTDIR'], undefined);
  if (found === undefined) return 'none';
  return Math.abs(Date.now() - Number(found.mtimeMs)) < SETTLED_MS ? undefined : `${found.ino} ${found.mtimeNs}`;
}
