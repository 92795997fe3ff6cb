// The proxy's machine on sockets in memory: what clients and servers send is scripted, what they receive is collected, and the kernel takes as
// many bytes as a test lets it.

import assert from 'node:assert/strict';
import type { AccessRecord } from '../../src/control/proxy/access-record.js';
import { AGAIN, HANG_UP, PEER_CLOSED, type ProxyEdge, READABLE, Slab, WRITABLE } from '../../src/control/proxy/edge.js';
import { ModelRouter } from '../../src/control/proxy/model-router.js';
import { ProxyMachine } from '../../src/control/proxy/proxy-machine.js';
import type { Address } from '../../src/model/address.js';
import { parseAddress } from '../../src/model/address-text.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../src/model/layer7/defaults.js';
import type { ClientLimits, Layer7 } from '../../src/model/layer7/layer7.js';
import type { Pool, PoolServer } from '../../src/model/layer7/pool.js';
import type { Proxying } from '../../src/model/layer7/proxying.js';
import type { Action } from '../../src/model/layer7/route.js';

const RESET = -104;
const SET_FULL = -28;
const NO_DESCRIPTOR = -24;

/** One end of a connection: what the other one does with it. */
export class MemorySocket {
  readonly incoming: Buffer[] = [];
  ended = false;
  broken = false;
  received = '';
  acknowledges = false;
  /** The proxy closed it, or its sending side. */
  isClosed = false;
  isShut = false;
  /** Undefined: the proxy does not watch it yet. */
  watched: number | undefined;
  /** The proxy announced the end behind what it sent last, all of which the kernel took. */
  endFollows = false;
  /** Of those received, how many bytes wait in the kernel for that end. */
  held = 0;
  /** How many bytes the kernel still takes. */
  room = Number.POSITIVE_INFINITY;
  /** It breaks when that is used up. */
  breaksBehindRoom = false;

  constructor(
    readonly fd: number,
    readonly server: PoolServer | undefined,
  ) {}

  events(): number {
    if (this.isClosed || this.watched === undefined) return 0;
    if (this.broken) return HANG_UP | (this.watched & READABLE);
    const readable = this.incoming.length > 0 ? READABLE : 0;
    const end = this.ended ? READABLE | PEER_CLOSED : 0;
    return (this.watched & (readable | end)) | (this.room > 0 ? this.watched & WRITABLE : 0);
  }
}

