// The edge of connections that Node's TLS carries: what it has decrypted is received, what is sent goes into it to be encrypted. Descriptors are
// numbers of this edge alone. The slab and the clock are those of the reactor's edge.
import { constants } from 'node:os';
import type { TLSSocket } from 'node:tls';
import { AGAIN, ERROR, PEER_CLOSED, READABLE, type StreamEdge, WRITABLE } from '../control/proxy/edge.js';
import type { Address } from '../model/address.js';
import { parseAddress } from '../model/address-text.js';
import type { ReactorEdge } from './reactor-edge.js';

/** What waits for the client at most. It counts as taken when all of it is: a client that takes so much within its time is not too slow. */
const WAITING_MAX_BYTES = 65_536;
const { ECONNRESET, EPIPE } = constants.errno;

class TlsConnection {
  #received: Buffer[] = [];
  #watched = READABLE | PEER_CLOSED;
  #error = 0;
  #hasEnded = false;
  #isDelivering = false;
  isOpen = true;

  constructor(
    readonly socket: TLSSocket,
    /** Outside of the machine's own calls. */
    readonly onReady: (events: number) => void,
  ) {
    socket.on('data', (bytes: Buffer) => {
      this.#received.push(bytes);
      this.#deliver();
    });
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#deliver();
    });
    socket.on('drain', () => {
      if ((this.#watched & WRITABLE) !== 0) this.#report(WRITABLE);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => this.#fail(error.errno ?? -ECONNRESET));
    socket.on('close', () => this.#fail(-ECONNRESET));
  }

  #report(events: number): void {
    if (this.isOpen) this.onReady(events);
  }

  #fail(error: number): void {
    this.#error = error;
    this.#report(ERROR);
  }

  /** As an epoll set would: as long as it is watched and there is something. */
  #deliver(): void {
    if (!this.isOpen || this.#isDelivering) return;
    this.#isDelivering = true;
    while (this.isOpen && (this.#watched & READABLE) !== 0 && (this.#received.length > 0 || this.#hasEnded)) this.onReady(READABLE);
    this.#isDelivering = false;
    if (this.isOpen && this.#received.length > 0) this.socket.pause();
  }

  recv(slab: Uint8Array, offset: number, length: number): number {
    if (this.#error !== 0) return this.#error;
    const [first] = this.#received;
    if (first === undefined) return this.#hasEnded ? 0 : AGAIN;
    const piece = first.subarray(0, length);
    slab.set(piece, offset);
    if (piece.length === first.length) this.#received.shift();
    else this.#received[0] = first.subarray(length);
    return piece.length;
  }

  /** As many as have room, or AGAIN. They are copied. */
  send(bytes: Uint8Array): number {
    if (this.#error !== 0 || !this.socket.writable) return this.#error || -EPIPE;
    const room = WAITING_MAX_BYTES - this.socket.writableLength;
    if (room <= 0) return AGAIN;
    const taken = Buffer.from(bytes.subarray(0, room));
    this.socket.write(taken);
    return taken.length;
  }

  watch(events: number): void {
    const reads = (events & ~this.#watched & READABLE) !== 0;
    this.#watched = events;
    if (!reads) return;
    if (this.#received.length === 0 && !this.#hasEnded) this.socket.resume();
    else process.nextTick(() => this.#deliver());
  }

  shutdownWrite(): void {
    this.socket.end();
  }

  /** What waits is sent first, within `withinMs`: a client that takes nothing would hold the socket for ever. `isCut`: its answer is not whole. */
  close(withinMs: number, isCut: boolean): void {
    this.isOpen = false;
    this.#received = [];
    if (isCut) {
      this.socket.destroy();
      return;
    }
    const timer = setTimeout(() => this.socket.destroy(), withinMs).unref();
    this.socket.once('close', () => clearTimeout(timer));
    this.socket.resume();
    this.socket.destroySoon();
  }
}

export class TlsEdge implements StreamEdge {
  readonly slab: Uint8Array;
  readonly #connections: (TlsConnection | undefined)[] = [];
  readonly #free: number[] = [];
  /** Those that the machine has closed and that still send what waits. */
  readonly #closing = new Set<TLSSocket>();
  /** How long they may take. */
  closeMs = 0;

  constructor(readonly plain: ReactorEdge) {
    this.slab = plain.slab;
  }

  get nowUs(): number {
    return this.plain.nowUs;
  }

  /** A descriptor, watched. `onReady`: its events. */
  add(socket: TLSSocket, onReady: (fd: number, events: number) => void): number {
    const fd = this.#free.pop() ?? this.#connections.length;
    this.#connections[fd] = new TlsConnection(socket, (events) => {
      this.plain.readClock();
      onReady(fd, events);
    });
    return fd;
  }

  write(text: string, at: number): number {
    return this.plain.write(text, at);
  }

  recv(fd: number, offset: number, length: number): number {
    return this.#connections[fd]!.recv(this.slab, offset, length);
  }

  send(fd: number, offset: number, length: number): number {
    return this.#connections[fd]!.send(this.slab.subarray(offset, offset + length));
  }

  watch(fd: number, events: number): number {
    this.#connections[fd]!.watch(events);
    return 0;
  }

  /** It does so already. */
  acknowledge(): void {}

  shutdownWrite(fd: number): void {
    this.#connections[fd]!.shutdownWrite();
  }

  localAddress(fd: number): Address | undefined {
    const { localAddress } = this.#connections[fd]!.socket;
    return localAddress === undefined ? undefined : parseAddress(localAddress);
  }

  close(fd: number, isCut = false): void {
    const connection = this.#connections[fd]!;
    const { socket } = connection;
    this.#connections[fd] = undefined;
    this.#free.push(fd);
    connection.close(this.closeMs, isCut);
    if (socket.destroyed) return;
    this.#closing.add(socket);
    socket.once('close', () => this.#closing.delete(socket));
  }

  get closing(): ReadonlySet<TLSSocket> {
    return this.#closing;
  }
}
