// Many stream sockets of one thread: an epoll set under one watch of the event loop, and one slab through which all bytes pass. What the
// system refuses is a negative errno. A batch of events is older than what is opened within it: those of a descriptor that was closed meanwhile
// are left out, since a later socket may have its number.
import type { Address } from '../../model/address.js';
import { native } from '../addon.js';
import { unlessCode } from '../errno.js';
import { addressIn, portIn, socketAddress } from '../sockets/socket-address.js';

/** Events of epoll. Errors and hang-ups are always reported. */
export const Events = { readable: 1, writable: 4, error: 8, hangUp: 16, peerClosed: 0x2000 } as const;
/** What is watched of a socket from which bytes are wanted. */
export const READING = Events.readable | Events.peerClosed;

const ACCEPT_BYTES = 36;
const ACCEPT_MAX = 64;
const BACKLOG_MAX = 4096;
const IPV4_BYTES = 16;
const ADDRESS_BYTES = 28;

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
  /** Descriptors that were closed within the batch that is handled. */
  readonly #closed: number[] = [];

  /** `onBatch`: before the events of each batch. @throws SystemError EBUSY: this thread has one; ENOMEM */
  constructor(slabBytes: number, onEvents: OnEvents, onBatch: () => void) {
    const { slab, events } = this.#native.reactorOpen(slabBytes, (count) => this.#batch(count));
    this.slab = Buffer.from(slab);
    this.#events = new Int32Array(events);
    this.#onEvents = onEvents;
    this.#onBatch = onBatch;
  }

  #batch(count: number): void {
    this.#closed.length = 0;
    this.#onBatch();
    for (let index = 0; index < count; index++) {
      const fd = this.#events[2 * index]!;
      if (!this.#closed.includes(fd)) this.#onEvents(fd, this.#events[2 * index + 1]!);
    }
  }

  /** A listening socket, not watched yet; or -errno. */
  listen(address: Address, port: number, backlog = BACKLOG_MAX): number {
    return this.#native.reactorListen(socketAddress(address, port), backlog);
  }

  /** Watches a descriptor that is not watched yet. */
  add(fd: number, events: number): number {
    return this.#native.reactorAdd(fd, events);
  }

  /** Watches an accepted connection that was not watched so far. */
  adopt(fd: number, events: number): number {
    return this.#native.reactorAdopt(fd, events);
  }

  /** For a request that comes in pieces: until then a connection acknowledges together with its answer. */
  acknowledge(fd: number): number {
    return this.#native.reactorAcknowledge(fd);
  }

  watch(fd: number, events: number): number {
    return this.#native.reactorWatch(fd, events);
  }

  /** The descriptor stays open, for another to watch. */
  remove(fd: number): number {
    return this.#native.reactorRemove(fd, 0);
  }

  /** The connections that wait, at most 64, or -errno; `events`: what is watched of them, 0: nothing yet. It writes to the slab from `offset` on. */
  accept(listener: number, offset: number, events: number): readonly Accepted[] | number {
    const count = this.#native.reactorAccept(listener, offset, events);
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

  /** `endFollows`: the caller ends the stream next, and the last segment waits for that: one packet, not two. */
  send(fd: number, offset: number, length: number, endFollows = false): number {
    return this.#native.reactorSend(fd, offset, length, endFollows);
  }

  shutdownWrite(fd: number): number {
    return this.#native.reactorShutdown(fd);
  }

  /** A socket's own address; undefined: it has none any more. */
  localAddress(fd: number): Address | undefined {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    const length = unlessCode(() => this.#native.getsockname(fd, bytes), ['EINVAL', 'ENOTCONN'], 0);
    return length === 0 ? undefined : addressIn(bytes, length === IPV4_BYTES ? 'inet' : 'inet6');
  }

  errorOf(fd: number): number {
    return this.#native.reactorError(fd);
  }

  closeFd(fd: number): void {
    this.#closed.push(fd);
    this.#native.reactorCloseFd(fd);
  }

  /** Closes the set; sockets stay open. */
  close(): void {
    this.#native.reactorClose();
  }
}
