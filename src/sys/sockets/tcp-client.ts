// A TCP connection of our own to a server (man 7 tcp).
import { getSystemErrorMap } from 'node:util';
import { IpProtocol } from '../../model/ip-protocol.js';
import { native } from '../addon.js';
import { hasCode, isSystemError, reasonOf } from '../errno.js';
import type { Fd } from '../fd.js';
import type { PollHandle } from '../native.js';
import { beginConnect, type Client, type ClientEvents, type ClientOptions, openClient, socketError } from './client-socket.js';

const SOCK_STREAM = 1;
const POLLIN = 1;
const POLLOUT = 4;
/** One turn of the event loop takes at most so much of one connection. */
const READ_BYTES = 64 * 1024;

const buffer = new Uint8Array(READ_BYTES);

export class TcpClient implements Client {
  readonly #fd: Fd;
  #poll: PollHandle | undefined;

  /** @throws SystemError where no socket could be made or bound */
  constructor(
    options: ClientOptions,
    readonly events: ClientEvents,
  ) {
    this.#fd = openClient(options, SOCK_STREAM, IpProtocol.tcp, 'check by tcp');
    const refused = beginConnect(this.#fd, options);
    if (refused === undefined) this.#poll = native().pollStart(this.#fd.number, POLLOUT, () => this.#settle());
    else setImmediate(() => this.#fd.isOpen && events.failed('unreachable', refused));
  }

  #settle(): void {
    const errno = socketError(this.#fd);
    this.#stopPolling();
    if (errno !== 0) this.events.failed('connect', getSystemErrorMap().get(-errno)?.[1] ?? `error ${errno}`);
    else this.events.connected();
  }

  /** From now on what comes in is reported. */
  read(): void {
    if (this.#fd.isOpen) this.#poll = native().pollStart(this.#fd.number, POLLIN, () => this.#receive());
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

  #finish(report: () => void): void {
    this.#stopPolling();
    report();
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
    this.#stopPolling();
    return this.#fd.release();
  }

  #stopPolling(): void {
    if (this.#poll !== undefined) native().pollStop(this.#poll);
    this.#poll = undefined;
  }

  close(): void {
    this.#stopPolling();
    this.#fd.close();
  }
}
