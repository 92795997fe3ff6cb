// A file that a command was given, as text.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { WeirError } from '../model/errors/weir-error.js';
import { isSystemError, reasonOf } from '../sys/errno.js';
import type { Io } from './io.js';

/** More is refused, also of what has no end, such as a device. */
const BYTES_MAX = 64 * 2 ** 20;
const CHUNK_BYTES = 1 << 20;

/** To its end, which a pipe may take a time to reach. undefined: it is longer than what is read. */
function contentOf(descriptor: number): string | undefined {
  const chunks: Buffer[] = [];
  let length = 0;
  for (;;) {
    const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
    const got = readSync(descriptor, chunk);
    if (got === 0) return Buffer.concat(chunks, length).toString('utf8');
    length += got;
    if (length > BYTES_MAX) return undefined;
    chunks.push(chunk.subarray(0, got));
  }
}

function refused(path: string, why: string, cause?: Error): WeirError {
  return new WeirError('file-unreadable', { path, why }, ...(cause === undefined ? [] : [{ cause }]));
}

/** `flags`: how it is opened. `isFit`: by the status of the open file. @throws WeirError file-unreadable */
function read(path: string, flags: number, isFit: (descriptor: number) => boolean): string {
  try {
    const descriptor = openSync(path, flags);
    try {
      if (!isFit(descriptor)) throw refused(path, 'it is no regular file');
      const text = contentOf(descriptor);
      if (text === undefined) throw refused(path, `it has more than ${BYTES_MAX} bytes`);
      return text;
    } finally {
      closeSync(descriptor);
    }
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw refused(path, reasonOf(error), error);
  }
}

/** A file, or a pipe that someone writes into. @throws WeirError file-unreadable */
export const readText = (path: string): string => read(path, constants.O_RDONLY, () => true);

const { O_RDONLY, O_NONBLOCK, O_NOCTTY } = constants;

/** Of a path that stands in another file: opening it must not wait. @throws WeirError file-unreadable */
export const readRegular = (path: string): string =>
  read(path, O_RDONLY | O_NONBLOCK | O_NOCTTY, (descriptor) => fstatSync(descriptor).isFile());

/** All of the standard input; undefined: it has more bytes. */
export function readInput(io: Pick<Io, 'read'>, bytesMax: number): Buffer | undefined {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (let chunk = io.read(); chunk !== undefined; chunk = io.read()) {
    length += chunk.length;
    if (length > bytesMax) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** `-`: all of the standard input. @throws WeirError file-unreadable */
export function readNamed(path: string, io: Pick<Io, 'read'>): string {
  if (path !== '-') return readText(path);
  const input = readInput(io, BYTES_MAX);
  if (input === undefined) throw refused('standard input', `it has more than ${BYTES_MAX} bytes`);
  return input.toString('utf8');
}
