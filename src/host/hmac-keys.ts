// The files with the keys of auth_hmac (`key ID file:PATH`), as this host has them.
import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';
import { KEY_FILE_BYTES_MAX, type KeyFile } from '../config/keepalived/to-model/vrrp/auth-hmac.js';
import { reasonOf } from '../sys/errno.js';

const OTHERS = 0o077;

/** Never waits and never throws: what is no regular file is refused. */
export function hostKeyFile(path: string): KeyFile {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOCTTY);
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error as NodeJS.ErrnoException) };
  }
  try {
    const status = fstatSync(fd);
    if (!status.isFile()) return { kind: 'failed', reason: 'it is not a regular file' };
    const exposed = (status.mode & OTHERS) !== 0;
    // One more byte shows that a file is too large.
    const room = new Uint8Array(KEY_FILE_BYTES_MAX + 1);
    const length = readSync(fd, room, 0, room.length, 0);
    return length > KEY_FILE_BYTES_MAX ? { kind: 'large', exposed } : { kind: 'bytes', bytes: room.subarray(0, length), exposed };
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error as NodeJS.ErrnoException) };
  } finally {
    closeSync(fd);
  }
}
