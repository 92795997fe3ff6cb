// What the table of this network namespace shows: services and connections, bounded.
import { drainView } from '../../control/drain/drain-plan.js';
import { emptiedBy, emptiedByOverride } from '../../control/drain/emptied.js';
import type { DrainView } from '../../control/drain/messages.js';
import { markedPorts } from '../../datapath/ebpf/observe/marked-ports.js';
import type { ObservingReader } from '../../datapath/ebpf/observe/observing-reader.js';
import { SCTP_STATES, sctpTimeout } from '../../datapath/sctp-state.js';
import { TCP_TIMEOUTS } from '../../datapath/tcp-state.js';
import type { Address } from '../../model/address.js';
import { type DrainRecord, isUnfinished, NO_DRAINS } from '../../model/drain/drain.js';
import { isWeirError } from '../../model/errors/weir-error.js';
import { addressId, destinationId, serviceId } from '../../model/identity.js';
import type { ConnectionEntry, DestinationKey, Timeouts } from '../../model/service.js';
import { monotonicUs } from '../../sys/clock.js';
import type { DrainFact, EmptiedFact } from '../drain-facts.js';
import type { ServiceFact } from '../facts.js';
import { countHalfOpen } from '../half-open-count.js';
import type { ConnectionFacts, DropFacts, FillFacts } from '../table-facts.js';
import type { SeenClient } from './client-paths.js';
import { watchDrops } from './drops.js';

/** Connections that are read; of more the first ones, which are anywhere in a table of hashes. */
const CONNECTIONS_MAX = 500_000;
const NETWORKS_MAX = 65_536;
/** Clients whose routes are looked up, each of another network. */
const CLIENTS_MAX = 64;
const US_PER_S = 1_000_000;
/** For so long the client may still answer. */
const FRESH_S = 3;

export interface TableFacts {
  readonly services: readonly ServiceFact[];
  readonly connections: ConnectionFacts;
  /** One client of each network; those whose connections are half open come first. */
  readonly clients: readonly SeenClient[];
  readonly fill?: FillFacts;
  readonly drains?: readonly DrainFact[];
  readonly emptied?: readonly EmptiedFact[];
  /** Ends the watch of what is dropped while doctor looks. */
  readonly drops: () => DropFacts | undefined;
}

export const NO_TABLE: TableFacts = {
  services: [],
  connections: { destinations: [], networks: [], idle: new Map() },
  clients: [],
  drops: () => undefined,
};

/** How long ago the last packets of connections came, s. */
interface Count {
  /** In SYN_RECV, and not fresh. */
  readonly halfOpen: number[];
  readonly others: number[];
  /** The least of those in SYN_RECV, and of TCP's others. */
  lastHalfOpen: number;
  lastPassed: number;
}

const noCount = (): Count => ({
  halfOpen: [],
  others: [],
  lastHalfOpen: Number.POSITIVE_INFINITY,
  lastPassed: Number.POSITIVE_INFINITY,
});

function timeoutOf(protocol: string, state: string, { tcp, tcpFin, udp }: Timeouts): number {
  if (protocol === 'SCTP') return SCTP_STATES.filter((name) => name === state).map(sctpTimeout)[0] ?? 0;
  if (state === 'ESTABLISHED') return tcp;
  if (state === 'UDP') return udp;
  return state === 'FIN_WAIT' ? tcpFin : (Object.entries(TCP_TIMEOUTS).find(([name]) => name === state)?.[1] ?? 0);
}

function add(count: Count, halfOpen: boolean, idle: number, tcp: boolean): void {
  if (!halfOpen) count.others.push(idle);
  else if (idle >= FRESH_S) count.halfOpen.push(idle);
  if (halfOpen) count.lastHalfOpen = Math.min(count.lastHalfOpen, idle);
  else if (tcp) count.lastPassed = Math.min(count.lastPassed, idle);
}

/** Whether later connections got past SYN_RECV, and none waits now. */
const isOver = ({ lastHalfOpen, lastPassed }: Count): boolean => lastHalfOpen >= FRESH_S && lastPassed < lastHalfOpen;

/** A /24, or of IPv6 a /64. */
const networkOf = ({ family, words }: Address): Address =>
  family === 'inet' ? { family, words: words.map((word) => (word & 0xffffff00) >>> 0) } : { family, words: [...words.slice(0, 2), 0, 0] };

