// Live connections, counted by service and server, and what a change of the table does to them.
import { destinationId, serviceId } from '../../model/identity.js';
import type { DestinationKey, ServiceKey } from '../../model/service.js';
import { type Touched, untouched } from './plan.js';

/** By `serviceId`, then by `destinationId`. Those of services and servers that were removed are in it too. */
export type ConnectionCounts = ReadonlyMap<string, ReadonlyMap<string, number>>;

export const countAt = (counts: ConnectionCounts, service: ServiceKey, server: DestinationKey): number =>
  counts.get(serviceId(service))?.get(destinationId(server)) ?? 0;

export const countOf = (counts: ConnectionCounts, service: string): number =>
  [...(counts.get(service)?.values() ?? [])].reduce((sum, count) => sum + count, 0);

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
