// Writes the table that finds services and masqueraded destinations by address and port. A packet that
// reads at the same time sees each change whole, because the id is stored first, then the key.

import type { Records } from '../../../sys/bpf/records.js';
import { Abi, Conf, Endpoint, EndpointKind } from '../abi.gen.js';
import type { Tables } from './tables.js';

const U64 = 0xffffffffffffffffn;
const U32 = 0xffffffffn;
const FREE = 0n;
const REMOVED = BigInt(Abi.ENDPOINT_REMOVED);
const MIX = 0x9e3779b97f4a7c15n;

export type EndpointKindName = keyof typeof EndpointKind;

const at = (value: number, shift: number): bigint => BigInt(value) << BigInt(shift);

/** `address` and `port` in the order of a packet, as the records hold them. */
export function endpointKey(address: number, port: number, protocol: number, kind: EndpointKindName): bigint {
  return BigInt(address) | at(port, Abi.E_PORT_SHIFT) | at(protocol, Abi.E_PROTOCOL_SHIFT) | at(EndpointKind[kind], Abi.E_KIND_SHIFT);
}

/** keyed_hash() of bpf/director/endpoint.h. */
export function keyedHash(key: bigint, [a, b, c]: readonly [bigint, bigint, bigint]): number {
  let h = (a + b * (key & U32) + c * (key >> 32n)) & U64;
  h ^= h >> 32n;
  return Number(((h * MIX) & U64) >> 32n);
}

export class EndpointTable {
  readonly #slots: Records;
  readonly #keys: readonly [bigint, bigint, bigint];
  readonly #mask: number;

  constructor(tables: Tables) {
    this.#slots = tables.endpoints;
    const conf = tables.conf;
    this.#keys = [conf.big(0, Conf.hashKey, 0), conf.big(0, Conf.hashKey, 1), conf.big(0, Conf.hashKey, 2)];
    this.#mask = conf.get(0, Conf.endpointBuckets) - 1;
  }

  /** The id behind a key, 0 where there is none. */
  find(key: bigint): number {
    const slot = this.#slotOf(key);
    return slot === undefined ? 0 : this.#slots.get(slot, Endpoint.id);
  }

  /** Adds a key or changes what is behind it. False: its buckets are full. */
  put(key: bigint, id: number): boolean {
    const present = this.#slotOf(key);
    if (present !== undefined) {
      this.#slots.set(present, Endpoint.id, id);
      return true;
    }
    for (const slot of this.#path(key)) {
      const held = this.#slots.big(slot, Endpoint.key);
      if (held !== FREE && held !== REMOVED) continue;
      this.#slots.set(slot, Endpoint.id, id);
      this.#slots.setBig(slot, Endpoint.key, key);
      return true;
    }
    return false;
  }

  remove(key: bigint): void {
    const slot = this.#slotOf(key);
    if (slot !== undefined) this.#slots.setBig(slot, Endpoint.key, REMOVED);
  }

  #slotOf(key: bigint): number | undefined {
    for (const slot of this.#path(key)) {
      const held = this.#slots.big(slot, Endpoint.key);
      if (held === key) return slot;
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
