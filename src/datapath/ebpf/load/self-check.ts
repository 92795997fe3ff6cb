// Runs the newly loaded programs on packets whose results are known, before anything is pinned or attached: a program that a kernel or a
// compiler got wrong must not process the host's packets. It uses the real maps, which no other process and no timer uses yet, and leaves
// them as they were: all zero.

import { release } from 'node:os';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { BpfMap, ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import { type Field, Records } from '../../../sys/bpf/records.js';
import { macBytes, ZERO_MAC } from '../../../wire/ethernet.js';
import { Abi, ClientHop, ClientHopSet, Conf, ConnSlot, Dest, Egress, Endpoint, Interface, Nexthop, Service } from '../abi.gen.js';
import { writerOf } from '../recovery/batch.js';
import { connectionHash, hashKeysOf, keyedHash, keyOf } from '../table/endpoint-table.js';
import { realEndpoint, recordedServiceEndpoint } from '../table/identity.js';
import { packetWords } from '../table/record-address.js';
import type { Tables } from '../table/tables.js';
import { CLIENT_HOP, SOURCE_MAC, STAGE, type Vector, type VectorVerdict } from './vectors.js';

/** Their names in the object. */
type Programs = Readonly<Record<Vector['program'], string>>;

/** The interface that packets seem to come in by: not lo, since clients on the director skip some tests. */
const FROM_OUTSIDE = 2;
const SK_BUFF = { bytes: 192, ingressIfindex: 36, ifindex: 40 } as const;
const XDP_MD = { bytes: 24, dataEnd: 4 } as const;
const ALWAYS_FRESH = 0xffffffff;
/** Cached answers of the FIB, so that the programs do not ask it. */
const [IS_LOCAL, IS_ELSEWHERE] = [1, 2];
/** The egress of the client's next hop. */
const EGRESS = 1;

const TC_VERDICTS: Readonly<Record<number, VectorVerdict>> = { 4294967295: 'pass', 2: 'drop', 7: 'redirect' };
const XDP_VERDICTS: Readonly<Record<number, VectorVerdict>> = { 1: 'drop', 2: 'pass', 4: 'redirect' };

/**
 * Runs the vectors. `tables`: the object's own, with `conf` filled in; `conf` is zero afterwards, too.
 * @throws WeirError self-check-failed, with the first vector that had another result
 */
export function selfCheck(object: ObjectFile, tables: Tables, programs: Programs, vectors: readonly Vector[]): void {
  const writable = (name: string): ArrayBuffer => mapped(object.map(name));
  const [conns, hops, egresses] = [writable('conns'), writable('client_hops'), writable('egresses')];
  try {
    setStage(tables);
    writeClientHop(tables, hops, egresses);
    for (const vector of vectors) tryVector(object, programs[vector.program], vector);
  } finally {
    clear(tables, conns, hops, vectors);
    new Uint8Array(egresses, EGRESS * Egress.bytes, Egress.bytes).fill(0);
  }
}

function mapped(map: BpfMap): ArrayBuffer {
  try {
    const { valueSize, maxEntries } = map.info();
    return map.mmap(Math.ceil(valueSize / 8) * 8 * maxEntries, true);
  } finally {
    map.close();
  }
}

/** A next hop out of `lo`, or none (NH_LOCAL), as a FIB answer would be cached. `at`: of the record, bytes. */
function writeHop(memory: ArrayBuffer, at: number, address: number, mac: string, flags: number): void {
  const hop = new Records(memory, memory.byteLength);
  const set = (field: Field, value: number, k = 0): void => hop.set(0, { ...field, at: at + field.at }, value, k);
  set(Nexthop.addr, address);
  set(Nexthop.ifindex, Abi.LOOPBACK);
  macBytes(mac).forEach((byte, k) => {
    set(Nexthop.dmac, byte, k);
  });
  macBytes(SOURCE_MAC).forEach((byte, k) => {
    set(Nexthop.smac, byte, k);
  });
  set(Nexthop.flags, flags);
}

function clientHopAt(tables: Tables, hops: ArrayBuffer): number {
  const sets = hops.byteLength / ClientHopSet.bytes;
  return (keyedHash(BigInt(packetWords(CLIENT_HOP.address)[0] ?? 0), hashKeysOf(tables)) & (sets - 1)) * ClientHopSet.bytes;
}

/** A MAC as the low bytes of a word. */
const macWord = (mac: string): bigint => macBytes(mac).reduceRight((word, byte) => (word << 8n) | BigInt(byte), 0n);

function writeClientHop(tables: Tables, hops: ArrayBuffer, egresses: ArrayBuffer): void {
  const entry = clientHopAt(tables, hops) / ClientHop.bytes;
  const table = new Records(hops, ClientHop.bytes);
  table.setBig(entry, ClientHop.known, BigInt(packetWords(CLIENT_HOP.address)[0] ?? 0));
  table.setBig(entry, ClientHop.next, macWord(CLIENT_HOP.mac) | (BigInt(EGRESS) << BigInt(Abi.NEXT_EGRESS_SHIFT)));
  const egress = new Records(egresses, Egress.bytes);
  const source = macWord(SOURCE_MAC) << 16n;
  egress.set(EGRESS, Egress.ifindex, Abi.LOOPBACK);
  egress.set(EGRESS, Egress.flags, Abi.NH_XDP);
  egress.set(EGRESS, Egress.smac, Number(source & 0xffffffffn), 0);
  egress.set(EGRESS, Egress.smac, Number(source >> 32n), 1);
}

function setStage(tables: Tables): void {
  const { conf, services, dests, interfaces } = tables;
  const writer = writerOf(tables);
  conf.set(0, Conf.freshFor, ALWAYS_FRESH);
  interfaces.set(Abi.LOOPBACK, Interface.ifindex, Abi.LOOPBACK);
  STAGE.forEach(({ protocol, address, port, destination, hop, local }, k) => {
    const key = { kind: 'address', protocol, address, port } as const;
    writer.addService({ key, scheduler: 'wlc', schedFlags: 0, onePacket: false });
    writer.addDestination(key, destination);
    const id = k + 1;
    services.set(id, Service.local, local ? IS_LOCAL : IS_ELSEWHERE);
    dests.set(id, Dest.replyFrom, FROM_OUTSIDE); // their replies come in there
    const flags = hop === undefined ? Abi.NH_LOCAL : Abi.NH_XDP;
    writeHop(dests.memory, id * Dest.bytes + Dest.hop.at, dests.get(id, Dest.addr), hop ?? ZERO_MAC, flags);
  });
}

function contextOf({ program, frame }: Vector): Uint8Array {
  const xdp = program === 'xdp';
  const context = new Uint8Array(xdp ? XDP_MD.bytes : SK_BUFF.bytes);
  const view = new DataView(context.buffer);
  if (xdp) view.setUint32(XDP_MD.dataEnd, frame.length, true);
  else view.setUint32(SK_BUFF.ifindex, Abi.LOOPBACK, true);
  if (program === 'ingress') view.setUint32(SK_BUFF.ingressIfindex, FROM_OUTSIDE, true);
  return context;
}

function tryVector(object: ObjectFile, name: string, vector: Vector): void {
  const program = object.program(name);
  try {
    const { retval, data } = program.test({ data: vector.frame, ctx: contextOf(vector) });
    const verdict = (vector.program === 'xdp' ? XDP_VERDICTS : TC_VERDICTS)[retval >>> 0] ?? String(retval);
    const differs = difference(vector, verdict, data);
    if (differs === undefined) return;
    throw new WeirError('self-check-failed', { kernel: release(), vector: vector.name, difference: differs });
  } finally {
    program.close();
  }
}

function difference(vector: Vector, verdict: string, data: Uint8Array): string | undefined {
  if (verdict !== vector.verdict) return `expected ${vector.verdict}, got ${verdict}`;
  if (data.length !== vector.out.length) return `expected ${vector.out.length} bytes, got ${data.length}`;
  const at = data.findIndex((byte, k) => byte !== vector.out[k]);
  return at < 0 ? undefined : `byte ${at} is ${data[at]}, not ${vector.out[at]}`;
}

/** What the packets left is in its home bucket, or in one of those after it, since several may have the same. */
function clear(tables: Tables, conns: ArrayBuffer, hops: ArrayBuffer, vectors: readonly Vector[]): void {
  const { conf, services, dests, counters, estimates, endpoints, drops, interfaces } = tables;
  const keys = hashKeysOf(tables);
  const buckets = (memory: ArrayBuffer, slotBytes: number, hash: number, count: number): void => {
    const bytes = slotBytes * Abi.BUCKET_SLOTS;
    for (let k = 0; k < count; k++) new Uint8Array(memory, ((hash + k) & (memory.byteLength / bytes - 1)) * bytes, bytes).fill(0);
  };
  const connections = (hash: number): void => buckets(conns, ConnSlot.bytes, hash, Abi.PROBE_BUCKETS);
  const endpoint = (hash: number): void => buckets(endpoints.memory, Endpoint.bytes, hash, Abi.ENDPOINT_PROBES);
  const records = (table: Records, from: number, count: number): void => {
    new Uint8Array(table.memory, from * table.bytes, count * table.bytes).fill(0);
  };
  const ids = STAGE.map((_, k) => k + 1);
  for (const { frame } of vectors) for (const id of ids) connections(connectionHash(connectionKey(frame, id), keys));
  for (const id of ids) {
    endpoint(keyedHash(keyOf(recordedServiceEndpoint(tables, id)), keys));
    endpoint(keyedHash(keyOf(realEndpoint(tables, id)), keys));
  }
  new Uint8Array(hops, clientHopAt(tables, hops), ClientHopSet.bytes).fill(0);
  const upTo = ids.length + 1;
  records(estimates, 0, upTo);
  records(estimates, conf.get(0, Conf.maxServices), upTo);
  records(counters, 0, upTo * conf.get(0, Conf.cpus));
  records(services, 0, upTo);
  records(dests, 0, upTo);
  records(interfaces, Abi.LOOPBACK, 1);
  for (const { memory } of [drops, conf]) new Uint8Array(memory).fill(0);
}

/** The key of a connection from the frame's source to this service. */
function connectionKey(frame: Uint8Array, service: number): bigint {
  const view = new DataView(frame.buffer, frame.byteOffset);
  const [port, id] = [BigInt(view.getUint16(34, true)), BigInt(service)];
  return BigInt(view.getUint32(26, true)) | (port << BigInt(Abi.K_PORT_SHIFT)) | (id << BigInt(Abi.K_SERVICE_SHIFT));
}
