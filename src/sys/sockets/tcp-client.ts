// A TCP connection of our own to a server (man 7 tcp).
import { getSystemErrorMap } from 'node:util';
import { IpProtocol } from '../../model/ip-protocol.js';
import { native } from '../addon.js';
import { hasCode, isSystemError, reasonOf } from '../errno.js';
import { closeOnError, type Fd } from '../fd.js';
import { beginConnect, type Client, type ClientEvents, type ClientOptions, openClient, socketError } from './client-socket.js';
import { BROKEN, READABLE, type Registration, WRITABLE, whenReady } from './readiness.js';
import { SOCK } from './socket-address.js';

/** One turn of the event loop takes at most so much of one connection. */
const READ_BYTES = 64 * 1024;

const buffer = new Uint8Array(READ_BYTES);

export class TcpClient implements Client {
  readonly #fd: Fd;
  #registration: Registration | undefined;
  #work = (ready: number): void => this.#settle(ready);

  /** @throws SystemError where no socket could be made or bound */
  constructor(
    options: ClientOptions,
    readonly events: ClientEvents,
  ) {
    this.#fd = openClient(options, SOCK.stream, IpProtocol.tcp, 'check by tcp');
    const refused = closeOnError(this.#fd, (fd) => beginConnect(fd, options));
    if (refused !== undefined) setImmediate(() => this.#fd.isOpen && events.failed('unreachable', refused.reason, refused.errno));
    else this.#registration = closeOnError(this.#fd, ({ number }) => whenReady(number, WRITABLE, (ready) => this.#work(ready)));
  }

  #settle(ready: number): void {
    const errno = (ready & BROKEN) === 0 ? 0 : socketError(this.#fd);
    if (errno !== 0) {
      this.#finish(() => this.events.failed('connect', getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`));
      return;
    }
    const registration = this.#registration;
    this.#work = () => this.#receive();
    this.events.connected();
    // Whoever was asked may have closed it, or taken it over.
    if (this.#registration === registration) registration?.change(READABLE);
  }

  #receive(): void {
    try {
      const length = native().recvfrom(this.#fd.number, buffer);
      if (length > 0) this.events.received(buffer.slice(0, length));
      else if (length === 0) this.#finish(() => this.events.ended());
    } catch (error) {
      if (!isSystemError(error)) throw error;
      this.#finish(() => this.events.failed('read', reasonOf(error)));
    }
  }

  /** After it nothing more is reported. As a rule who gets it closes the socket, which takes it out of the set at no cost. */
  #finish(report: () => void): void {
    const registration = this.#registration;
    report();
    if (registration !== undefined && this.#registration === registration) this.#stop();
  }

  /** Small enough for an empty send buffer: what does not fit counts as a failure. */
  send(bytes: Uint8Array): void {
    try {
      const sent = native().sendto(this.#fd.number, bytes);
      if (sent < bytes.length) setImmediate(() => this.#fd.isOpen && this.events.failed('write', 'the send buffer is full'));
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const reason = hasCode(error, 'EAGAIN') ? 'the send buffer is full' : reasonOf(error);
      setImmediate(() => this.#fd.isOpen && this.events.failed('write', reason));
    }
  }

  /** Hands the connection over to the caller, who closes the descriptor. */
  release(): number {
    this.#stop();
    return this.#fd.release();
  }

  #stop(): void {
    this.#registration?.remove();
    this.#registration = undefined;
  }

  /**
   * Without SO_LINGER, which keepalived sets to 5 s: close(2) then waits so long for a server that does not acknowledge, and all other checks
   * with it. What is sent is the same.
   */
  close(): void {
    this.#registration?.forget();
    this.#registration = undefined;
    this.#fd.close();
  }
}
