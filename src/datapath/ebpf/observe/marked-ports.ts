// Which ports the clients of firewall marks asked for: one pass over the connection table, without a lock.
import { serviceId } from '../../../model/identity.js';
import { Conf, Service, WeirState } from '../abi.gen.js';
import { clockOf } from '../recovery/batch.js';
import { specOfService } from '../table/identity.js';
import { livingConnections } from '../table/living-slots.js';
import type { Tables } from '../table/tables.js';

/** Of the services of marks that are there now, by serviceId, in order. Of more than `connectionsMax` connections the first ones are read. */
export function markedPorts(tables: Tables, connectionsMax: number): ReadonlyMap<string, readonly number[]> {
  const { services, conf } = tables;
  const ports = new Map<number, Set<number>>();
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.mark) !== 0 && services.get(id, Service.state) === WeirState.LIVE) ports.set(id, new Set());
  }
  if (ports.size === 0) return new Map();
  let left = connectionsMax;
  for (const { service, own } of livingConnections(tables, clockOf(tables))) {
    if (left-- === 0) break;
    if (own !== undefined) ports.get(service)?.add(own.virtual.port);
  }
  return new Map([...ports].map(([id, found]) => [serviceId(specOfService(services, id).key), [...found].sort((a, b) => a - b)]));
}
