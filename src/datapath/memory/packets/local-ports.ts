// FULLNAT: which local address and port stands for a client at its server, as long as the connection lasts and two seconds more.
import { IpProtocol } from '../../../model/ip-protocol.js';
import { type ClientReport, noReport } from './client-address.js';
import type { Connection } from './connection.js';
import { type Endpoint, isSame, keyOfEndpoint } from './endpoint.js';
import { type Evictable, type EvictionClass, evictionClass, isLowerClass } from './eviction.js';
import type { Ip } from './ip.js';
import type { DestinationRecord } from './records.js';
import type { Settings } from './settings.js';

/** What a server's packet to a local address is about. */
export interface LocalFlow extends Pick<Connection, 'client' | 'virtual' | 'destination'> {
  readonly report?: ClientReport;
}

/** What stands for a connection's client, and how that is reported to its server. */
export interface LocalEnd extends Endpoint {
  readonly report: ClientReport;
}

/** Where the ports of connections come from. */
export interface LocalPorts {
  /**
   * What stands for the connection's client; its lifetime is now the connection's. undefined: no port is free. `gaveWay`: is called for another
   * connection that gave its port up.
   */
  take(connection: Connection, now: number, gaveWay: () => void): LocalEnd | undefined;
  /** What stands for the client of a connection; undefined: it has no port. */
  known(connection: Pick<Connection, 'client' | 'virtual' | 'protocol' | 'destination'>, now: number): Endpoint | undefined;
  /** What has these ends. undefined: nothing. */
  flowOf(server: Endpoint, local: Endpoint, protocol: number, now: number): LocalFlow | undefined;
}

interface Flow extends LocalFlow, Pick<Connection, 'server' | 'protocol'> {
  readonly pool: Pool;
  readonly port: number;
  /** The connection when its last packet was met. */
  last: Evictable;
  readonly report: ClientReport;
}

/** No port is free: another connection's is asked for. */
interface Replacing {
  readonly now: number;
  readonly gaveWay: () => void;
}

/** The ports of one local address towards one server. */
interface Pool {
  readonly local: Ip;
  handed: number;
  /** That came back, the first one first. */
  readonly returned: number[];
  readonly flows: Map<number, Flow>;
  /** How many flows were asked to give way. */
  asked: number;
}

const [FIRST_PORT, PORTS] = [1024, 65536 - 1024];
const GRACE_SECONDS = 2;
const FTP_PORT = 21;
/** Ports that are passed over, since another flow of the same two addresses has them: fewer where perhaps no other one is free. */
export const [RIVALS_PASSED, RIVALS_PASSED_IF_FULL] = [512, 16] as const;
/** Where no port is free, so many flows one after the other are asked to give way. */
const FLOWS_ASKED = 64;

/** Are its local addresses for all ports of a server? */
export const hasAllPorts = ({ service: { mark, port, protocol }, helped }: Pick<DestinationRecord, 'service' | 'helped'>): boolean =>
  mark !== 0 || port === 0 || helped || (port === FTP_PORT && protocol === IpProtocol.tcp);

/** Is it a connection of a service of all ports or of a mark, or FTP's data? */
export const isWideConnection = ({ virtual, destination: { service } }: LocalFlow): boolean =>
  service.mark !== 0 || service.port === 0 || service.port !== virtual.port;

const nameOf = ({ client, virtual, protocol, destination }: Parameters<LocalPorts['known']>[0]): string =>
  `${keyOfEndpoint(client)} ${keyOfEndpoint(virtual)} ${protocol} ${destination.id}`;

const lastOf = ({ state, proven, noOutput, protocol, expires }: Evictable): Evictable => ({ state, proven, noOutput, protocol, expires });

const wideName = (local: Ip, server: Ip): string => `${local} ${server}`;
const exactName = (local: Ip, server: Endpoint, protocol: number): string => `${local} ${keyOfEndpoint(server)} ${protocol}`;

/** Hands ports out from the lowest on; those that came back when all were handed out. */
export class OrderedPorts implements LocalPorts {
  readonly #flows = new Map<string, Flow>();
  readonly #pools = new Map<string, Pool>();
  /** How many ports each pool has. */
  ports = PORTS;

  constructor(readonly settings: Settings) {}

