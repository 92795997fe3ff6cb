// What sockets that a check opens have in common: where from they ask, and what is reported of them.
import { type Address, isLinkLocal } from '../../model/address.js';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { native } from '../addon.js';
import { hasCode, isSystemError, reasonOf } from '../errno.js';
import { closeOnError, Fd } from '../fd.js';
import { AF, ANY, socketAddress, spareSocketAddress } from './socket-address.js';
import { bindToDevice, int32, reuseAddress, SOL_SOCKET } from './socket-options.js';

const SO_ERROR = 4;
const SO_MARK = 36;

export interface ClientOptions {
  readonly address: Address;
  readonly port: number;
  readonly bindAddress?: Address | undefined;
  readonly bindPort?: number | undefined;
  readonly bindInterface?: string | undefined;
  /** SO_MARK */
  readonly mark?: number | undefined;
}

export interface ClientEvents {
  connected(): void;
  /** A copy. */
  received(bytes: Uint8Array): void;
  ended(): void;
  /** `unreachable`: connect(2) itself failed, for want of a way to the server. `reason`: the system's text. */
  failed(phase: 'unreachable' | 'connect' | 'read' | 'write', reason: string, errno?: number): void;
}

/** Something a check talks by. Events come from the event loop only, and none after `close`. */
export interface Client {
  send(bytes: Uint8Array): void;
  /** Closing twice does nothing. */
  close(): void;
}

/** A socket bound as wanted. @throws SystemError EMFILE, EADDRNOTAVAIL, EADDRINUSE, ENODEV, EPERM */
export function openClient(options: ClientOptions, type: number, protocol: number, what: string): Fd {
  const { address, bindAddress, bindPort, bindInterface, mark } = options;
  return closeOnError(new Fd(native().socket(AF[address.family], type, protocol), what), (fd) => {
    if (mark !== undefined && mark !== 0) native().setsockopt(fd.number, SOL_SOCKET, SO_MARK, int32(mark));
    if (bindInterface !== undefined) bindToDevice(fd, bindInterface);
    if (bindAddress !== undefined || bindPort !== undefined) {
      reuseAddress(fd);
      native().bind(fd.number, socketAddress(bindAddress ?? ANY[address.family], bindPort ?? 0));
    }
    return fd;
  });
}

/** What connect(2) reports of the way to a server, and not of this host alone. */
const UNREACHABLE = [
  'ENETUNREACH',
  'EHOSTUNREACH',
  'ECONNREFUSED',
  'EHOSTDOWN',
  'ENETDOWN',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
] as const;

/** Begins to connect: undefined, or why there is no way to the server. @throws SystemError where this host refuses: EACCES, EADDRNOTAVAIL, … */
export function beginConnect(
  fd: Fd,
  { address, port, bindInterface }: ClientOptions,
): { readonly reason: string; readonly errno: number } | undefined {
  const scope = isLinkLocal(address) && bindInterface !== undefined ? native().ifNameToIndex(bindInterface) : 0;
  try {
    native().connect(fd.number, spareSocketAddress(address, port, scope));
    return undefined;
  } catch (error) {
    if (!isSystemError(error) || !hasCode(error, ...UNREACHABLE)) throw error;
    return { reason: reasonOf(error), errno: error.errno };
  }
}

/** The error that waits on a socket; 0: none. */
export function socketError(fd: Fd): number {
  const value = new Uint8Array(4);
  native().getsockopt(fd.number, SOL_SOCKET, SO_ERROR, value);
  return viewOf(value).getInt32(0, little);
}
