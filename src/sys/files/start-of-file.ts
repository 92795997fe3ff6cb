// The beginning of a file that others may put there: whatever it is, reading it neither waits nor takes much memory.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/** At most `size` bytes; undefined for what is no regular file. A FIFO without a writer would hold up an ordinary open for ever. @throws the system's error */
export function startOfFile(path: string, size: number): Uint8Array | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  try {
    if (!fstatSync(fd).isFile()) return undefined;
    const room = new Uint8Array(size);
    return room.subarray(0, readSync(fd, room));
  } finally {
    closeSync(fd);
  }
}
