// Connections of a service whose servers have not answered, or have refused them: one pass over the connection table, without a lock.
import { destinationId } from '../../../model/identity.js';
import type { ServiceKey } from '../../../model/service.js';
import { Conf, Method, TcpState } from '../abi.gen.js';
import { clockDifference, clockNow, unitsOf } from '../table/clock.js';
import { EndpointTable } from '../table/endpoint-table.js';
import { livingConnections, type SlotConnection } from '../table/living-slots.js';
import { destinationIds } from '../table/service-list.js';
import { liveService, specOfDestination } from '../table/table-entries.js';
import type { Tables } from '../table/tables.js';

/** A client that has sent its SYN so long ago waits; one that has for longer than the other is gone. Seconds. */
const [WAITS_S, WAITED_S] = [1, 10];

/**
 * Half-open for a while, or closed before the server had sent anything. The latter where answers pass by the director: else a client's reset is all that
 * it sees of an end.
 */
function isUnanswered({ conf }: Tables, { state, expires, proven, method }: SlotConnection, now: number): boolean {
  if (state === TcpState.S_CLOSE) return !proven && method === Method.M_MASQ;
  if (state !== TcpState.S_SYN_RECV) return false;
  const hz = conf.get(0, Conf.hz);
  const idle = conf.get(0, Conf.tcpTimeout, TcpState.S_SYN_RECV) - clockDifference(expires, now);
  return idle >= unitsOf(WAITS_S, hz) && idle <= unitsOf(WAITED_S, hz);
}

/** How many, by `destinationId`. @throws WeirError service-missing */
export function unansweredConnections(tables: Tables, key: ServiceKey): ReadonlyMap<string, number> {
  const service = liveService(tables, new EndpointTable(tables), key);
  const names = new Map(destinationIds(tables, service).map((id) => [id, destinationId(specOfDestination(tables, id))]));
  const counts = new Map([...names.values()].map((name) => [name, 0]));
  const now = clockNow(tables.conf);
  for (const connection of livingConnections(tables, now)) {
    const name = connection.service === service ? names.get(connection.dest) : undefined;
    if (name !== undefined && isUnanswered(tables, connection, now)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}
