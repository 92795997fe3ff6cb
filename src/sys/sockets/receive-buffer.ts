// The size of a socket's receive buffer (man 7 socket, SO_RCVBUF and SO_RCVBUFFORCE).
import { native } from '../addon.js';
import { int32, SOL_SOCKET } from './socket-options.js';

const SO = { rcvbuf: 8, rcvbufForce: 33 } as const;
const BYTES_MAX = 0x7fffffff;

/** The kernel doubles `bytes`, for its own overhead. `force`: also more than net.core.rmem_max. @throws SystemError EPERM */
export function setReceiveBuffer(fd: number, bytes: number, force: boolean): void {
  native().setsockopt(fd, SOL_SOCKET, force ? SO.rcvbufForce : SO.rcvbuf, int32(Math.min(bytes, BYTES_MAX)));
}
