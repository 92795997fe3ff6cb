// Reads the table: services, destinations, counters, connections. Beside a writer it needs no lock for whole records, because each
// change has one store that makes it true: a service is there while its record is LIVE and its order is the same, a destination while it
// is in the list; an edit, a flush and new timeouts are true from the moment when they are written down (intent.ts). whole-read.ts
// makes sure that many records are of one moment.
import type { Address } from '../../../model/address.js';
import { configuredWeight } from '../../../model/drain/effective-weight.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { SIP } from '../../../model/persistence-engine.js';
import type {
  ConnectionEntry,
  DestinationEntry,
  DestinationKey,
  DestinationSpec,
  ServiceEntry,
  ServiceKey,
  Stats,
  Timeouts,
} from '../../../model/service.js';
import type { Records } from '../../../sys/bpf/records.js';
import { swap16 } from '../../../wire/bytes.js';
import { Conf, Counters, Dest, Estimate, Service, WeirState } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { DrainAbi } from '../drain.gen.js';
import { descriptionOf, intendedTimeouts, isFlushing } from '../recovery/intent.js';
import { TemplateFlagAbi } from '../template-flag.gen.js';
import { clockDifference, secondsOf } from './clock.js';
import { estimateOf } from './counted.js';
import type { EndpointTable } from './endpoint-table.js';
import { forwardingOf, isFullnat, isHeld } from './forwarding-word.js';
import { FullnatPools } from './fullnat-pools.js';
import { isRecordedFtp, isRecordedWide, keyOfService, protocolName, serviceEndpoint, specOfService } from './identity.js';
import { livingConnections, placedConnections, type SlotConnection } from './living-slots.js';
import { type OriginKey, readOrigins } from './origins.js';
import { isIpv6, modelAddress, recordedAddress } from './record-address.js';
import { destinationIds } from './service-list.js';
import { CONNECTION_PINS, IPV6_PINS, type Tables, TEMPLATES_PIN } from './tables.js';
import { type TakenTemplate, takenTemplates } from './templates.js';
import { ESTABLISHED, FIN_WAIT, stateName } from './timeouts.js';

/** A line of counters as a person sees it: less what was hidden, rates scaled back as the kernel does. */
export function statsOf(tables: Tables, record: number): Stats {
  const { estimates } = tables;
  const hidden = estimates.get(record, Estimate.zeroAsked) !== estimates.get(record, Estimate.zeroDone);
  const count = (k: number): bigint => estimates.big(record, Estimate.shown, k) - estimates.big(record, Estimate.zero, k);
  return lineOf(tables, record, (k) => (count(k) < 0n ? 0n : count(k)), hidden); // what is hidden may still have to be added
}

/** The same since the record was made, whatever was hidden: counters that only rise. */
export const lifetimeStats = (tables: Tables, record: number): Stats =>
  lineOf(tables, record, (k) => tables.estimates.big(record, Estimate.shown, k), false);

/** How a record's counters are read. */
export type StatsReader = (tables: Tables, record: number) => Stats;

function lineOf({ estimates }: Tables, record: number, count: (k: number) => bigint, hidden: boolean): Stats {
  const rate = (k: number): bigint => {
    if (hidden) return 0n;
    const scaled = estimates.big(record, Estimate.rate, k);
    return k < 3 ? (scaled + 0x1ffn) >> 10n : (scaled + 0xfn) >> 5n;
  };
  return {
    conns: count(0),
    inPackets: count(1),
    outPackets: count(2),
    inBytes: count(3),
    outBytes: count(4),
    connRate: rate(0),
    inPacketRate: rate(1),
    outPacketRate: rate(2),
    inByteRate: rate(3),
    outByteRate: rate(4),
  };
}

/** Seconds. */
export function timeoutsOf(tables: Tables): Timeouts {
  const { conf } = tables;
  const hz = conf.get(0, Conf.hz);
  const intended = intendedTimeouts(tables);
  const seconds = (intent: number | undefined, units: number): number => Math.round(secondsOf(intent || units, hz));
  return {
    tcp: seconds(intended?.tcp, conf.get(0, Conf.tcpTimeout, ESTABLISHED)),
    tcpFin: seconds(intended?.tcpFin, conf.get(0, Conf.tcpTimeout, FIN_WAIT)),
    udp: seconds(intended?.udp, conf.get(0, Conf.udpTimeout)),
  };
}

/** What each CPU has counted since loading; rates are not kept by CPU. */
export function cpuTotals({ counters, conf }: Tables): Stats[] {
  const cpus = conf.get(0, Conf.cpus);
  const none = { connRate: 0n, inPacketRate: 0n, outPacketRate: 0n, inByteRate: 0n, outByteRate: 0n };
  return Array.from({ length: cpus }, (_, cpu) => {
    const sums = { conns: 0n, inPackets: 0n, outPackets: 0n, inBytes: 0n, outBytes: 0n };
    for (let dest = 1; dest <= conf.get(0, Conf.destTop); dest++) {
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += counters.big(dest * cpus + cpu, Counters[name]);
    }
    return { ...sums, ...none };
  });
}