class MemoryEdge implements ProxyEdge {
  readonly #buffer = Buffer.alloc(Slab.bytes);
  readonly slab = new Uint8Array(this.#buffer.buffer, this.#buffer.byteOffset, Slab.bytes);
  readonly sockets: MemorySocket[] = [];
  readonly records: AccessRecord[] = [];
  /** Servers that refuse connections, by name. */
  readonly refusing = new Set<string>();
  /** How they do that. */
  refusal = -111;
  /** No further descriptor can be watched. */
  isSetFull = false;
  /** There is no descriptor for a connection. */
  isExhausted = false;
  /** How often the proxy sent something. */
  sends = 0;
  /** Called for each send before the kernel takes anything. */
  onSend: (socket: MemorySocket) => void = () => {};
  nowUs = 1_000_000;
  readonly log = (record: AccessRecord): void => void this.records.push(record);

  text(from: number, to: number): string {
    return this.#buffer.toString('latin1', from, to);
  }

  write(text: string, at: number): number {
    return this.#buffer.write(text, at, 'latin1');
  }

  add(server: PoolServer | undefined): MemorySocket {
    const socket = new MemorySocket(this.sockets.length, server);
    this.sockets.push(socket);
    return socket;
  }

  connect(server: PoolServer): number {
    if (this.isExhausted) return NO_DESCRIPTOR;
    if (this.refusing.has(server.name)) return this.refusal;
    const socket = this.add(server);
    socket.watched = READABLE | PEER_CLOSED;
    return socket.fd;
  }

  recv(fd: number, offset: number, length: number): number {
    const socket = this.sockets[fd]!;
    if (socket.broken) return RESET;
    const [piece] = socket.incoming;
    if (piece === undefined) return socket.ended ? 0 : AGAIN;
    const count = piece.copy(this.#buffer, offset, 0, length);
    if (count === piece.length) socket.incoming.shift();
    else socket.incoming[0] = piece.subarray(count);
    return count;
  }

  send(fd: number, offset: number, length: number, endFollows: boolean): number {
    const socket = this.sockets[fd]!;
    this.sends++;
    this.onSend(socket);
    if (socket.broken) return RESET;
    const count = Math.min(socket.room, length);
    socket.endFollows = endFollows && count === length;
    socket.held = socket.endFollows ? count : 0;
    if (count === 0) return AGAIN;
    socket.room -= count;
    socket.broken = socket.room === 0 && socket.breaksBehindRoom;
    socket.received += this.#buffer.toString('latin1', offset, offset + count);
    return count;
  }

  watch(fd: number, events: number, isNew: boolean): number {
    const socket = this.sockets[fd]!;
    assert.equal(socket.watched === undefined, isNew);
    if (this.isSetFull && isNew) return SET_FULL;
    socket.watched = events;
    return 0;
  }

  acknowledge(fd: number): void {
    this.sockets[fd]!.acknowledges = true;
  }

  shutdownWrite(fd: number): void {
    const socket = this.sockets[fd]!;
    socket.isShut = true;
    socket.held = 0;
  }

  localAddress(): Address {
    return parseAddress(OWN)!;
  }

  /** Where something was received that was not read, the kernel sends a reset, and nothing of what it held. */
  close(fd: number): void {
    const socket = this.sockets[fd]!;
    socket.isClosed = true;
    if (socket.incoming.length > 0) socket.received = socket.received.slice(0, socket.received.length - socket.held);
  }
}

export interface BedOptions {
  readonly servers?: number;
  readonly limits?: Partial<ClientLimits>;
  readonly proxying?: Partial<Proxying>;
  readonly pool?: Partial<Pool>;
  readonly explainToken?: string;
  /** Absent: ADDRESS. */
  readonly listensOn?: string;
  /** Of the only route; absent: it leads to the pool. */
  readonly action?: Action;
}

const ADDRESS = parseAddress('192.0.2.1')!;
const PORT = 1024;
/** Where clients connect to, whatever the listener is for. */
export const OWN = '192.0.2.100';

function modelOf({ servers = 2, limits, proxying, pool, listensOn, action = { kind: 'pool', pool: 'p' } }: BedOptions): Layer7 {
  const path = { kind: 'prefix', path: '/', beforeExpressions: false } as const;
  const list = Array.from({ length: servers }, (_, index) => ({
    ...defaultServer,
    name: `s${index + 1}`,
    address: parseAddress(`198.51.100.${index + 1}`)!,
    port: 80,
  }));
  const route = {
    match: { path, methods: [], fields: [], cookies: [] },
    action,
    proxying: { ...defaultProxying, ...proxying },
  } as const;
  return {
    listeners: [{ name: 'l', address: listensOn === undefined ? ADDRESS : parseAddress(listensOn)!, port: 80, proxyFrom: [] }],
    hosts: [{ label: 'h', names: [], listeners: ['l'], defaultOn: ['l'], routes: [route] }],
    pools: [{ name: 'p', servers: list, balance: { kind: 'round_robin' }, keepAlive: defaultKeepAlive, ...pool }],
    limits: { ...defaultClientLimits, ...limits },
  };
}

export class ProxyBed {
  readonly edge = new MemoryEdge();
  readonly model: Layer7;
  readonly router: ModelRouter;
  readonly machine: ProxyMachine;

  constructor(options: BedOptions = {}) {
    this.model = modelOf(options);
    this.router = new ModelRouter(this.model, { secret: new Uint8Array(32), chance: [1, 2, 3, 4] });
    this.machine = new ProxyMachine(this.edge, { router: this.router, limits: this.model.limits, explainToken: options.explainToken });
  }

  /** `sent`: what is there when the connection is accepted. */
  client(sent = ''): MemorySocket {
    const socket = this.edge.add(undefined);
    if (sent !== '') socket.incoming.push(Buffer.from(sent, 'latin1'));
    this.machine.accepted(socket.fd, ADDRESS, PORT, this.model.listeners[0]!);
    return socket;
  }

  /** The connections to servers that were made, in their order. */
  get servers(): readonly MemorySocket[] {
    return this.edge.sockets.filter(({ server }) => server !== undefined);
  }

  /** Begins with descriptors of no use so far. @throws Error where one is still open */
  forgetClosed(): void {
    const left = this.edge.sockets.find(({ isClosed }) => !isClosed);
    if (left !== undefined) throw new Error(`left open: ${left.server?.name ?? 'a client'} ${left.received}`);
    this.edge.sockets.length = 0;
    this.edge.records.length = 0;
  }

  /** A socket receives these pieces, each by a read of its own. */
  feed(socket: MemorySocket, ...pieces: readonly string[]): void {
    for (const piece of pieces) {
      if (piece !== '') socket.incoming.push(Buffer.from(piece, 'latin1'));
      this.settle();
    }
  }

  end(socket: MemorySocket): void {
    socket.ended = true;
    this.settle();
  }

  break(socket: MemorySocket): void {
    socket.broken = true;
    this.settle();
  }

  room(socket: MemorySocket, bytes: number): void {
    socket.room = bytes;
    this.settle();
  }

  /** Handles events until there are none. @throws Error where they do not end */
  settle(): void {
    for (let round = 0; round < 10_000; round++) {
      const late = this.edge.sockets.find(({ endFollows, isShut, isClosed }) => endFollows && !isShut && !isClosed);
      if (late !== undefined) throw new Error(`the end that was announced behind ${late.received} did not come`);
      const ready = this.edge.sockets.filter((socket) => socket.events() !== 0);
      if (ready.length === 0) return;
      for (const socket of ready) if (!socket.isClosed) this.machine.ready(socket.fd, socket.events());
    }
    throw new Error('events without end');
  }

  wait(seconds: number): void {
    this.edge.nowUs += seconds * 1e6;
    this.machine.tick();
    this.settle();
  }
}