  take(connection: Connection, now: number, gaveWay: () => void): LocalEnd | undefined {
    this.#sweep(now);
    const flow = this.#flows.get(nameOf(connection)) ?? this.#make(connection) ?? this.#make(connection, { now, gaveWay });
    if (flow === undefined) return undefined;
    flow.last = lastOf(connection);
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

  #make(connection: Connection, replacing?: Replacing): Flow | undefined {
    for (const local of connection.destination.locals) {
      const flow = this.#makeAt(local, connection, replacing);
      if (flow !== undefined) return flow;
    }
    return undefined;
  }

  #makeAt(local: Ip, connection: Connection, replacing: Replacing | undefined): Flow | undefined {
    const { client, virtual, destination, server, protocol } = connection;
    const wide = hasAllPorts(destination);
    const [own, other] = [exactName(local, server, protocol), wideName(local, server.address)];
    const pool = this.#poolOf(wide ? other : own, local);
    const rival = this.#pools.get(wide ? own : other);
    const port = replacing === undefined ? this.#free(pool, rival) : this.#replace(pool, rival, replacing, protocol);
    if (port === undefined) return undefined;
    const ends = { client, virtual, server, protocol, destination };
    const flow = { ...ends, pool, port, last: lastOf(connection), report: noReport() };
    pool.flows.set(port, flow);
    this.#flows.set(nameOf(connection), flow);
    return flow;
  }

  /** Passes over the ports of `rival`. */
  #free(pool: Pool, rival: Pool | undefined): number | undefined {
    const isSure = pool.flows.size + (rival?.flows.size ?? 0) < this.ports;
    for (let left = isSure ? RIVALS_PASSED : RIVALS_PASSED_IF_FULL; left > 0; left--) {
      const port = pool.handed < this.ports ? FIRST_PORT + pool.handed++ : pool.returned.shift();
      if (port === undefined || !rival?.flows.has(port)) return port;
      pool.returned.push(port);
    }
    return undefined;
  }

  /**
   * The port of a flow that gives way: of those that are asked the first one that is over or half open, else the oldest one of the lowest class; none
   * whose port `rival` has, too.
   */
  #replace(pool: Pool, rival: Pool | undefined, { now, gaveWay }: Replacing, protocol: number): number | undefined {
    let found: { readonly flow: Flow; readonly class: EvictionClass } | undefined;
    for (let k = 0; k < FLOWS_ASKED && !(found && isLowerClass(found.class, 'half closed')); k++) {
      const flow = pool.flows.get(FIRST_PORT + (pool.asked++ % this.ports));
      if (flow === undefined || (flow.protocol === IpProtocol.sctp) !== (protocol === IpProtocol.sctp)) continue;
      const candidate = { flow, class: this.#classOf(flow, now) };
      if (candidate.class === 'never' || rival?.flows.has(flow.port)) continue;
      if (found === undefined || isLowerClass(candidate.class, found.class)) found = candidate;
      else if (candidate.class === found.class && flow.last.expires < found.flow.last.expires) found = candidate;
    }
    if (found === undefined) return undefined;
    gaveWay();
    this.#flows.delete(nameOf(found.flow));
    pool.flows.delete(found.flow.port);
    return found.flow.port;
  }

  /** As in a full table, but for those that are established and not proven, which are the last ones. Proven ones do not give way. */
  #classOf({ last }: Flow, now: number): EvictionClass {
    const found = evictionClass(this.settings, last, now);
    if (found === 'unproven') return 'idle';
    return isLowerClass(found, 'idle') ? found : 'never';
  }

  #poolOf(name: string, local: Ip): Pool {
    const pool = this.#pools.get(name) ?? { local, handed: 0, returned: [], flows: new Map<number, Flow>(), asked: 0 };
    this.#pools.set(name, pool);
    return pool;
  }

  /** With expire_nodest_conn the connections of a removed destination are over, and so their flows are. */
  #sweep(now: number): void {
    for (const [name, flow] of this.#flows) {
      const { pool, port, destination, last } = flow;
      const isOrphan = this.settings.expireNodestConn && destination.expires && last.expires > now;
      if (isOrphan) flow.last = { ...last, state: 'NONE', expires: now };
      if (flow.last.expires + GRACE_SECONDS * this.settings.unitsPerSecond >= now) continue;
      this.#flows.delete(name);
      pool.flows.delete(port);
      pool.returned.push(port);
    }
  }
}