/** The specification of a destination by its record. @throws WeirError table-unknown-number */
export function specOfDestination(tables: Tables, id: number): DestinationSpec {
  const { dests } = tables;
  const { method, weight, lastWeight, upper, lower } = descriptionOf(tables, id);
  const local = isFullnat(method) ? { localAddresses: new FullnatPools(tables).localsOf(id) } : {};
  return {
    address: recordedAddress(dests, Dest, id),
    port: swap16(dests.get(id, Dest.port)),
    ...forwardingOf(method),
    weight: configuredWeight({ weight, lastWeight, held: isHeld(method) }),
    upperThreshold: upper,
    lowerThreshold: lower,
    ...local,
  };
}

/** By a destination's flags, and the weight that packets find. */
export function heldEntry(flags: number, weight: number): Pick<DestinationEntry, 'held'> {
  if ((flags & DrainAbi.D_DRAINED) === 0) return {};
  return { held: { released: (flags & DrainAbi.D_RELEASED) !== 0, ...(weight === 0 ? {} : { weight }) } };
}

/** A destination with this specification as packets and drains have it now. */
export function destinationEntry(tables: Tables, id: number, spec: DestinationSpec, stats: StatsReader): DestinationEntry {
  const { dests } = tables;
  return {
    spec,
    active: dests.get(id, Dest.active),
    inactive: dests.get(id, Dest.inactive),
    persistent: dests.get(id, Dest.persistent),
    stats: stats(tables, estimateOf(tables, id)),
    ...heldEntry(dests.get(id, Dest.flags), dests.get(id, Dest.weight)),
  };
}

/** The ids of a service's destinations beside a writer: one that is removed and added again, while the list is walked, would come twice. */
export const eachDestination = (tables: Tables, service: number): readonly number[] => [...new Set(destinationIds(tables, service))];

/** A service with its destinations and counters, as its records are now. @throws WeirError table-unknown-number */
export function serviceEntry(tables: Tables, id: number): ServiceEntry {
  return {
    spec: specOfService(tables.services, id),
    stats: statsOf(tables, id),
    destinations: eachDestination(tables, id).map((dest) => destinationEntry(tables, dest, specOfDestination(tables, dest), statsOf)),
  };
}

/** The id of a service that is there; what the table cannot hold yet is not there. @throws WeirError service-missing */
export function liveService(tables: Tables, endpoints: EndpointTable, key: ServiceKey): number {
  const id = endpoints.find(serviceEndpoint(tables, key));
  if (id === 0 || tables.services.get(id, Service.state) !== WeirState.LIVE) throw new WeirError('service-missing');
  return id;
}

/** For a writer: the keys of all services, in the order of their records. */
export function liveKeys({ conf, services }: Tables): readonly ServiceKey[] {
  const keys: ServiceKey[] = [];
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) === WeirState.LIVE) keys.push(keyOfService(services, id));
  }
  return keys;
}

/** What `read` finds of a live service whose record was not reused meanwhile; undefined: it is not there. */
export function ofLiveService<T>({ services }: Tables, id: number, read: (order: number) => T): T | undefined {
  for (;;) {
    const order = services.atomic(id, Service.order);
    if (services.get(id, Service.state) !== WeirState.LIVE) return undefined;
    const found = read(order);
    if (services.get(id, Service.state) === WeirState.LIVE && services.atomic(id, Service.order) === order) return found;
  }
}

/** All services, the newest first. */
export function serviceEntries(tables: Tables): ServiceEntry[] {
  const found: { readonly order: number; readonly entry: ServiceEntry }[] = [];
  for (let id = 1; id <= tables.conf.get(0, Conf.serviceTop); id++) {
    const one = ofLiveService(tables, id, (order) => ({ order, entry: serviceEntry(tables, id) }));
    if (one !== undefined) found.push(one);
  }
  if (isFlushing(tables)) return [];
  return found.sort((a, b) => b.order - a.order).map(({ entry }) => entry);
}

const TEMPLATE_PINS = [TEMPLATES_PIN, IPV6_PINS.templates];

/** In the listing of a template, as the kernel's: the mark stands in the address's place, of IPv6 in its first four bytes. */
const markAddress = (mark: number, ipv6: boolean): Address =>
  ipv6 ? { family: 'inet6', words: [mark, 0, 0, 0] } : { family: 'inet', words: [mark] };

