// The connections of the live tables that pass a filter, one after another, in memory that does not grow with their number.
import type { Address } from '../../../model/address.js';
import { destinationId, sameAddress } from '../../../model/identity.js';
import type { ConnectionEntry, ConnectionMethod, DestinationKey, Protocol } from '../../../model/service.js';
import { contains, type Subnet } from '../../../model/subnet.js';
import { swap16 } from '../../../wire/bytes.js';
import { SCTP_STATES, sctpTimeout } from '../../sctp-state.js';
import { Conf, Dest, Service, WeirState } from '../abi.gen.js';
import { clockOf } from '../recovery/batch.js';
import { clockDifference, secondsOf } from '../table/clock.js';
import { FullnatFlows } from '../table/fullnat-flows.js';
import { connectionMethodName, protocolName } from '../table/identity.js';
import { pacedConnections, type SlotConnection } from '../table/living-slots.js';
import { modelAddress, recordedAddress } from '../table/record-address.js';
import { connectionLister } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { checkPresent } from '../whole-read.js';

/** An absent part lets all connections through. */
export interface ConnectionFilter {
  readonly protocol?: Protocol;
  readonly service?: { readonly address: Address; readonly port: number };
  readonly mark?: number;
  /** Without a port: any of the address. */
  readonly server?: { readonly address: Address; readonly port?: number };
  readonly client?: Subnet;
  /** By the names of listings. */
  readonly states?: ReadonlySet<string>;
}

export interface FoundConnection extends ConnectionEntry {
  readonly method: ConnectionMethod;
  /** FULLNAT: the local address and port that stands for its client. */
  readonly local?: DestinationKey;
  /** Seconds since a packet renewed its time, to a second. */
  readonly idle: number;
  /** By what it differs from all others. */
  readonly identity: string;
}

/** By the numbers of records: 1 where `is` is true. */
function chosen(top: number, is: (id: number) => boolean): Uint8Array {
  return Uint8Array.from({ length: top + 1 }, (_, id) => Number(id > 0 && is(id)));
}

function servicesOf({ services, conf }: Tables, { service, mark }: ConnectionFilter): Uint8Array | undefined {
  if (service === undefined && mark === undefined) return undefined;
  return chosen(conf.get(0, Conf.serviceTop), (id) => {
    if (services.get(id, Service.state) === WeirState.FREE) return false;
    const markNow = services.get(id, Service.mark);
    if (mark !== undefined) return markNow === mark;
    if (service === undefined || markNow !== 0) return false;
    return swap16(services.get(id, Service.port)) === service.port && sameAddress(recordedAddress(services, Service, id), service.address);
  });
}

function serversOf({ dests, conf }: Tables, { server }: ConnectionFilter): Uint8Array | undefined {
  if (server === undefined) return undefined;
  return chosen(
    conf.get(0, Conf.destTop),
    (id) => dests.get(id, Dest.state) !== WeirState.FREE && sameAddress(recordedAddress(dests, Dest, id), server.address),
  );
}

/** Seconds that a connection lives on in its state. */
function timeoutSeconds({ conf }: Tables, state: number, protocol: Protocol): number {
  if (protocol === 'sctp') return sctpTimeout(SCTP_STATES[state] ?? 'NONE');
  const units = protocol === 'udp' ? conf.get(0, Conf.udpTimeout) : conf.get(0, Conf.tcpTimeout, state);
  return secondsOf(units, conf.get(0, Conf.hz));
}

const identityOf = ({ service, dest, client, port, own }: SlotConnection): string => {
  const asked = own === undefined ? '' : ` ${destinationId(own.virtual)} ${own.protocol}`;
  return `${service} ${dest} ${client.join(' ')} ${port}${asked}`;
};

/** What the filter makes of one connection. undefined: it does not pass. */
function passing(tables: Tables, filter: ConnectionFilter, now: number): (connection: SlotConnection) => ConnectionEntry | undefined {
  const [services, servers] = [servicesOf(tables, filter), serversOf(tables, filter)];
  const listed = connectionLister(tables, now);
  return (connection) => {
    const { service, dest, client, own } = connection;
    if (services !== undefined && services[service] !== 1) return undefined;
    if (servers !== undefined && servers[dest] !== 1) return undefined;
    const protocol = protocolName(own?.protocol ?? tables.services.get(service, Service.protocol));
    if (filter.protocol !== undefined && protocol !== filter.protocol) return undefined;
    if (filter.client !== undefined && !contains(filter.client, modelAddress(...client))) return undefined;
    const entry = listed(connection);
    if (filter.states !== undefined && !filter.states.has(entry.state)) return undefined;
    return filter.server?.port === undefined || entry.destination.port === filter.server.port ? entry : undefined;
  };
}

/** Those that pass, in the order of the tables. Each is whole; the listing is of no one moment. @throws WeirError datapath-unloaded */
export function* foundConnections(tables: Tables, filter: ConnectionFilter): Generator<FoundConnection> {
  for (const found of pacedFoundConnections(tables, filter)) if (found !== undefined) yield found;
}

/** As foundConnections(), with an `undefined` at times, however few pass: other work may be done then. @throws WeirError datapath-unloaded */
export function* pacedFoundConnections(tables: Tables, filter: ConnectionFilter): Generator<FoundConnection | undefined> {
  checkPresent(tables);
  const now = clockOf(tables);
  const passes = passing(tables, filter, now);
  const hz = tables.conf.get(0, Conf.hz);
  const flows = new FullnatFlows(tables);
  try {
    for (const connection of pacedConnections(tables, now)) {
      if (connection === undefined) {
        yield undefined;
        continue;
      }
      const entry = passes(connection);
      if (entry === undefined) continue;
      const { method, state, expires, own, service } = connection;
      const protocol = protocolName(own?.protocol ?? tables.services.get(service, Service.protocol));
      const idle = Math.max(0, Math.round(timeoutSeconds(tables, state, protocol) - secondsOf(clockDifference(expires, now), hz)));
      const local = flows.localOf(connection);
      const name = flows.isOf(connection) ? 'fullnat' : connectionMethodName(method);
      yield { ...entry, method: name, idle, identity: identityOf(connection), ...(local === undefined ? {} : { local }) };
    }
  } finally {
    flows.close();
  }
}
