// Connections of listeners with TLS, from the accepted descriptor to the machine: the PROXY header where the listener has one, the handshake, and
// then a client like any other, on an edge of its own.
import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import type { ProxyMachine } from '../control/proxy/proxy-machine.js';
import type { StreamTable } from '../control/proxy/stream.js';
import type { Address } from '../model/address.js';
import { formatAddress } from '../model/address-text.js';
import type { Layer7 } from '../model/layer7/layer7.js';
import type { Listener } from '../model/layer7/listener.js';
import { FaultCounter } from './fault-counter.js';
import type { ReactorEdge } from './reactor-edge.js';
import { TlsEdge } from './tls-edge.js';
import { type ListenerCertificate, TlsListener } from './tls-listener.js';

const MS_US = 1000;
const nothing = new Uint8Array(0);

/** A connection before its handshake ended. */
interface Peer {
  readonly address: Address;
  readonly port: number;
  readonly listener: Listener;
  readonly socket: Socket;
}

/** Both ends of the socket itself; undefined: it is gone. */
const endsOf = ({ remoteAddress, remotePort, localAddress, localPort }: Socket): string | undefined =>
  remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort} ${localAddress} ${localPort}`;

export interface TlsSettings {
  readonly model: Layer7;
  readonly certificates: Readonly<Record<string, readonly ListenerCertificate[]>>;
  readonly ticketKeys: Buffer;
}

export class TlsFront {
  readonly #edge: TlsEdge;
  readonly #table: StreamTable;
  #listeners = new Map<string, TlsListener>();
  /** By endsOf. */
  readonly #peers = new Map<string, Peer>();
  readonly #faults: FaultCounter;
  #connectionsMax = 0;
  /** Sockets of Node that are not closed yet. */
  #open = 0;

  constructor(
    readonly plain: ReactorEdge,
    readonly machine: ProxyMachine,
    settings: TlsSettings,
    report: (text: string) => void,
  ) {
    this.#edge = new TlsEdge(plain);
    this.#table = machine.addTable(this.#edge);
    this.#faults = new FaultCounter(report);
    this.configure(settings);
  }

  get open(): number {
    return this.#open;
  }

  /** For handshakes that begin from now on. */
  configure({ model, certificates, ticketKeys }: TlsSettings): void {
    const handshakeMs = model.limits.headTimeoutUs / MS_US;
    this.#connectionsMax = model.limits.connectionsMax;
    this.#edge.closeMs = model.limits.sendTimeoutUs / MS_US;
    this.#listeners = new Map(
      model.listeners.flatMap(({ name, tls }) => {
        if (tls === undefined) return [];
        const settings = { certificates: certificates[name] ?? [], minVersion: tls.minVersion, handshakeMs, ticketKeys };
        const events = {
          secured: (socket: TLSSocket): void => this.#secured(socket),
          failed: (reason: string): void => this.#faults.add(`TLS on ${name}: handshake failed: ${reason}`),
        };
        return [[name, new TlsListener(settings, events)] as const];
      }),
    );
  }

  /** An accepted descriptor, which the reactor watches. */
  accepted(fd: number, address: Address, port: number, listener: Listener): void {
    if (listener.proxyFrom.length === 0) {
      this.#begin(fd, { address, port, listener }, nothing);
      return;
    }
    this.machine.acceptedProxied(fd, (header) => {
      if ('invalid' in header) this.#faults.add(`TLS on ${listener.name}: PROXY header of ${formatAddress(address)}: ${header.invalid}`);
      else {
        const { from, rest } = header;
        this.#begin(fd, { address: from?.source ?? address, port: from?.sourcePort ?? port, listener }, rest);
      }
    });
  }

  #begin(fd: number, peer: Omit<Peer, 'socket'>, rest: Uint8Array): void {
    const secure = this.#listeners.get(peer.listener.name);
    if (secure === undefined) {
      this.plain.close(fd);
      return;
    }
    this.plain.reactor.remove(fd);
    const socket = new Socket({ fd, allowHalfOpen: true });
    const ends = endsOf(socket);
    if (ends === undefined) {
      socket.destroy();
      return;
    }
    this.#open++;
    const entry = { ...peer, socket };
    this.#peers.set(ends, entry);
    socket.on('close', () => {
      this.#open--;
      if (this.#peers.get(ends) === entry) this.#peers.delete(ends);
    });
    if (rest.length > 0) socket.unshift(rest);
    secure.begin(socket);
    if (this.#peers.size + this.#edge.closing.size + this.machine.clients > this.#connectionsMax) this.#giveWay();
  }

  /** The oldest connection that is closed and still sends makes room for the newest; where there is none, the oldest handshake. */
  #giveWay(): void {
    const [closing] = this.#edge.closing;
    const [oldest] = this.#peers.values();
    if (closing === undefined) oldest?.socket.destroy();
    else closing.destroy();
  }

  #secured(socket: TLSSocket): void {
    const ends = endsOf(socket);
    const peer = ends === undefined ? undefined : this.#peers.get(ends);
    if (ends === undefined || peer === undefined) {
      socket.destroy();
      return;
    }
    this.#peers.delete(ends);
    this.plain.readClock();
    const fd = this.#edge.add(socket, (ready, events) => this.#table.streams[ready]?.ready(events));
    const serverName = typeof socket.servername === 'string' ? socket.servername.toLowerCase() : undefined;
    this.machine.accepted(fd, peer.address, peer.port, peer.listener, { table: this.#table, serverName });
  }

  /** To be called once a second. */
  tick(): void {
    this.#faults.tick();
  }

  /** At the deadline of a drain. */
  cut(): void {
    for (const { socket } of this.#peers.values()) socket.destroy();
    for (const socket of this.#edge.closing) socket.destroy();
  }
}
