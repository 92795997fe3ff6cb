// What must hold of the records that commands write (services, destinations, endpoints), whenever no command is at work
// and the last one is known to have ended or to have been repaired.
import assert from 'node:assert/strict';
import {
  Abi,
  Conf,
  Dest,
  Endpoint,
  EndpointKind,
  Method,
  RingBlock,
  Scheduler,
  Service,
  WeirState,
} from '../../src/datapath/ebpf/abi.gen.js';
import { EndpointTable } from '../../src/datapath/ebpf/table/endpoint-table.js';
import { ftpDataEndpoint, realEndpoint, recordedServiceEndpoint } from '../../src/datapath/ebpf/table/identity.js';
import { hasRing } from '../../src/datapath/ebpf/table/rings.js';
import type { Tables } from '../../src/datapath/ebpf/table/tables.js';
import { WideEndpointKind } from '../../src/datapath/ebpf/wide.gen.js';
import { Wide6EndpointKind } from '../../src/datapath/ebpf/wide6.gen.js';
import { wrrNumbers } from '../../src/datapath/schedule/wrr.js';

const SERVICE_KINDS: ReadonlySet<number> = new Set([
  EndpointKind.E_SERVICE,
  WideEndpointKind.E_SERVICE_ALL,
  WideEndpointKind.E_SERVICE_MARK,
  Wide6EndpointKind.E_SERVICE_MARK6,
]);
const REMOVED = BigInt(Abi.ENDPOINT_REMOVED);

/** The list of a live service, every step of it checked. */
function listOf({ services, dests }: Tables, service: number): readonly number[] {
  const ids: number[] = [];
  for (let id = services.get(service, Service.head); id !== 0; id = dests.get(id, Dest.next)) {
    assert.ok(!ids.includes(id), `the list of service ${service} comes back to destination ${id}`);
    assert.equal(dests.get(id, Dest.service), service, `destination ${id} belongs to the service that lists it`);
    assert.equal(dests.get(id, Dest.state), WeirState.LIVE, `destination ${id} of service ${service} is alive`);
    assert.equal(dests.get(id, Dest.flags) & Abi.D_AVAILABLE, Abi.D_AVAILABLE, `destination ${id} takes packets`);
    ids.push(id);
  }
  return ids;
}

function checkService(tables: Tables, endpoints: EndpointTable, id: number): readonly number[] {
  const { services, dests } = tables;
  assert.equal(endpoints.find(recordedServiceEndpoint(tables, id)), id, `service ${id} is found by its address`);
  const list = listOf(tables, id);
  assert.equal(services.get(id, Service.dests), list.length, `service ${id} knows how many destinations it has`);
  const cursor = services.get(id, Service.cursor);
  assert.ok(cursor === 0 || dests.get(cursor, Dest.service) === id, `rr's place in service ${id} is its own: ${cursor}`);
  if (services.get(id, Service.scheduler) === Scheduler.SCHED_WRR) {
    const numbers = wrrNumbers(list.map((dest) => dests.get(dest, Dest.weight)));
    assert.deepEqual(
      { gcd: services.get(id, Service.wrrGcd), max: services.get(id, Service.wrrMax) },
      numbers,
      `wrr's numbers of service ${id}`,
    );
  }
  checkRing(tables, id, list);
  return list;
}

/** A service by dh, sh or mh has blocks of its own, whose slots hold destinations of its list. */
function checkRing({ services, dests, rings }: Tables, id: number, list: readonly number[]): void {
  const [ring, scheduler] = [services.get(id, Service.ring), services.get(id, Service.scheduler)];
  assert.equal(ring !== 0, hasRing(scheduler), `service ${id} by scheduler ${scheduler} has ring ${ring}`);
  if (ring === 0) return;
  // mh gives no slots to destinations that never had a weight.
  const weightless = scheduler === Scheduler.SCHED_MH && list.every((dest) => dests.get(dest, Dest.lastWeight) === 0);
  const empty = list.length === 0 || weightless;
  for (let slot = 0; slot < Abi.RING_BLOCK; slot++) {
    const dest = rings.get(ring - 1, RingBlock.id, slot);
    assert.ok(empty ? dest === 0 : list.includes(dest), `slot ${slot} of service ${id} has ${dest}, not of ${list}`);
  }
}

