// Options of all kinds of sockets (man 7 socket).
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import type { Fd } from '../fd.js';

const SOL_SOCKET = 1;
const SO_DETACH_FILTER = 27;
const SO_ATTACH_BPF = 50;

/** The value of an option. */
export function int32(value: number): Uint8Array {
  const out = new Uint8Array(4);
  viewOf(out).setInt32(0, value, little);
  return out;
}

/** A socket-filter program drops packets before they are queued. @throws SystemError EPERM, EINVAL (another kind of program) */
export function attachFilter(fd: Fd, program: number): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_ATTACH_BPF, int32(program));
}

/** @throws SystemError ENOENT where no filter is attached */
export function detachFilter(fd: Fd): void {
  native().setsockopt(fd.number, SOL_SOCKET, SO_DETACH_FILTER, int32(0));
}
