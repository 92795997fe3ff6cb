// Many stream sockets of one thread: an epoll set under one watch of the event loop, and one slab through which all bytes pass. What the
// system refuses is a negative errno. A descriptor that is closed within a batch of events is closed behind it, so that no event of that batch
// belongs to a later socket of the same number.
import { constants } from 'node:os';
import type { Address } from '../../model/address.js';
import { native } from '../addon.js';
import { addressIn, portIn, socketAddress } from '../sockets/socket-address.js';

/** Events of epoll. Errors and hang-ups are always reported. */
export const Events = { readable: 1, writable: 4, error: 8, hangUp: 16, peerClosed: 0x2000 } as const;
/** What is watched of a socket from which bytes are wanted. */
export const READING = Events.readable | Events.peerClosed;
export const AGAIN = -constants.errno.EAGAIN;

const ACCEPT_BYTES = 36;
const ACCEPT_MAX = 64;
const BACKLOG_MAX = 4096;
const IPV4_BYTES = 16;

/** A connection that was accepted, and its client. */
export interface Accepted {
  readonly fd: number;
  readonly address: Address;
  readonly port: number;
}

/** Reports a descriptor's events; those of a batch come one after the other. */
export type OnEvents = (fd: number, events: number) => void;

export class Reactor {
  readonly slab: Buffer;
  readonly #native = native();
  readonly #events: Int32Array;
  readonly #onEvents: OnEvents;
  readonly #onBatch: () => void;
  /** To be closed behind the batch; undefined: there is no batch. */
  #closing: number[] | undefined;

  /** `onBatch`: before the events of each batch. @throws SystemError EBUSY: this thread has one; ENOMEM */
  constructor(slabBytes: number, onEvents: OnEvents, onBatch: () => void) {
    const { slab, events } = this.#native.reactorOpen(slabBytes, (count) => this.#batch(count));
    this.slab = Buffer.from(slab);
    this.#events = new Int32Array(events);
    this.#onEvents = onEvents;
    this.#onBatch = onBatch;
  }

  #batch(count: number): void {
    const closing: number[] = [];
    this.#closing = closing;
    try {
      this.#onBatch();
      for (let index = 0; index < count; index++) this.#onEvents(this.#events[2 * index]!, this.#events[2 * index + 1]!);
    } finally {
      this.#closing = undefined;
      for (const fd of closing) this.#native.reactorCloseFd(fd);
    }
  }

  /** A listening socket, not watched yet; or -errno. */
  listen(address: Address, port: number, backlog = BACKLOG_MAX): number {
    return this.#native.reactorListen(socketAddress(address, port), backlog);
  }

  /** Watches a descriptor that this reactor did not make. */
  add(fd: number, events: number): number {
    return this.#native.reactorAdd(fd, events);
  }

  watch(fd: number, events: number): number {
    return this.#native.reactorWatch(fd, events);
  }

  /** The descriptor stays open, for another to watch. */
  remove(fd: number): number {
    return this.#native.reactorRemove(fd, 0);
  }

  /** The connections that wait, at most 64, watched for reading; or -errno. It writes to the slab from `offset` on. */
  accept(listener: number, offset: number): readonly Accepted[] | number {
    const count = this.#native.reactorAccept(listener, offset, READING);
    if (count < 0) return count;
    const accepted: Accepted[] = [];
    for (let index = 0, at = offset; index < count; index++, at += ACCEPT_BYTES) {
      const bytes = this.slab.subarray(at + 8, at + ACCEPT_BYTES);
      const family = this.slab.readInt32LE(at + 4) === IPV4_BYTES ? 'inet' : 'inet6';
      accepted.push({ fd: this.slab.readInt32LE(at), address: addressIn(bytes, family), port: portIn(bytes) });
    }
    return accepted;
  }

  /** How many bytes `accept` may write. */
  static readonly acceptBytes = ACCEPT_BYTES * ACCEPT_MAX;

  /** A socket whose connection is under way, watched for reading; or -errno. `address`: a sockaddr. */
  connect(address: Uint8Array): number {
    return this.#native.reactorConnect(address, READING);
  }

  recv(fd: number, offset: number, length: number): number {
    return this.#native.reactorRecv(fd, offset, length);
  }

  send(fd: number, offset: number, length: number): number {
    return this.#native.reactorSend(fd, offset, length);
  }

  /** Two parts of the slab by one system call. */
  send2(fd: number, offset: number, length: number, offset2: number, length2: number): number {
    return this.#native.reactorSend(fd, offset, length, offset2, length2);
  }

  shutdownWrite(fd: number): number {
    return this.#native.reactorShutdown(fd);
  }

  errorOf(fd: number): number {
    return this.#native.reactorError(fd);
  }

  closeFd(fd: number): void {
    if (this.#closing === undefined) this.#native.reactorCloseFd(fd);
    else this.#closing.push(fd);
  }

  /** Closes the set; sockets stay open. */
  close(): void {
    this.#native.reactorClose();
  }
}
