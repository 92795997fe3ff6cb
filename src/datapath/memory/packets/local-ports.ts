// FULLNAT: which local address and port stands for a client at its server, as long as the connection lasts and two seconds more.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { type ClientReport, noReport } from './client-address.js';
import type { Connection } from './connection.js';
import { type Endpoint, isSame, keyOfEndpoint } from './endpoint.js';
import type { Ip } from './ip.js';
import type { ServiceRecord } from './records.js';

/** What a server's packet to a local address is about. */
export type LocalFlow = Pick<Connection, 'client' | 'virtual' | 'destination'>;

/** What stands for a connection's client, and how that is reported to its server. */
export interface LocalEnd extends Endpoint {
  readonly report: ClientReport;
}

/** Where the ports of connections come from. */
export interface LocalPorts {
  /** What stands for the connection's client; its lifetime is now the connection's. undefined: no port is free. */
  take(connection: Connection, now: number): LocalEnd | undefined;
  /** What stands for the client of a connection; undefined: it has no port. */
  known(connection: Pick<Connection, 'client' | 'virtual' | 'protocol' | 'destination'>, now: number): Endpoint | undefined;
  /** What has these ends. undefined: nothing. */
  flowOf(server: Endpoint, local: Endpoint, protocol: number, now: number): LocalFlow | undefined;
}

interface Flow extends LocalFlow, Pick<Connection, 'server' | 'protocol'> {
  readonly pool: Pool;
  readonly port: number;
  /** The connection's expiry when its last packet was met. */
  until: number;
  readonly report: ClientReport;
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
const FTP_PORT = 21;
/** Ports that are passed over, since another flow of the same two addresses has them. */
const TRIES = 16;

/** Are its local addresses for all ports of a server? */
export const hasAllPorts = ({ mark, port, protocol }: ServiceRecord): boolean =>
  mark !== 0 || port === 0 || (port === FTP_PORT && protocol === IpProtocol.tcp);

/** Is it a connection of a service of all ports or of a mark, or FTP's data? */
export const isWideConnection = ({ virtual, destination: { service } }: LocalFlow): boolean =>
  service.mark !== 0 || service.port === 0 || service.port !== virtual.port;

const nameOf = ({ client, virtual, protocol, destination }: Parameters<LocalPorts['known']>[0]): string =>
  `${keyOfEndpoint(client)} ${keyOfEndpoint(virtual)} ${protocol} ${destination.id}`;

const wideName = (local: Ip, server: Ip): string => `${local} ${server}`;
const exactName = (local: Ip, server: Endpoint, protocol: number): string => `${local} ${keyOfEndpoint(server)} ${protocol}`;

/** Hands ports out from the lowest on; those that came back when all were handed out. */
export class OrderedPorts implements LocalPorts {
  readonly #flows = new Map<string, Flow>();
  readonly #pools = new Map<string, Pool>();

  /** `unitsPerSecond`: of the clock. */
  constructor(readonly unitsPerSecond: number) {}

  take(connection: Connection, now: number): LocalEnd | undefined {
    this.#sweep(now);
    const flow = this.#flows.get(nameOf(connection)) ?? this.#make(connection);
    if (flow === undefined) return undefined;
    flow.until = connection.expires;
    return { address: flow.pool.local, port: flow.port, report: flow.report };
  }

  known(connection: Parameters<LocalPorts['known']>[0], now: number): Endpoint | undefined {
    this.#sweep(now);
    const flow = this.#flows.get(nameOf(connection));
    return flow && { address: flow.pool.local, port: flow.port };
  }

  flowOf(server: Endpoint, { address, port }: Endpoint, protocol: number, now: number): LocalFlow | undefined {
    this.#sweep(now);
    const exact = this.#pools.get(exactName(address, server, protocol))?.flows.get(port);
    const wide = this.#pools.get(wideName(address, server.address))?.flows.get(port);
    return exact ?? (wide !== undefined && wide.protocol === protocol && isSame(wide.server, server) ? wide : undefined);
  }

  #make(connection: Connection): Flow | undefined {
    for (const local of connection.destination.locals) {
      const flow = this.#makeAt(local, connection);
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  #makeAt(local: Ip, connection: Connection): Flow | undefined {
    const { client, virtual, destination, server, protocol } = connection;
    const wide = hasAllPorts(destination.service);
    const [own, other] = [exactName(local, server, protocol), wideName(local, server.address)];
    const pool = this.#poolOf(wide ? other : own, local);
    const rival = this.#pools.get(wide ? own : other);
    for (let tries = 0; tries < TRIES; tries++) {
      const port = pool.handed < PORTS ? FIRST_PORT + pool.handed++ : pool.returned.shift();
      if (port === undefined) return undefined;
      if (rival?.flows.has(port)) {
        pool.returned.push(port);
        continue;
      }
      const flow = { client, virtual, server, protocol, destination, pool, port, until: connection.expires, report: noReport() };
      pool.flows.set(port, flow);
      this.#flows.set(nameOf(connection), flow);
      return flow;
    }
    return undefined;
  }

  #poolOf(name: string, local: Ip): Pool {
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
