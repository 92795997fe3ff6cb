// keepalived's configuration files as this host has them.
import { closeSync, constants, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import type { ConfigFiles, FileRead } from '../config/keepalived/lines/config-files.js';

/** bytes; a file beyond is refused before it is read. */
export const LARGEST_FILE = 64 * 2 ** 20;

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'Permission denied',
  EPERM: 'Operation not permitted',
  ELOOP: 'Too many levels of symbolic links',
  ENAMETOOLONG: 'File name too long',
  EMFILE: 'Too many open files',
};

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? '';

/** UTF-8 where it is valid, else Latin-1: no byte is lost. */
function textOf(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    return bytes.toString('latin1');
  }
}

/** At most `size` bytes: a file that grows meanwhile is not read further. */
function readUpTo(descriptor: number, size: number): Buffer {
  const bytes = Buffer.alloc(size);
  let length = 0;
  while (length < size) {
    const got = readSync(descriptor, bytes, length, size - length, null);
    if (got === 0) break;
    length += got;
  }
  return bytes.subarray(0, length);
}

function readOpen(descriptor: number): FileRead {
  const status = fstatSync(descriptor);
  if (status.isDirectory()) return { kind: 'directory' };
  if (!status.isFile() || (status.mode & 0o111) !== 0) return { kind: 'unfit' };
  if (status.size > LARGEST_FILE) return { kind: 'failed', reason: `larger than ${LARGEST_FILE} bytes` };
  return { kind: 'text', text: status.size === 0 ? '' : textOf(readUpTo(descriptor, status.size)) };
}

/** O_NONBLOCK: a FIFO without a writer must not block. */
function read(path: string): FileRead {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    const code = codeOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return isDangling(path) ? { kind: 'unfit' } : { kind: 'missing' };
    if (code === 'ENXIO') return { kind: 'unfit' };
    return { kind: 'failed', reason: reasons[code] ?? code };
  }
  try {
    return readOpen(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** A dangling link exists, and is no regular file. */
function isDangling(path: string): boolean {
  const slash = path.lastIndexOf('/');
  return list(path.slice(0, slash + 1) || '.').includes(path.slice(slash + 1));
}

function list(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}

export const hostConfigFiles: ConfigFiles = { read, list };
