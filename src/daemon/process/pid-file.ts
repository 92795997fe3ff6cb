// One pid file: written without following links, read, removed by its own process only.
import { closeSync, constants, fchmodSync, openSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { hasCode, unlessCode } from '../../sys/errno.js';
import { makeFolders } from '../../sys/files/make-folders.js';
import { startOfFile } from '../../sys/files/start-of-file.js';
import { isReplaceable } from './replaceable.js';

/** Bytes; no number is longer. */
const LENGTH_MAX = 32;

/** What stands in a pid file; nothing where there is none, or a device. */
export function readPidFile(path: string): string {
  const start = unlessCode(() => startOfFile(path, LENGTH_MAX), ['ENOENT', 'ENOTDIR', 'ENXIO'], undefined);
  return Buffer.from(start ?? [])
    .toString('latin1')
    .trim();
}

/** @throws the system's error; the folder is made where it is below /run/keepalived */
export function writePidFile(path: string): void {
  if (dirname(path).includes('/keepalived')) makeFolders(dirname(path));
  if (!isReplaceable(path)) return; // /dev/null: none is wanted
  rmSync(path, { force: true });
  const fd = openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o644);
  try {
    fchmodSync(fd, 0o644); // whatever the umask is
    writeSync(fd, `${process.pid}\n`);
  } catch (error) {
    rmSync(path, { force: true }); // an empty one is worse than none
    throw error;
  } finally {
    closeSync(fd);
  }
}

/** Whether it is the disk that cannot take a file, full or broken: nothing that the daemon's work should wait for. */
export const isDiskTrouble = (error: unknown): boolean => hasCode(error, 'ENOSPC', 'EDQUOT', 'EROFS', 'EIO');

/** Removes a pid file, if it is this process's. */
export function removePidFile(path: string, pid = process.pid): void {
  if (readPidFile(path) === String(pid)) rmSync(path, { force: true });
}
