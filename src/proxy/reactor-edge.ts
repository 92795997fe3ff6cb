// The proxy's edge on the system: a reactor, its slab, and a clock that is read once for each batch of events.
import type { AccessRecord } from '../control/proxy/access-record.js';
import { type ProxyEdge, Slab } from '../control/proxy/edge.js';
import type { Address } from '../model/address.js';
import type { PoolServer } from '../model/layer7/pool.js';
import { monotonicUs } from '../sys/clock.js';
import { type OnEvents, READING, Reactor } from '../sys/reactor/reactor.js';
import { socketAddress } from '../sys/sockets/socket-address.js';

/** Accepted connections are written where no received byte stands. */
const ACCEPT_AT = 0;

/** Node's own methods for latin1, which are not typed. */
interface Latin1Buffer {
  latin1Slice(from: number, to: number): string;
  latin1Write(text: string, at: number): number;
}

export class ReactorEdge implements ProxyEdge {
  /** No Buffer, whose `slice` would not copy. */
  readonly slab: Uint8Array;
  readonly #text: Latin1Buffer;
  readonly reactor: Reactor;
  nowUs = monotonicUs();
  readonly #addresses = new WeakMap<PoolServer, Uint8Array>();

  constructor(
    onEvents: OnEvents,
    readonly log: ((record: AccessRecord) => void) | undefined,
  ) {
    this.reactor = new Reactor(Slab.bytes, onEvents, () => this.readClock());
    const { slab } = this.reactor;
    this.slab = new Uint8Array(slab.buffer, slab.byteOffset, slab.length);
    this.#text = slab as Buffer & Latin1Buffer;
  }

  readClock(): void {
    this.nowUs = monotonicUs();
  }

  text(from: number, to: number): string {
    return this.#text.latin1Slice(from, to);
  }

  write(text: string, at: number): number {
    return this.#text.latin1Write(text, at);
  }

  connect(server: PoolServer): number {
    let address = this.#addresses.get(server);
    if (address === undefined) {
      address = socketAddress(server.address, server.port);
      this.#addresses.set(server, address);
    }
    return this.reactor.connect(address);
  }

  /** The connections that wait, and are watched for reading where `isWatched`; or -errno. */
  accept(listener: number, isWatched: boolean): ReturnType<Reactor['accept']> {
    return this.reactor.accept(listener, ACCEPT_AT, isWatched ? READING : 0);
  }

  recv(fd: number, offset: number, length: number): number {
    return this.reactor.recv(fd, offset, length);
  }

  send(fd: number, offset: number, length: number, endFollows: boolean): number {
    return this.reactor.send(fd, offset, length, endFollows);
  }

  watch(fd: number, events: number, isNew: boolean): number {
    return isNew ? this.reactor.adopt(fd, events) : this.reactor.watch(fd, events);
  }

  acknowledge(fd: number): void {
    this.reactor.acknowledge(fd);
  }

  shutdownWrite(fd: number): void {
    this.reactor.shutdownWrite(fd);
  }

  localAddress(fd: number): Address | undefined {
    return this.reactor.localAddress(fd);
  }

  close(fd: number): void {
    this.reactor.closeFd(fd);
  }
}
