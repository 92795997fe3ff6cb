// Small files that survive kill -9 and a crash: written to a new file, synced, renamed. A reader sees all of the old text or the new.
import { closeSync, constants, fchmodSync, fstatSync, fsyncSync, openSync, readFileSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { onPath, systemError, unlessCode } from '../errno.js';
import { makeFolders } from './make-folders.js';

/** No file of ours is larger. */
const BYTES_MAX = 64 * 2 ** 20;
/** A FIFO in its place would block the process without it. */
const READ = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY;

/** The file's text. @throws the system's error, also for what is no file or is too large */
export function textOfFile(path: string): string {
  const fd = openSync(path, READ);
  try {
    const status = fstatSync(fd);
    if (!status.isFile() && !status.isDirectory()) throw systemError('EINVAL', 'read', path);
    if (status.size > BYTES_MAX) throw systemError('EFBIG', 'read', path);
    return onPath(path, () => readFileSync(fd, 'utf8'));
  } finally {
    closeSync(fd);
  }
}

/** The file's text, or undefined when there is none. @throws the system's error, also for what is no file or is too large */
export function readTextFile(path: string): string | undefined {
  return unlessCode(() => textOfFile(path), ['ENOENT', 'ENOTDIR'], undefined);
}

function writeSynced(path: string, content: string | Uint8Array, mode: number): void {
  const fd = openSync(path, 'w', mode);
  try {
    fchmodSync(fd, mode); // whatever the umask is
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    onPath(path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at);
      fsyncSync(fd);
    });
  } finally {
    closeSync(fd);
  }
}

/** Replaces the file by `text` atomically; makes its folder where it is missing. Where it throws, the file is as it was. */
export const replaceTextFile = (path: string, text: string, mode = 0o644): void => replaceFile(path, text, mode);

/** Replaces the file by `content` atomically; makes its folder where it is missing. Where it throws, the file is as it was. */
export const replaceFile = (path: string, content: string | Uint8Array, mode = 0o644): void => replaceFiles([[path, content]], mode);

/** Replaces files by contents, each atomically, when all are on the disk: where that is full, all are as they were. */
export function replaceFiles(files: readonly (readonly [path: string, content: string | Uint8Array])[], mode = 0o644): void {
  const beside = (path: string): string => `${path}.${process.pid}.new`;
  try {
    for (const [path, content] of files) {
      makeFolders(dirname(path));
      writeSynced(beside(path), content, mode);
    }
    for (const [path] of files) renameSync(beside(path), path);
  } catch (error) {
    for (const [path] of files) rmSync(beside(path), { force: true });
    throw error;
  }
  for (const folder of new Set(files.map(([path]) => dirname(path)))) syncFolder(folder);
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
