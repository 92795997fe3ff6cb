// A socket's receive buffer: its size (man 7 socket, SO_RCVBUF and SO_RCVBUFFORCE), and what found no room in it (SO_MEMINFO).
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { int32, SOL_SOCKET } from './socket-options.js';

const SO = { rcvbuf: 8, rcvbufForce: 33, memInfo: 55 } as const;
const BYTES_MAX = 0x7fffffff;
/** What SO_MEMINFO has (linux/sock_diag.h), in words: SK_MEMINFO_DROPS is the last. */
const [MEMINFO_WORDS, MEMINFO_DROPS] = [9, 8] as const;

/** The kernel doubles `bytes`, for its own overhead. `force`: also more than net.core.rmem_max. @throws SystemError EPERM */
export function setReceiveBuffer(fd: number, bytes: number, force: boolean): void {
  native().setsockopt(fd, SOL_SOCKET, force ? SO.rcvbufForce : SO.rcvbuf, int32(Math.min(bytes, BYTES_MAX)));
}

/** How many packets the kernel has dropped since the buffer was full. */
export function droppedPackets(fd: number): number {
  const info = new Uint8Array(4 * MEMINFO_WORDS);
  native().getsockopt(fd, SOL_SOCKET, SO.memInfo, info);
  return viewOf(info).getUint32(4 * MEMINFO_DROPS, little);
}