function checkDestination({ dests }: Tables, id: number, listed: boolean): void {
  const [state, flags] = [dests.get(id, Dest.state), dests.get(id, Dest.flags)];
  if (listed) {
    if (dests.get(id, Dest.method) === Method.M_MASQ) assert.ok(flags & Abi.D_REAL, `replies of destination ${id} are looked for`);
    return;
  }
  assert.notEqual(state, WeirState.LIVE, `destination ${id} is alive, but in no list`);
  assert.equal(flags & Abi.D_AVAILABLE, 0, `destination ${id} takes packets, but is in no list`);
}

/** Every destination that is or was masqueraded stands in the chain of its address, and nothing else does. */
function checkChains(tables: Tables, endpoints: EndpointTable): void {
  const { dests, conf } = tables;
  const reached = new Set<number>();
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE || !(dests.get(id, Dest.flags) & Abi.D_REAL)) continue;
    const endpoint = realEndpoint(tables, id);
    const chain: number[] = [];
    for (let at = endpoints.find(endpoint); at !== 0; at = dests.get(at, Dest.nextSame)) {
      assert.ok(!chain.includes(at), `the chain of destinations of one endpoint from ${id} comes back to ${at}`);
      assert.equal(realEndpoint(tables, at), endpoint, `destination ${at} has the address of its chain`);
      assert.ok(dests.get(at, Dest.flags) & Abi.D_REAL, `destination ${at} of the chain is looked for`);
      assert.notEqual(dests.get(at, Dest.state), WeirState.FREE, `destination ${at} of the chain is in use`);
      chain.push(at);
      reached.add(at);
    }
    assert.ok(chain.includes(id), `destination ${id} is found by its address`);
  }
}

function checkEndpoints(tables: Tables): void {
  const { endpoints, dests } = tables;
  const seen = new Set<bigint>();
  for (let slot = 0; slot < endpoints.count; slot++) {
    const key = endpoints.big(slot, Endpoint.key);
    if (key === 0n || key === REMOVED) continue;
    assert.ok(!seen.has(key), `endpoint ${key.toString(16)} is in the table twice`);
    seen.add(key);
    const id = endpoints.get(slot, Endpoint.id);
    const service = SERVICE_KINDS.has(Number(key >> 56n));
    const own = service ? recordedServiceEndpoint(tables, id) : realEndpoint(tables, id);
    const data = service ? undefined : ftpDataEndpoint(tables, id);
    assert.ok(own === key || data === key, `endpoint ${key.toString(16)} leads to a record with its address`);
    if (!service)
      assert.ok(dests.get(id, Dest.flags) & Abi.D_REAL, `endpoint ${key.toString(16)} leads to destination ${id}, which expects it`);
  }
}

/** Replies of FTP's data connections are found by the address of any destination of such a service. */
function checkFtpData(tables: Tables, endpoints: EndpointTable): void {
  const { dests, conf } = tables;
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    if (dests.get(id, Dest.state) === WeirState.FREE || !(dests.get(id, Dest.flags) & Abi.D_REAL)) continue;
    const endpoint = ftpDataEndpoint(tables, id);
    if (endpoint === undefined) continue;
    const found = endpoints.find(endpoint);
    assert.notEqual(found, 0, `the data connections of destination ${id} are looked for`);
    assert.deepEqual(ftpDataEndpoint(tables, found), endpoint, `destination ${found} has the address of destination ${id}`);
  }
}

/** @throws AssertionError */
export function checkRecords(tables: Tables): void {
  const { conf, services } = tables;
  assert.equal(conf.get(0, Conf.dirty), 0, 'no change is left half done');
  const endpoints = new EndpointTable(tables);
  const listed = new Set<number>();
  let live = 0;
  for (let id = 1; id <= conf.get(0, Conf.serviceTop); id++) {
    if (services.get(id, Service.state) !== WeirState.LIVE) continue;
    live++;
    for (const dest of checkService(tables, endpoints, id)) listed.add(dest);
  }
  assert.equal(conf.get(0, Conf.services), live, 'the datapath knows how many services there are');
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) checkDestination(tables, id, listed.has(id));
  checkChains(tables, endpoints);
  checkEndpoints(tables);
  checkFtpData(tables, endpoints);
}
