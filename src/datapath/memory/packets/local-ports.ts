// FULLNAT: which local address and port stands for a client at its server, as long as the connection lasts and two seconds more.
import type { Connection } from './connection.js';
import type { Endpoint } from './endpoint.js';
import type { Ip } from './ip.js';

/** Where the ports of connections come from. */
export interface LocalPorts {
  /** What stands for the connection's client; its lifetime is now the connection's. undefined: no port is free. */
  take(connection: Connection, now: number): Endpoint | undefined;
  /** The client that a server's packet is for. undefined: no flow has these ends. */
  clientOf(server: Endpoint, local: Endpoint, protocol: number, now: number): Endpoint | undefined;
}

interface Flow {
  readonly connection: Connection;
  readonly pool: Pool;
  readonly port: number;
  /** The connection's expiry when its last packet was met. */
  until: number;
}

/** The ports of one local address towards one server. */
interface Pool {
  readonly local: Ip;
  handed: number;
  /** That came back, the first one first. */
  readonly returned: number[];
  readonly flows: Map<number, Flow>;
}

const [FIRST_PORT, PORTS] = [1024, 65536 - 1024];
const GRACE_SECONDS = 2;

const endText = ({ address, port }: Endpoint): string => `${address}:${port}`;

/** Hands ports out from the lowest on; those that came back when all were handed out. */
export class OrderedPorts implements LocalPorts {
  readonly #flows = new Map<string, Flow>();
  readonly #pools = new Map<string, Pool>();

  /** `unitsPerSecond`: of the clock. */
  constructor(readonly unitsPerSecond: number) {}

  take(connection: Connection, now: number): Endpoint | undefined {
    this.#sweep(now);
    const name = `${endText(connection.client)} ${connection.destination.id}`;
    const flow = this.#flows.get(name) ?? this.#make(name, connection);
    if (flow === undefined) return undefined;
    flow.until = connection.expires;
    return { address: flow.pool.local, port: flow.port };
  }

  clientOf(server: Endpoint, local: Endpoint, protocol: number, now: number): Endpoint | undefined {
    this.#sweep(now);
    return this.#pools.get(`${local.address} ${endText(server)} ${protocol}`)?.flows.get(local.port)?.connection.client;
  }

  #make(name: string, connection: Connection): Flow | undefined {
    for (const local of connection.destination.locals) {
      const pool = this.#poolOf(local, connection);
      const port = pool.handed < PORTS ? FIRST_PORT + pool.handed++ : pool.returned.shift();
      if (port === undefined) continue;
      const flow = { connection, pool, port, until: connection.expires };
      pool.flows.set(port, flow);
      this.#flows.set(name, flow);
      return flow;
    }
    return undefined;
  }

  #poolOf(local: Ip, { server, protocol }: Connection): Pool {
    const name = `${local} ${endText(server)} ${protocol}`;
    const pool = this.#pools.get(name) ?? { local, handed: 0, returned: [], flows: new Map<number, Flow>() };
    this.#pools.set(name, pool);
    return pool;
  }

  #sweep(now: number): void {
    for (const [name, { pool, port, until }] of this.#flows) {
      if (until + GRACE_SECONDS * this.unitsPerSecond >= now) continue;
      this.#flows.delete(name);
      pool.flows.delete(port);
      pool.returned.push(port);
    }
  }
}
