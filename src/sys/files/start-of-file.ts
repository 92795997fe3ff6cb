// The start of a file that another user may have put there: reading it neither blocks nor takes much memory, whatever it is.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * At most `size` bytes; undefined where it is no regular file. Opening a FIFO without a writer would block without O_NONBLOCK.
 * @throws the system's error
 */
export function startOfFile(path: string, size: number): Uint8Array | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const bytes = new Uint8Array(size);
    return bytes.subarray(0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
