// What -L lists, as JSON (--json, weir's own): all of the table whatever the mode, by numbers.
import { formatAddress, formatIpv4 } from '../../model/address-text.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { serviceFamily } from '../../model/identity.js';
import type { Json } from '../../model/json.js';
import { schedulerFlags } from '../../model/schedulers.js';
import type {
  ConnectionEntry,
  DestinationEntry,
  DestinationKey,
  Persistence,
  ServiceEntry,
  ServiceKey,
  ServiceSpec,
  Stats,
} from '../../model/service.js';
import type { DaemonSpec } from '../../model/sync-daemon.js';
import { orderDestinations, orderServices } from './list.js';

const endpoint = ({ address, port }: DestinationKey): Json => ({ address: formatAddress(address), port });

/** Counters grow to 2^64, and beyond 2^53 a reader of JSON loses digits anyway. */
const countersJson = (stats: Stats): Json => ({
  conns: Number(stats.conns),
  inPackets: Number(stats.inPackets),
  outPackets: Number(stats.outPackets),
  inBytes: Number(stats.inBytes),
  outBytes: Number(stats.outBytes),
});

const ratesJson = (stats: Stats): Json => ({
  conns: Number(stats.connRate),
  inPackets: Number(stats.inPacketRate),
  outPackets: Number(stats.outPacketRate),
  inBytes: Number(stats.inByteRate),
  outBytes: Number(stats.outByteRate),
});

const keyJson = (key: ServiceKey): Readonly<Record<string, Json>> =>
  key.kind === 'fwmark'
    ? { fwmark: key.mark, family: key.family }
    : { protocol: key.protocol, family: key.address.family, address: formatAddress(key.address), port: key.port };

const persistenceJson = (spec: ServiceSpec, { timeout, netmask, engine }: Persistence): Json => ({
  timeout,
  netmask: serviceFamily(spec.key) === 'inet' ? formatIpv4(netmask) : netmask,
  ...(engine === undefined ? {} : { engine }),
});

function destinationJson(entry: DestinationEntry): Json {
  const { spec, active, inactive, persistent, stats } = entry;
  const { method, upperThreshold, lowerThreshold, tunnel } = spec;
  return {
    address: formatAddress(spec.address),
    port: spec.port,
    method,
    weight: effectiveWeight(entry),
    ...(entry.held === undefined ? {} : { configuredWeight: spec.weight }),
    upperThreshold,
    lowerThreshold,
    ...(spec.localAddresses === undefined ? {} : { localAddresses: spec.localAddresses.map(formatAddress) }),
    ...(spec.clientAddress === undefined ? {} : { clientAddress: spec.clientAddress }),
    ...(method !== 'tunnel' ? {} : { tunnel: tunnel.type === 'ipip' ? { type: tunnel.type } : { ...tunnel } }),
    active,
    inactive,
    persistent,
    stats: countersJson(stats),
    rates: ratesJson(stats),
  };
}

function serviceJson(service: ServiceEntry, sorted: boolean): Json {
  const { spec, stats } = service;
  return {
    ...keyJson(spec.key),
    scheduler: spec.scheduler,
    flags: schedulerFlags(spec.scheduler).filter((_, bit) => spec.schedFlags & (1 << bit)),
    ...(spec.persistence === undefined ? {} : { persistence: persistenceJson(spec, spec.persistence) }),
    ...(spec.idleEngine === undefined ? {} : { idleEngine: spec.idleEngine }),
    onePacket: spec.onePacket,
    stats: countersJson(stats),
    rates: ratesJson(stats),
    destinations: orderDestinations(service, sorted).map(destinationJson),
  };
}

/** `head`: members of the whole table. A service a line. */
export function* tableJson(head: Readonly<Record<string, Json>>, services: readonly ServiceEntry[], sorted: boolean): Generator<string> {
  const start = JSON.stringify({ ...head, services: [] }).slice(0, -2);
  yield* listJson(
    start,
    mapped(orderServices(services, sorted), (service) => serviceJson(service, sorted)),
  );
}

const connectionJson = ({ protocol, client, virtual, destination, state, expires, engine }: ConnectionEntry): Json => ({
  protocol,
  client: endpoint(client),
  virtual: endpoint(virtual),
  destination: endpoint(destination),
  state,
  expires,
  ...(engine === undefined ? {} : { engine }),
});

export const daemonsJson = (daemons: readonly DaemonSpec[]): string =>
  `${JSON.stringify({
    daemons: daemons.map(({ group, peers, ...daemon }) => ({
      ...daemon,
      ...(group === undefined ? {} : { group: formatAddress(group) }),
      ...(peers === undefined ? {} : { peers: peers.map(formatAddress) }),
    })),
  })}\n`;

/** A connection a line. */
export function* connectionsJson(entries: Iterable<ConnectionEntry>): Generator<string> {
  yield* listJson('{"connections":[', mapped(entries, connectionJson));
}

function* mapped<T>(values: Iterable<T>, make: (value: T) => Json): Generator<Json> {
  for (const value of values) yield make(value);
}

/** `start` opens a list, which the rows fill and `]}` closes. */
function* listJson(start: string, rows: Iterable<Json>): Generator<string> {
  yield start;
  let between = '\n';
  for (const row of rows) {
    yield `${between}${JSON.stringify(row)}`;
    between = ',\n';
  }
  yield between === '\n' ? ']}\n' : '\n]}\n';
}
