// Small files that are whole or not there: written beside, synced, renamed. For what must be true after kill -9.
import { closeSync, fchmodSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { unlessCode } from '../errno.js';
import { makeFolders } from './make-folders.js';

/** The file's text, or undefined when there is none. */
export function readTextFile(path: string): string | undefined {
  return unlessCode(() => readFileSync(path, 'utf8'), ['ENOENT', 'ENOTDIR'], undefined);
}

/** Replaces the file by `text` at once, making its folder where missing; a reader sees the old text or the new, never a part. */
export function replaceTextFile(path: string, text: string, mode = 0o644): void {
  makeFolders(dirname(path));
  const beside = `${path}.${process.pid}.new`;
  const fd = openSync(beside, 'w', mode);
  try {
    fchmodSync(fd, mode); // whatever the umask is
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; ) {
      at += writeSync(fd, bytes, at);
    }
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(beside, path);
  syncFolder(dirname(path));
}

/** Removes the file; false when there was none. */
export function removeFile(path: string): boolean {
  if (readTextFile(path) === undefined) return false;
  rmSync(path);
  syncFolder(dirname(path));
  return true;
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
