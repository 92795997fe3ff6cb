// Runs the newly loaded programs on packets whose results are known, before anything is pinned or attached: a program that a kernel or a
// compiler got wrong must not process the host's packets. It uses the real maps, which no other process and no timer uses yet, and leaves
// them as they were: all zero.
import type { ObjectFile } from '../../../sys/bpf/bpf-objects.js';
import type { Records } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Abi, ClientHopSet, Conf, ConnSlot, Egress, Endpoint } from '../abi.gen.js';
import { connectionHash, hashKeysOf, keyedHash, keyOf } from '../table/endpoint-table.js';
import { realEndpoint, recordedServiceEndpoint } from '../table/identity.js';
import { FRAGMENT_SERVERS_PIN, FRAGMENTS_PIN, type Tables } from '../table/tables.js';
import { clientHopAt, EGRESS, mapped, setStage, writeClientHop } from './trial-tables.js';
import { tryVector } from './try-vector.js';
import { type LinkVector, STAGE } from './vectors/ipv4.js';
import { clientHop } from './vectors/vector.js';

/** Their names in the object. */
type Programs = Readonly<Record<LinkVector['program'], string>>;

const CLIENT_HOP = clientHop('inet');

/**
 * Runs the vectors. `tables`: the object's own, with `conf` filled in; `conf` is zero afterwards, too.
 * @throws WeirError self-check-failed, with the first vector that had another result
 */
export function selfCheck(object: ObjectFile, tables: Tables, programs: Programs, vectors: readonly LinkVector[]): void {
  const writable = (name: string): ArrayBuffer => mapped(object.map(name));
  const [conns, hops, egresses] = [writable('conns'), writable('client_hops'), writable('egresses')];
  try {
    setStage(tables, STAGE);
    writeClientHop(tables, hops, egresses, CLIENT_HOP);
    for (const vector of vectors) tryVector(object, programs[vector.program], vector);
  } finally {
    clear(tables, conns, hops, vectors);
    for (const name of [FRAGMENTS_PIN, FRAGMENT_SERVERS_PIN]) using(object.map(name), (map) => map.empty());
    new Uint8Array(egresses, EGRESS * Egress.bytes, Egress.bytes).fill(0);
  }
}

/** What the packets left is in its home bucket, or in one of those after it, since several may have the same. */
function clear(tables: Tables, conns: ArrayBuffer, hops: ArrayBuffer, vectors: readonly LinkVector[]): void {
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
  new Uint8Array(hops, clientHopAt(tables, hops, CLIENT_HOP), ClientHopSet.bytes).fill(0);
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
