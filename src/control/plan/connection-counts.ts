// Live connections, counted by service and server, and what a change of the table does to them.
import type { Address } from '../../model/address.js';
import { destinationId, serviceId } from '../../model/identity.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';
import type { PresentTable } from '../virtual-server/plan.js';
import { sumOf, type Touched, untouched } from './plan.js';

/** By `serviceId`, then by `destinationId`. Those of services and servers that were removed are in it too. */
export type ConnectionCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export const countAt = (counts: ConnectionCounts, service: ServiceKey, server: DestinationKey): number =>
  counts.get(serviceId(service))?.get(destinationId(server)) ?? 0;

export const countOf = (counts: ConnectionCounts, service: string): number =>
  [...(counts.get(service)?.values() ?? [])].reduce((sum, count) => sum + count, 0);

/** Of a service as it is in the table: without those of servers that were removed before. */
export const countThere = (counts: ConnectionCounts, present: PresentTable, service: string): number =>
  (present.get(service)?.destinations ?? []).reduce((sum, spec) => sum + (counts.get(service)?.get(destinationId(spec)) ?? 0), 0);

/** What becomes of all live connections, each counted once. */
export interface Fate {
  readonly connections: Touched;
  /** Their server or service was removed before, and does not come back: this plan does nothing to them. */
  readonly cutBefore: number;
}

/** The table's connections, and the keys of its services by `serviceId`. */
interface Counted {
  readonly connections: ConnectionCounts;
  readonly present: PresentTable;
  readonly services: ReadonlyMap<string, ServiceKey>;
}

/** What one line of a plan does to a service's connections. */
interface ServiceLine {
  readonly service: string;
  readonly connections: Touched;
}

/** Services without a line go on as they are. `nameOf`: how the lines name services. `isLost`: the host loses the address, and what comes by it is cut. */
export function fateOf(
  { connections: counts, present, services }: Counted,
  lines: readonly ServiceLine[],
  nameOf: (key: ServiceKey) => string,
  isLost: (address: Address) => boolean,
): Fate {
  const byName = new Map(lines.map(({ service, connections }) => [service, connections]));
  const ids = [...counts.keys()];
  const parts = ids.map((id) => {
    const [there, key] = [countThere(counts, present, id), services.get(id)];
    if (key === undefined) return kept(there);
    if (key.kind === 'address' && isLost(key.address)) return cut(there);
    return byName.get(nameOf(key)) ?? kept(there);
  });
  const connections = sumOf(parts);
  const { kept: stay, moved, cut: lost, resumed: again } = connections;
  return { connections, cutBefore: ids.reduce((sum, id) => sum + countOf(counts, id), 0) - (stay + moved + lost + again) };
}

export const kept = (count: number): Touched => ({ ...untouched, kept: count });
export const resumed = (count: number): Touched => ({ ...untouched, resumed: count });
export const cut = (count: number): Touched => ({ ...untouched, cut: count });

/** How the director treats packets of a connection whose server was removed (sysctl expire_nodest_conn). */
export interface RemovalRules {
  readonly expireNodest: boolean;
}

/**
 * Connections of a server that leaves a service which stays. Their packets are dropped, as by keepalived and IPVS; with expire_nodest_conn
 * the next datagram goes to another server, while a TCP connection that another server gets is reset there.
 */
export function removed(count: number, service: ServiceKey, { expireNodest }: RemovalRules): Touched {
  const moves = expireNodest && service.kind === 'address' && service.protocol === 'udp';
  return moves ? { ...untouched, moved: count } : cut(count);
}
