// How much may wait in a socket until we read it (man 7 socket, SO_RCVBUF and SO_RCVBUFFORCE).
import { native } from '../addon.js';
import { int32 } from './socket-options.js';

const SOL_SOCKET = 1;
const SO = { rcvbuf: 8, rcvbufForce: 33 } as const;
const MOST = 0x7fffffff;

/** The kernel takes twice as many `bytes`, for its own book-keeping. `force`: beyond net.core.rmem_max. @throws SystemError EPERM */
export function setReceiveBuffer(fd: number, bytes: number, force: boolean): void {
  native().setsockopt(fd, SOL_SOCKET, force ? SO.rcvbufForce : SO.rcvbuf, int32(Math.min(bytes, MOST)));
}