/** Counts by destination and by the clients' networks. */
export function summary(
  entries: Iterable<ConnectionEntry>,
  timeouts: Timeouts,
): Pick<TableFacts, 'connections' | 'clients'> & { readonly halfOpen: number } {
  const destinations = new Map<string, Count & { virtual: DestinationKey; destination: DestinationKey }>();
  const networks = new Map<string, Count & { network: Address; client: Address; vip: Address }>();
  const idle = new Map<string, number>();
  let left = CONNECTIONS_MAX;
  let waiting = 0;
  for (const { protocol, client, virtual, destination, state, expires } of entries) {
    if (left-- === 0) break;
    const place = `${destinationId(virtual)} ${destinationId(destination)}`;
    const server = destinations.get(place) ?? { ...noCount(), virtual, destination };
    destinations.set(place, server);
    const net = networkOf(client.address);
    const id = addressId(net);
    const clients = networks.get(id) ?? { ...noCount(), network: net, client: client.address, vip: virtual.address };
    if (networks.size < NETWORKS_MAX) networks.set(id, clients);
    const tcp = protocol === 'TCP';
    const halfOpen = tcp && state === 'SYN_RECV';
    if (halfOpen) waiting += 1;
    const last = timeoutOf(protocol, state, timeouts) - expires;
    for (const count of [server, clients]) add(count, halfOpen, last, tcp);
    const vip = addressId(virtual.address);
    idle.set(vip, Math.min(last, idle.get(vip) ?? Number.POSITIVE_INFINITY));
  }
  const sample = [...networks.values()]
    .sort((a, b) => b.halfOpen.length - a.halfOpen.length || b.others.length - a.others.length)
    .slice(0, CLIENTS_MAX);
  const counts = (one: Count) => ({ ...countHalfOpen(one.halfOpen, one.others), over: isOver(one) });
  return {
    connections: {
      destinations: [...destinations.values()].map((one) => ({ ...counts(one), virtual: one.virtual, destination: one.destination })),
      networks: [...networks.values()].map((one) => ({ ...counts(one), network: one.network })),
      idle,
    },
    clients: sample.map(({ client, vip }) => ({ client, vip })),
    halfOpen: waiting,
  };
}

/** Drains and overrides that are to end by themselves. */
export function endingsOf({ drains, overrides = [] }: DrainRecord, nowUs: number): readonly DrainFact[] {
  const since = (dueUs: number): number => Math.floor((nowUs - dueUs) / US_PER_S);
  return [
    ...drains.filter(isUnfinished).map(({ id, target, slowStart, endedUs, deadlineUs }) => ({
      id,
      target,
      overdueS: since(slowStart?.untilUs ?? endedUs ?? deadlineUs),
    })),
    ...overrides.flatMap(({ target, untilUs }) => (untilUs === null ? [] : [{ target, overdueS: since(untilUs) }])),
  ];
}

/** Another build's record cannot be read: its own doctor does. */
function presentDrains(reader: ObservingReader): DrainRecord {
  try {
    return reader.drainRecord();
  } catch (error) {
    if (!isWeirError(error, 'drain-record')) throw error;
    return NO_DRAINS;
  }
}

/** Of drains and overrides that came from peers. */
const emptiedOf = ({ drains, overrides = [] }: DrainRecord, view: DrainView): readonly EmptiedFact[] => [
  ...drains.flatMap((drain) => emptiedBy(drain, view).map((service) => ({ id: drain.id, target: drain.target, service }))),
  ...overrides.flatMap((one) => emptiedByOverride(one, view).map((service) => ({ target: one.target, service }))),
];

/** A firewall mark whose connections are balanced one by one. */
const isMarkAlone = ({ spec }: Pick<ServiceFact, 'spec'>): boolean => spec.key.kind === 'fwmark' && spec.persistence === undefined;

export function collectTable(reader: ObservingReader): TableFacts {
  const record = presentDrains(reader);
  const present = [...reader.services()];
  const drops = watchDrops(reader);
  const { services, active, inactive, capacity, slots, templates } = reader.overview();
  const overloaded = new Map(
    services.map(({ key, destinations }) => [
      serviceId(key),
      new Set(destinations.filter((one) => one.overloaded).map(({ key: one }) => destinationId(one))),
    ]),
  );
  const { halfOpen, ...rest } = summary(reader.connections(), reader.timeouts());
  const marked = present.some(isMarkAlone) ? markedPorts(reader.tables, CONNECTIONS_MAX) : undefined;
  return {
    services: present.map(({ spec, destinations }) => {
      const id = serviceId(spec.key);
      const ports = isMarkAlone({ spec }) ? marked?.get(id) : undefined;
      return {
        spec,
        destinations: destinations.map((one) => one.spec),
        overloaded: overloaded.get(id) ?? new Set(),
        ...(ports === undefined ? {} : { ports }),
      };
    }),
    ...rest,
    fill: { connections: active + inactive, halfOpen, capacity: capacity.connections, slots, templates },
    drains: endingsOf(record, monotonicUs()),
    emptied: emptiedOf(record, drainView(present)),
    drops,
  };
}
