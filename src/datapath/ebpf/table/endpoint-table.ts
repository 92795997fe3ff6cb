// Writes the table that finds services and masqueraded destinations by address and port. A packet that
// reads at the same time sees each change whole, because the id is stored first, then the key.

import type { Records } from '../../../sys/bpf/records.js';
import { Abi, Conf, Endpoint, EndpointKind } from '../abi.gen.js';
import { WideEndpointKind } from '../wide.gen.js';
import { Wide6EndpointKind } from '../wide6.gen.js';
import type { Tables } from './tables.js';

const U64 = 0xffffffffffffffffn;
const U32 = 0xffffffffn;
const FREE = 0n;
const REMOVED = BigInt(Abi.ENDPOINT_REMOVED);
const MIX = 0x9e3779b97f4a7c15n;

const REAL_KINDS: ReadonlySet<number> = new Set([
  EndpointKind.E_REAL,
  EndpointKind.E_REAL6,
  WideEndpointKind.E_REAL_ALL,
  Wide6EndpointKind.E_REAL_ALL6,
]);

const at = (value: number, shift: number): bigint => BigInt(value) << BigInt(shift);

/** `address` and `port` in the order of a packet, as the records hold them. `kind`: an EndpointKind or a WideEndpointKind. */
export function endpointKey(address: number, port: number, protocol: number, kind: number): bigint {
  return BigInt(address) | at(port, Abi.E_PORT_SHIFT) | at(protocol, Abi.E_PROTOCOL_SHIFT) | at(kind, Abi.E_KIND_SHIFT);
}

export type HashKeys = readonly [bigint, bigint, bigint];

/** The keys by which the loaded programs hash. */
export const hashKeysOf = ({ conf }: Tables): HashKeys => [
  conf.big(0, Conf.hashKey, 0),
  conf.big(0, Conf.hashKey, 1),
  conf.big(0, Conf.hashKey, 2),
];

/** An endpoint of IPv6: its key has only a hash of the address, so the record behind it decides whether it `is` the one. */
interface HashedEndpoint {
  readonly key: bigint;
  is(id: number): boolean;
}

/** IPv4: the key alone. */
export type EndpointRef = bigint | HashedEndpoint;

/** keyed_hash() of bpf/director/endpoint.h. */
export function keyedHash(key: bigint, [a, b, c]: HashKeys): number {
  let h = (a + b * (key & U32) + c * (key >> 32n)) & U64;
  h ^= h >> 32n;
  return Number(((h * MIX) & U64) >> 32n);
}

/** conn_hash() of bpf/director/conn.h: it chooses the bucket of a connection's key. */
export const connectionHash = (key: bigint, keys: readonly [bigint, bigint, bigint]): number => keyedHash(key & BigInt(Abi.K_HASHED), keys);

/** The key of an endpoint as its slot has it. */
export const keyOf = (endpoint: EndpointRef): bigint => (typeof endpoint === 'bigint' ? endpoint : endpoint.key);

export class EndpointTable {
  readonly #slots: Records;
  readonly #keys: HashKeys;
  readonly #mask: number;

  constructor(tables: Tables) {
    this.#slots = tables.endpoints;
    const conf = tables.conf;
    this.#keys = hashKeysOf(tables);
    this.#mask = conf.get(0, Conf.endpointBuckets) - 1;
  }

  /** The id behind an endpoint, 0 where there is none. */
  find(endpoint: EndpointRef): number {
    const slot = this.#slotOf(endpoint);
    return slot === undefined ? 0 : this.#slots.get(slot, Endpoint.id);
  }

  /** Adds an endpoint or changes what is behind it. False: its buckets are full. */
  put(endpoint: EndpointRef, id: number): boolean {
    const present = this.#slotOf(endpoint);
    if (present !== undefined) {
      this.#slots.set(present, Endpoint.id, id);
      return true;
    }
    const key = keyOf(endpoint);
    for (const slot of this.#path(key)) {
      const held = this.#slots.big(slot, Endpoint.key);
      if (held !== FREE && held !== REMOVED) continue;
      this.#slots.set(slot, Endpoint.id, id);
      this.#slots.setBig(slot, Endpoint.key, key);
      return true;
    }
    return false;
  }

  remove(endpoint: EndpointRef): void {
    const slot = this.#slotOf(endpoint);
    if (slot !== undefined) this.#slots.setBig(slot, Endpoint.key, REMOVED);
  }

  /** Removes those of masqueraded destinations but for `right` ones. */
  keepReals(right: (id: number, key: bigint) => boolean): void {
    for (let slot = 0; slot < this.#slots.count; slot++) {
      const key = this.#slots.big(slot, Endpoint.key);
      const kind = Number(key >> BigInt(Abi.E_KIND_SHIFT));
      if (!REAL_KINDS.has(kind)) continue;
      if (!right(this.#slots.get(slot, Endpoint.id), key)) this.#slots.setBig(slot, Endpoint.key, REMOVED);
    }
  }

  #slotOf(endpoint: EndpointRef): number | undefined {
    const key = keyOf(endpoint);
    for (const slot of this.#path(key)) {
      const held = this.#slots.big(slot, Endpoint.key);
      if (held === key && (typeof endpoint === 'bigint' || endpoint.is(this.#slots.get(slot, Endpoint.id)))) return slot;
      // Slots are filled from the front of a bucket: a free last slot ends the search.
      if (held === FREE && slot % Abi.BUCKET_SLOTS === Abi.BUCKET_SLOTS - 1) return undefined;
    }
    return undefined;
  }

  *#path(key: bigint): Generator<number> {
    const home = keyedHash(key, this.#keys);
    for (let probe = 0; probe < Abi.ENDPOINT_PROBES; probe++) {
      const bucket = ((home + probe) & this.#mask) >>> 0;
      for (let k = 0; k < Abi.BUCKET_SLOTS; k++) yield bucket * Abi.BUCKET_SLOTS + k;
    }
  }
}
