// The table as plain data, and how to restore it from any other state. Connections stay: a destination that is added again gets its old
// record, and with it its connections.
import type { DestinationSpec, ServiceKey, ServiceSpec } from '../../../model/service.js';
import { Conf, Service } from '../abi.gen.js';
import { readSysctls, writeSysctl } from '../table/sysctls.js';
import { liveKeys, serviceEntries } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';
import { TCP_TIMEOUT_SECONDS } from '../table/timeouts.js';
import type { Writer } from '../table/writer.js';

interface ServiceState {
  readonly spec: ServiceSpec;
  /** The number that places it in listings. */
  readonly order: number;
  /** Newest first. */
  readonly destinations: readonly DestinationSpec[];
}

/** Only what JSON can hold. */
export interface Snapshot {
  readonly services: readonly ServiceState[];
  /** Clock units, by state. */
  readonly tcpTimeouts: readonly number[];
  readonly udpTimeout: number;
  readonly sysctls: Readonly<Record<string, string>>;
}

const STATES = [...TCP_TIMEOUT_SECONDS.keys()];

/** The table, timeouts and sysctls as they are now. The caller holds the lock. */
export function takeSnapshot(tables: Tables, writer: Writer): Snapshot {
  const { conf, services } = tables;
  return {
    services: serviceEntries(tables).map(({ spec, destinations }) => ({
      spec,
      order: services.get(writer.serviceId(spec.key), Service.order),
      destinations: destinations.map((entry) => entry.spec),
    })),
    tcpTimeouts: STATES.map((state) => conf.get(0, Conf.tcpTimeout, state)),
    udpTimeout: conf.get(0, Conf.udpTimeout),
    sysctls: Object.fromEntries(readSysctls(conf)),
  };
}

const nameOf = (key: ServiceKey): string => JSON.stringify(key);
/** FULLNAT does not begin or end under connections: such a one is removed, and added again. */
const same = (a: DestinationSpec, b: DestinationSpec): boolean =>
  a.port === b.port && String(a.address.words) === String(b.address.words) && (a.method === 'fullnat') === (b.method === 'fullnat');
const equal = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/**
 * Restores a consistent table (repair.ts). It compares with what is there, so it may be stopped at any point and started again.
 * @throws WeirError table-full where other records took the place meanwhile: some time after their removal it is free again
 */
export function restore(tables: Tables, writer: Writer, snapshot: Snapshot): void {
  const { conf, services } = tables;
  const wanted = new Set(snapshot.services.map(({ spec }) => nameOf(spec.key)));
  for (const key of liveKeys(tables)) if (!wanted.has(nameOf(key))) writer.deleteService(key);
  const present = new Map(serviceEntries(tables).map((entry) => [nameOf(entry.spec.key), entry]));
  for (const { spec, order, destinations } of snapshot.services) {
    const entry = present.get(nameOf(spec.key));
    if (entry === undefined) writer.addService(spec, true);
    else if (!equal(entry.spec, spec)) writer.editService(spec);
    services.set(writer.serviceId(spec.key), Service.order, order);
    const now = entry?.destinations.map((each) => each.spec) ?? [];
    restoreDestinations(writer, spec.key, now, destinations);
  }
  for (const state of STATES) conf.set(0, Conf.tcpTimeout, snapshot.tcpTimeouts[state] ?? 0, state);
  conf.set(0, Conf.udpTimeout, snapshot.udpTimeout);
  for (const [name, value] of Object.entries(snapshot.sysctls)) writeSysctl(conf, name, value);
}

/** A new destination is always the newest: those older than the first difference stay, the others are removed and added again. */
function restoreDestinations(writer: Writer, service: ServiceKey, now: readonly DestinationSpec[], then: readonly DestinationSpec[]): void {
  const [oldNow, oldThen] = [[...now].reverse(), [...then].reverse()];
  const differ = oldThen.findIndex((spec, k) => {
    const there = oldNow[k];
    return there === undefined || !same(spec, there);
  });
  const stay = differ < 0 ? oldThen.length : differ;
  for (const spec of oldNow.slice(stay).reverse()) writer.deleteDestination(service, spec);
  oldThen.forEach((spec, k) => {
    if (k >= stay) writer.addDestination(service, spec);
    else if (!equal(spec, oldNow[k])) writer.editDestination(service, spec);
  });
}
