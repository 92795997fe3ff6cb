// Who connected to a Unix socket: SO_PEERCRED (man 7 unix), for which Node has no call.
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { SOL_SOCKET } from './socket-options.js';

const SO_PEERCRED = 17;
const STRUCT_UCRED = 12;

export interface PeerCredentials {
  /** As they were when it connected; the process may have ended since. */
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
}

/** `fd`: of a connected Unix socket. @throws SystemError */
export function peerCredentials(fd: number): PeerCredentials {
  const value = new Uint8Array(STRUCT_UCRED);
  native().getsockopt(fd, SOL_SOCKET, SO_PEERCRED, value);
  const view = viewOf(value);
  return { pid: view.getInt32(0, little), uid: view.getUint32(4, little), gid: view.getUint32(8, little) };
}
