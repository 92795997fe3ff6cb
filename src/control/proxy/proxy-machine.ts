// The proxy's machine: every connection of one process, and their deadlines. It knows the system by its edge alone.
import type { Address } from '../../model/address.js';
import type { ClientLimits } from '../../model/layer7/layer7.js';
import type { Listener } from '../../model/layer7/listener.js';
import { ClientConnection } from './client-connection.js';
import type { ProxyContext } from './context.js';
import { type ProxyEdge, READABLE } from './edge.js';
import { IdleConnections } from './idle-connections.js';
import type { Router } from './routing.js';
import { ServerConnection } from './server-connection.js';
import type { Stream } from './stream.js';

/** What can change while connections are served. */
export interface ProxyConfiguration {
  readonly router: Router;
  readonly limits: ClientLimits;
  readonly explainToken: string | undefined;
}

export class ProxyMachine implements ProxyContext {
  readonly streams: (Stream | undefined)[] = [];
  readonly idle = new IdleConnections();
  router: Router;
  limits: ClientLimits;
  explainToken: string | undefined;
  isDraining = false;
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

  accepted(fd: number, address: Address, port: number, listener: Listener): void {
    this.#clients++;
    new ClientConnection(this, fd, address, port, listener);
    if (this.#clients > this.limits.connectionsMax) this.#makeRoom(fd);
  }

  /** Closes a client that waits between requests; where there is none, the one that came. */
  #makeRoom(fd: number): void {
    const idle = this.streams.find((stream) => stream instanceof ClientConnection && stream.isIdle && stream.fd !== fd);
    (idle ?? this.streams[fd])?.close();
  }

  ready(fd: number, events: number): void {
    this.streams[fd]?.ready(events);
  }

  forget(stream: Stream): void {
    if (stream instanceof ServerConnection) this.idle.remove(stream);
    else {
      this.#clients--;
      this.idle.ownerLeft(stream);
    }
  }

  /** Ends what is over time; to be called several times a second. */
  tick(): void {
    const { nowUs } = this.edge;
    for (const stream of this.streams) {
      if (stream === undefined || stream.deadlineUs === 0 || stream.deadlineUs > nowUs) continue;
      stream.deadlineUs = 0;
      stream.onDeadline();
    }
  }

  /**
   * Connections end with their answers. A request that has arrived and was not read yet is served; without one, a connection that had requests
   * ends now, and a new one waits for its first.
   */
  drain(): void {
    this.isDraining = true;
    this.idle.clear();
    for (const stream of this.streams) {
      if (!(stream instanceof ClientConnection && stream.isIdle)) continue;
      stream.ready(READABLE);
      if (stream.isIdle && stream.hasServed) stream.close();
    }
  }

  /** The deadline of a drain: tunnels and all else. */
  cut(): void {
    for (const stream of this.streams) {
      if (!(stream instanceof ClientConnection)) continue;
      stream.cutTunnel();
      stream.close();
    }
  }
}
