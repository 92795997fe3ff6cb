// The proxy's machine: every connection of one process, and their deadlines. It knows the system by its edge alone.
import type { Address } from '../../model/address.js';
import type { ClientLimits } from '../../model/layer7/layer7.js';
import type { Listener } from '../../model/layer7/listener.js';
import { ClientConnection } from './client-connection.js';
import type { Secured } from './client-side.js';
import type { ProxyContext } from './context.js';
import { type ProxyEdge, READABLE, type StreamEdge } from './edge.js';
import { IdleClients } from './idle-clients.js';
import { IdleConnections } from './idle-connections.js';
import { type OnProxyHeader, ProxyHeaderConnection } from './proxy-header-connection.js';
import type { Router } from './routing.js';
import { ServerConnection } from './server-connection.js';
import type { Stream, StreamTable } from './stream.js';

/** What can change while connections are served. */
export interface ProxyConfiguration {
  readonly router: Router;
  readonly limits: ClientLimits;
  readonly explainToken: string | undefined;
}

export class ProxyMachine implements ProxyContext {
  readonly streams: (Stream | undefined)[] = [];
  readonly idle = new IdleConnections();
  readonly idleClients = new IdleClients();
  router: Router;
  limits: ClientLimits;
  explainToken: string | undefined;
  isDraining = false;
  readonly #tables: StreamTable[] = [this];
  #clients = 0;

  constructor(
    readonly edge: ProxyEdge,
    configuration: ProxyConfiguration,
  ) {
    this.router = configuration.router;
    this.limits = configuration.limits;
    this.explainToken = configuration.explainToken;
  }

  get clients(): number {
    return this.#clients;
  }

  /** Requests that begin from now on are served by it; those under way, and tunnels, go on as they are. */
  configure({ router, limits, explainToken }: ProxyConfiguration): void {
    this.router = router;
    this.limits = limits;
    this.explainToken = explainToken;
    this.idle.clear();
  }

  /** A table for the connections of another edge, which shares the slab and the clock. */
  addTable(edge: StreamEdge): StreamTable {
    const table = { edge, streams: [], forget: (stream: Stream): void => this.forget(stream) };
    this.#tables.push(table);
    return table;
  }

  accepted(fd: number, address: Address, port: number, listener: Listener, secured?: Secured): void {
    this.#clients++;
    const came = new ClientConnection(this, fd, address, port, listener, secured);
    // Closes a client that waits between requests; where there is none, the one that came.
    if (this.#clients > this.limits.connectionsMax) (this.idleClients.take() ?? came).close();
    if (came.isClosed) return;
    this.idleClients.add(came);
    // its request may be there: it is served, and often over, before the connection is watched
    if (secured === undefined) came.ready(READABLE);
  }

  /** A connection with a PROXY header before its TLS. */
  acceptedProxied(fd: number, onWhole: OnProxyHeader): void {
    this.#clients++;
    new ProxyHeaderConnection(this, fd, onWhole);
  }

  ready(fd: number, events: number): void {
    this.streams[fd]?.ready(events);
  }

  forget(stream: Stream): void {
    if (stream instanceof ServerConnection) this.idle.remove(stream);
    else {
      this.#clients--;
      if (stream instanceof ClientConnection) this.idleClients.remove(stream);
      this.idle.ownerLeft(stream);
    }
  }

  /** Ends what is over time; to be called several times a second. */
  tick(): void {
    const { nowUs } = this.edge;
    for (const { streams } of this.#tables) {
      for (const stream of streams) {
        if (stream === undefined) continue;
        // a client that goes while its request is served
        stream.ensureWatched();
        if (stream.deadlineUs === 0 || stream.deadlineUs > nowUs) continue;
        stream.deadlineUs = 0;
        stream.onDeadline();
      }
    }
  }

  #clientStreams(): readonly Stream[] {
    const isClient = (stream: Stream | undefined): stream is Stream => stream !== undefined && !(stream instanceof ServerConnection);
    return this.#tables.flatMap(({ streams }) => streams.filter(isClient));
  }

  /** Connections end with their next answers, or a short time after those before. */
  drain(): void {
    this.isDraining = true;
    this.idle.clear();
    for (const stream of this.#clientStreams()) if (stream instanceof ClientConnection) stream.onDrain();
  }

  /** The deadline of a drain: tunnels and all else. */
  cut(): void {
    for (const stream of this.#clientStreams()) {
      if (stream instanceof ClientConnection) stream.cutTunnel();
      stream.close();
    }
  }
}
