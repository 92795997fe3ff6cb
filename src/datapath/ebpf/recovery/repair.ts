// Finishes or undoes the change of a writer that died. A service exists when its record is LIVE, a destination when it is in the list
// of a live service; all else is derived from that.
import { Abi, Conf, Dest, Method, Service, WeirState } from '../abi.gen.js';
import { type EndpointRef, EndpointTable, keyOf } from '../table/endpoint-table.js';
import { isFullnat, recordedForwarding } from '../table/forwarding-word.js';
import { helpDestination } from '../table/ftp.js';
import { ftpDataEndpoint, realEndpoint, recordedServiceEndpoint } from '../table/identity.js';
import { recordedWords } from '../table/record-address.js';
import { giveRingBack, hasRing } from '../table/rings.js';
import { destinationIds, noteMasquerading, rescheduled } from '../table/service-list.js';
import type { Tables } from '../table/tables.js';
import { finish } from './intent.js';

/** Makes the table consistent. The caller holds the lock, found `dirty` set, and clears it. */
export function repair(tables: Tables, now: number): void {
  const { conf, services } = tables;
  finish(tables);
  const endpoints = new EndpointTable(tables);
  const listed = new Set<number>();
  let live = 0;
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) !== WeirState.LIVE) {
      services.set(id, Service.head, 0);
      giveRingBack(tables, id);
      continue;
    }
    live++;
    endpoints.put(recordedServiceEndpoint(tables, id), id);
    cutList(tables, id);
    for (const dest of destinationIds(tables, id)) listed.add(dest);
    rescheduled(tables, id);
    if (!hasRing(services.get(id, Service.scheduler))) giveRingBack(tables, id);
  }
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) repairDestination(tables, id, listed.has(id), now);
  relinkEndpoints(tables, endpoints);
  conf.set(0, Conf.services, live);
  conf.set(0, Conf.generation, (conf.get(0, Conf.generation) + 1) >>> 0);
}

/** Ends a list before the first record that is not the service's. */
function cutList(tables: Tables, service: number): void {
  const { services, dests } = tables;
  const ids = destinationIds(tables, service);
  const last = ids.at(-1);
  if (last === undefined) services.set(service, Service.head, 0);
  else dests.set(last, Dest.next, 0);
}

function repairDestination(tables: Tables, id: number, listed: boolean, now: number): void {
  const { dests } = tables;
  const flags = dests.get(id, Dest.flags);
  if (listed) {
    const real = dests.get(id, Dest.method) === Method.M_MASQ ? Abi.D_REAL : 0;
    if (real) noteMasquerading(tables, id);
    dests.set(id, Dest.state, WeirState.LIVE);
    const fullnat = isFullnat(recordedForwarding(tables, id)) ? Abi.D_FULLNAT : 0;
    dests.set(id, Dest.flags, (flags & ~Abi.D_FULLNAT) | Abi.D_AVAILABLE | real | fullnat);
    if (real && !fullnat) helpDestination(tables, id);
    return;
  }
  dests.set(id, Dest.flags, flags & ~Abi.D_AVAILABLE);
  if (dests.get(id, Dest.service) === 0) dests.set(id, Dest.state, WeirState.FREE);
  else if (dests.get(id, Dest.state) !== WeirState.DEAD) {
    dests.set(id, Dest.idleSince, now);
    dests.set(id, Dest.state, WeirState.DEAD);
  }
}

/** Builds the chains of destinations with one endpoint again, and the endpoints of FTP's data, and removes endpoints without a destination. */
function relinkEndpoints(tables: Tables, endpoints: EndpointTable): void {
  const { conf, dests } = tables;
  /** Found again by address, port and protocol; of IPv6 the key has but a hash of the address. */
  const chains = new Map<string, number>();
  const data = new Map<string, number>();
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE || (dests.get(id, Dest.flags) & Abi.D_REAL) === 0) continue;
    const endpoint = realEndpoint(tables, id);
    const address = recordedWords(dests, Dest, id).join('.');
    const name = `${address} ${keyOf(endpoint)}`;
    dests.set(id, Dest.nextSame, chains.get(name) ?? 0);
    chains.set(name, id);
    if (ftpDataEndpoint(tables, id) !== undefined) data.set(address, id);
  }
  const right = new Set<string>();
  const put = (endpoint: EndpointRef, id: number): void => {
    endpoints.put(endpoint, id);
    right.add(`${id} ${keyOf(endpoint)}`);
  };
  for (const id of chains.values()) put(realEndpoint(tables, id), id);
  for (const id of data.values()) put(ftpDataEndpoint(tables, id) ?? realEndpoint(tables, id), id);
  endpoints.keepReals((id, key) => right.has(`${id} ${key}`));
}
