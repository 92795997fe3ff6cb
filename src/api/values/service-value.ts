// A virtual service with its servers as the API sends it: configuration, health, connections, counters and rates in one row.
import * as z from 'zod';
import { serviceName } from '../../control/virtual-server/names.js';
import { formatAddress, formatIpv4 } from '../../model/address-text.js';
import { effectiveWeight } from '../../model/drain/effective-weight.js';
import { endpointText } from '../../model/endpoint-text.js';
import { serviceFamily } from '../../model/identity.js';
import { schedulerFlags } from '../../model/schedulers.js';
import type { DestinationEntry, Persistence, ServiceEntry, ServiceKey, ServiceSpec, Stats } from '../../model/service.js';
import { serviceWord } from '../../model/service-word.js';
import type { DaemonStatus, RealHealthStatus } from '../../report/status/status.js';

const US_PER_S = 1_000_000;

/** Of 64 bits: a number of JSON has 53. */
const counter = z.string().regex(/^\d+$/).describe('a decimal number of 64 bits');

export const countersShape = z.strictObject({
  connections: counter,
  packets_in: counter,
  packets_out: counter,
  bytes_in: counter,
  bytes_out: counter,
});
const ratesShape = z.strictObject({
  connections: z.number(),
  packets_in: z.number(),
  packets_out: z.number(),
  bytes_in: z.number(),
  bytes_out: z.number(),
});
const serverHealthShape = z.strictObject({
  up: z.boolean(),
  since: z.string().nullable(),
  checks: z.int(),
  unchecked: z.int(),
  times_down: z.int(),
  down_seconds: z.number().describe("since the host's start, without the time since `since` of one that is down"),
  maintenance: z.boolean().describe('an override has it in maintenance: its checks make no attempts'),
  failed: z.array(z.strictObject({ check: z.string(), reason: z.string(), since: z.string().nullable() })),
});
export const serverShape = z.strictObject({
  id: z.string().describe('ADDRESS:PORT'),
  address: z.string(),
  port: z.int(),
  method: z.enum(['masq', 'local', 'tunnel', 'route', 'fullnat']),
  weight: z.int().describe('as configured'),
  effective_weight: z.int().describe('what packets find: another one, where a drain or an override holds it'),
  draining: z.boolean().describe('a drain or an override holds it: packets find effective_weight'),
  upper_threshold: z.int(),
  lower_threshold: z.int(),
  tunnel: z.strictObject({ type: z.string(), port: z.int(), checksum: z.string() }).optional(),
  local_addresses: z.array(z.string()).optional(),
  client_address: z.enum(['toa', 'proxy']).optional(),
  active: z.int(),
  inactive: z.int(),
  persistent: z.int(),
  health: serverHealthShape.nullable().describe('null: no daemon here checks it'),
  counters: countersShape,
  rates: ratesShape,
});
export const serviceShape = z.strictObject({
  id: z.string().describe('tcp:192.0.2.1:80, udp:[2001:db8::1]:53, mark:5, mark6:5'),
  protocol: z.enum(['tcp', 'udp', 'sctp']).optional(),
  address: z.string().optional(),
  port: z.int().optional(),
  mark: z.int().optional(),
  family: z.enum(['inet', 'inet6']),
  scheduler: z.string(),
  flags: z.array(z.string()),
  persistence: z.strictObject({ timeout: z.int(), netmask: z.union([z.string(), z.int()]), engine: z.string().optional() }).optional(),
  one_packet: z.boolean(),
  active: z.int(),
  inactive: z.int(),
  persistent: z.int(),
  health: z
    .strictObject({ quorum_up: z.boolean(), quorum: z.int(), weight: z.int(), sorry: z.boolean(), suspended: z.boolean() })
    .nullable()
    .describe('null: no daemon here checks it'),
  counters: countersShape,
  rates: ratesShape,
  servers: z.array(serverShape),
});
export const listShape = z.strictObject({
  generation: z.int().describe('rises with each change of the table'),
  timeouts: z.strictObject({ tcp: z.int(), tcp_fin: z.int(), udp: z.int() }),
  totals: countersShape,
  services: z.array(serviceShape),
  next: z.string().nullable().describe('after of the next page; null: there is none'),
});
export type ServiceValue = z.infer<typeof serviceShape>;
export type ServerValue = z.infer<typeof serverShape>;

