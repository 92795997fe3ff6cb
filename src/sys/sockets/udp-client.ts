// A connected socket of datagrams: it receives its peer's alone, and the ICMP errors about its own as errors (man 7 udp).
import { addressId } from '../../model/identity.js';
import { IpProtocol } from '../../model/ip-protocol.js';
import { native } from '../addon.js';
import { isSystemError, reasonOf } from '../errno.js';
import { closeOnError, type Fd } from '../fd.js';
import type { PollHandle } from '../native.js';
import { POLLIN } from '../readable.js';
import { beginConnect, type Client, type ClientEvents, type ClientOptions, openClient } from './client-socket.js';
import { addressIn, SOCK, SOCKET_ADDRESS_BYTES } from './socket-address.js';
import { int32 } from './socket-options.js';

const buffer = new Uint8Array(65_536);
const from = new Uint8Array(SOCKET_ADDRESS_BYTES);

/** IP_RECVERR and IPV6_RECVERR, with their levels. */
const RECVERR = { inet: { level: 0, option: 11 }, inet6: { level: 41, option: 25 } } as const;

/** `everyIcmpError`: reports unreachable hosts and networks, too; otherwise a closed port only. @throws SystemError as `openClient` */
export function openUdp(options: ClientOptions, everyIcmpError: boolean): Fd {
  return closeOnError(openClient(options, SOCK.datagram, IpProtocol.udp, 'check by udp'), (fd) => {
    const { level, option } = RECVERR[options.address.family];
    if (everyIcmpError) native().setsockopt(fd.number, level, option, int32(1));
    return fd;
  });
}

export class DatagramClient implements Client {
  readonly #fd: Fd;
  #poll: PollHandle | undefined;

  /** @throws SystemError where no socket could be made or bound */
  constructor(
    readonly options: ClientOptions,
    readonly events: ClientEvents,
    open: () => Fd,
  ) {
    this.#fd = open();
    const refused = closeOnError(this.#fd, (fd) => beginConnect(fd, options));
    if (refused === undefined) this.#poll = native().pollStart(this.#fd.number, POLLIN, () => this.#receive());
    setImmediate(() => {
      if (!this.#fd.isOpen) return;
      if (refused === undefined) events.connected();
      else events.failed('unreachable', refused.reason, refused.errno);
    });
  }

  #receive(): void {
    try {
      const { address } = this.options;
      const length = native().recvfrom(this.#fd.number, buffer, from);
      // A ping socket that is connected receives from any address all the same.
      if (length >= 0 && addressId(addressIn(from, address.family)) === addressId(address)) this.events.received(buffer.slice(0, length));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.events.failed('read', reasonOf(error), error.errno);
    }
  }

  send(bytes: Uint8Array): void {
    try {
      native().sendto(this.#fd.number, bytes);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const [reason, { errno }] = [reasonOf(error), error];
      setImmediate(() => this.#fd.isOpen && this.events.failed('write', reason, errno));
    }
  }

  close(): void {
    if (this.#poll !== undefined) native().pollStop(this.#poll);
    this.#poll = undefined;
    this.#fd.close();
  }
}