/** The templates of persistent services, as connections of state NONE or ASSURED, without ports. */
function* templateEntries(tables: Tables, now: number, wasAnnounced?: (template: TakenTemplate) => boolean): Generator<ConnectionEntry> {
  const { services, dests, conf } = tables;
  const [virtualOf, destinationOf] = [endpointsOf(services, Service), endpointsOf(dests, Dest)];
  for (const template of takenTemplates(tables)) {
    const { client, service, dest, assured, lost, expires, call } = template;
    const mark = services.get(service, Service.mark);
    // As the kernel's: one of all ports has none, and so has one of FTP; one that leads no client any more has another one.
    const lostPort = lost ? { port: TemplateFlagAbi.LOST_TEMPLATE_PORT } : undefined;
    const virtualPorts = lostPort ?? (isRecordedFtp(tables, service) ? { port: 0 } : {});
    const serverPorts = lostPort ?? (isRecordedWide(tables, service) ? { port: 0 } : virtualPorts);
    yield {
      protocol: mark === 0 ? protocolName(services.get(service, Service.protocol)).toUpperCase() : 'IP',
      client: { address: modelAddress(...client), port: 0 },
      virtual:
        mark === 0
          ? { ...virtualOf(service), ...virtualPorts }
          : { address: markAddress(mark, isIpv6(services, Service, service)), port: 0, ...lostPort },
      destination: { ...destinationOf(dest), ...serverPorts },
      state: assured ? 'ASSURED' : 'NONE',
      // One that expired stays for moments, until it is known whether connections hold it.
      expires: Math.max(0, Math.floor(secondsOf(clockDifference(expires, now), conf.get(0, Conf.hz)))),
      ...(call === undefined ? {} : { engine: { name: SIP, data: call } }),
      ...(wasAnnounced?.(template) === true && ANNOUNCED),
    };
  }
}

const ANNOUNCED = { announced: true } as const;

/** As connectionEntries(), each with whether another director has announced it. */
export function* originEntries(tables: Tables, now: number): Generator<ConnectionEntry> {
  const origins = new Map([...CONNECTION_PINS, ...TEMPLATE_PINS].map((pin) => [pin, readOrigins(tables, pin)]));
  const wasAnnounced = (pin: string, slot: number, key: OriginKey): boolean => origins.get(pin)?.wasAnnounced(slot, key) === true;
  yield* templateEntries(tables, now, (template) =>
    wasAnnounced(template.client.length === 1 ? TEMPLATES_PIN : IPV6_PINS.templates, template.slot, template),
  );
  const listed = connectionLister(tables, now);
  for (const [pin, slot, connection] of placedConnections(tables, now)) {
    yield { ...listed(connection), ...(wasAnnounced(pin, slot, connection) && ANNOUNCED) };
  }
}

/** The endpoint of a record, made once for each of IPv4; its number may become another endpoint's during a slow listing. */
function endpointsOf(records: Records, record: typeof Service | typeof Dest): (id: number) => DestinationKey {
  const { addr, port } = record;
  const made: { readonly addr: number; readonly port: number; readonly endpoint: DestinationKey }[] = [];
  return (id) => {
    const [addrNow, portNow] = [records.get(id, addr), records.get(id, port)];
    const known = made[id];
    if (known?.addr === addrNow && known.port === portNow) return known.endpoint;
    const endpoint = { address: recordedAddress(records, record, id), port: swap16(portNow) };
    if (!isIpv6(records, record, id)) made[id] = { addr: addrNow, port: portNow, endpoint };
    return endpoint;
  };
}

/** A connection as it is listed. One past the servers has the unspecified address there, and port 0, as in IPVS. */
export function connectionLister({ services, dests, conf }: Tables, now: number): (connection: SlotConnection) => ConnectionEntry {
  const hz = conf.get(0, Conf.hz);
  const [virtualOf, recordOf] = [endpointsOf(services, Service), endpointsOf(dests, Dest)];
  const destinationOf = (dest: number, client: readonly number[]): DestinationKey =>
    dest === BypassAbi.BYPASS_DEST ? { address: modelAddress(...client.map(() => 0)), port: 0 } : recordOf(dest);
  return ({ service, dest, client, port, own, state, expires }) => {
    const protocol = protocolName(own?.protocol ?? services.get(service, Service.protocol));
    return {
      protocol: protocol.toUpperCase(),
      client: { address: modelAddress(...client), port },
      virtual: own?.virtual ?? virtualOf(service),
      destination: own === undefined ? destinationOf(dest, client) : { ...destinationOf(dest, client), port: own.serverPort },
      state: stateName(state, protocol === 'sctp'),
      expires: Math.floor(secondsOf(clockDifference(expires, now), hz)),
    };
  };
}

/**
 * The connections that are alive at `now`, in the table's order. Each is whole; the records that it names stay while it names them and
 * for two minutes more. The listing is of no one moment: it takes as long as its reader does.
 */
export function* connectionEntries(tables: Tables, now: number): Generator<ConnectionEntry> {
  yield* templateEntries(tables, now);
  const listed = connectionLister(tables, now);
  for (const connection of livingConnections(tables, now)) yield listed(connection);
}