export const countersValue = (stats: Stats): z.infer<typeof countersShape> => ({
  connections: String(stats.conns),
  packets_in: String(stats.inPackets),
  packets_out: String(stats.outPackets),
  bytes_in: String(stats.inBytes),
  bytes_out: String(stats.outBytes),
});

const ratesValue = (stats: Stats): z.infer<typeof ratesShape> => ({
  connections: Number(stats.connRate),
  packets_in: Number(stats.inPacketRate),
  packets_out: Number(stats.outPacketRate),
  bytes_in: Number(stats.inByteRate),
  bytes_out: Number(stats.outByteRate),
});

/** What daemons of this host publish of the health of services, by the names of keepalived's lines. */
type Health = NonNullable<DaemonStatus['health']>[number];
export type HealthByName = ReadonlyMap<string, Health>;

export const healthByName = (daemons: readonly DaemonStatus[]): HealthByName =>
  new Map(daemons.flatMap(({ health }) => (health ?? []).map((one) => [one.name, one] as const)));

const serverHealth = (real: RealHealthStatus | undefined): ServerValue['health'] =>
  real === undefined
    ? null
    : {
        up: real.up,
        since: real.since,
        checks: real.checks,
        unchecked: real.unchecked,
        times_down: real.timesDown,
        down_seconds: (real.downUs ?? 0) / US_PER_S,
        maintenance: real.maintained === true,
        failed: real.failed.map(({ check, reason, since }) => ({ check, reason, since })),
      };

function serverValue(entry: DestinationEntry, real: RealHealthStatus | undefined): ServerValue {
  const { spec, active, inactive, persistent, stats, held } = entry;
  const { method, weight, upperThreshold, lowerThreshold, tunnel, localAddresses, clientAddress } = spec;
  return {
    id: endpointText(spec),
    address: formatAddress(spec.address),
    port: spec.port,
    method,
    weight,
    effective_weight: effectiveWeight(entry),
    draining: held !== undefined,
    upper_threshold: upperThreshold,
    lower_threshold: lowerThreshold,
    ...(method === 'tunnel' ? { tunnel: { ...tunnel } } : {}),
    ...(localAddresses === undefined ? {} : { local_addresses: localAddresses.map(formatAddress) }),
    ...(clientAddress === undefined ? {} : { client_address: clientAddress }),
    active,
    inactive,
    persistent,
    health: serverHealth(real),
    counters: countersValue(stats),
    rates: ratesValue(stats),
  };
}

const keyValue = (key: ServiceKey): Pick<ServiceValue, 'protocol' | 'address' | 'port' | 'mark' | 'family'> =>
  key.kind === 'fwmark'
    ? { mark: key.mark, family: key.family }
    : { protocol: key.protocol, address: formatAddress(key.address), port: key.port, family: key.address.family };

const persistenceValue = ({ key }: ServiceSpec, { timeout, netmask, engine }: Persistence): ServiceValue['persistence'] => ({
  timeout,
  netmask: serviceFamily(key) === 'inet' ? formatIpv4(netmask) : netmask,
  ...(engine === undefined ? {} : { engine }),
});

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

export function serviceValue({ spec, stats, destinations }: ServiceEntry, byName: HealthByName): ServiceValue {
  const { key, scheduler, schedFlags, persistence, onePacket } = spec;
  const health = byName.get(serviceName(key));
  const reals = new Map(health?.servers.map((real) => [real.server, real]));
  return {
    id: serviceWord(key),
    ...keyValue(key),
    scheduler,
    flags: schedulerFlags(scheduler).filter((_, bit) => schedFlags & (1 << bit)),
    ...(persistence === undefined ? {} : { persistence: persistenceValue(spec, persistence) }),
    one_packet: onePacket,
    active: sum(destinations.map(({ active }) => active)),
    inactive: sum(destinations.map(({ inactive }) => inactive)),
    persistent: sum(destinations.map(({ persistent }) => persistent)),
    health:
      health === undefined
        ? null
        : { quorum_up: health.quorumUp, quorum: health.quorum, weight: health.weight, sorry: health.sorry, suspended: health.suspended },
    counters: countersValue(stats),
    rates: ratesValue(stats),
    servers: destinations.map((one) => serverValue(one, reals.get(endpointText(one.spec)))),
  };
}
