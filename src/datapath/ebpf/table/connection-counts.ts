// How many connections are alive, by service and destination: one pass over the connection table, without a lock.
import { destinationId, serviceId } from '../../../model/identity.js';
import { IpProtocol } from '../../../model/ip-protocol.js';
import type { ServiceKey } from '../../../model/service.js';
import { swap16 } from '../../../wire/bytes.js';
import { Abi, Dest } from '../abi.gen.js';
import { BypassAbi } from '../bypass.gen.js';
import { keyOfService } from './identity.js';
import { livingConnections } from './living-slots.js';
import { recordedAddress } from './record-address.js';
import type { Tables } from './tables.js';
import { isOver, stateName } from './timeouts.js';

export interface CountedConnections {
  /** By `serviceId`, then by `destinationId`; those of services and destinations that were removed are in it too. */
  readonly counts: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** The key behind each `serviceId`. */
  readonly services: ReadonlyMap<string, ServiceKey>;
}

/** By the numbers of the records. A destination's number is less than 2^18. What goes past the servers is none's. */
function byRecords(tables: Tables, now: number): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { service, dest, state, own } of livingConnections(tables, now)) {
    if (dest === BypassAbi.BYPASS_DEST) continue;
    const isSctp = (own?.protocol ?? tables.dests.get(dest, Dest.protocol)) === IpProtocol.sctp;
    if (isOver(stateName(state, isSctp))) continue;
    const pair = service * (Abi.V_DEST_MASK + 1) + dest;
    counts.set(pair, (counts.get(pair) ?? 0) + 1);
  }
  return counts;
}

/** Counts the connections that are alive at `now`, in the datapath's ticks, but for those that both sides have closed (TIME_WAIT). */
export function countConnections(tables: Tables, now: number): CountedConnections {
  const { services: records, dests } = tables;
  const counts = new Map<string, Map<string, number>>();
  const services = new Map<string, ServiceKey>();
  for (const [pair, count] of byRecords(tables, now)) {
    const [service, dest] = [Math.floor(pair / (Abi.V_DEST_MASK + 1)), pair % (Abi.V_DEST_MASK + 1)];
    const key = keyOfService(records, service);
    const id = serviceId(key);
    const server = destinationId({ address: recordedAddress(dests, Dest, dest), port: swap16(dests.get(dest, Dest.port)) });
    const ofService = counts.get(id) ?? new Map<string, number>();
    services.set(id, key);
    counts.set(id, ofService.set(server, (ofService.get(server) ?? 0) + count));
  }
  return { counts, services };
}
