// The connection tables as the bench looks at them: raw slots in shared memory, 16 bytes each, four a bucket (bpf/director/abi.h: struct
// conn_slot; a bucket of a side build's table has more behind them).

import { Abi } from '../src/datapath/ebpf/abi.gen.js';
import { native } from '../src/sys/addon.js';
import { BpfMap } from '../src/sys/bpf/bpf-objects.js';

const WORDS_EACH = 4;
const SLOT_BITS = Math.log2(Abi.BUCKET_SLOTS);
const DESTINATION_MASK = 2 ** (Abi.V_METHOD_SHIFT - Abi.V_DEST_SHIFT) - 1;

const swap32 = (value: number): number => ((value >>> 24) | ((value >>> 8) & 0xff00) | ((value << 8) & 0xff0000) | (value << 24)) >>> 0;
const swap16 = (value: number): number => ((value >>> 8) | (value << 8)) & 0xffff;

export class ConnTable {
  /** key low, key high, value low, value high of each slot. */
  readonly #words: Uint32Array;
  /** Words a bucket. */
  readonly #stride: number;

  /** `folder`: the pins of a director. */
  constructor(folder: string, pin = 'conns') {
    const map = BpfMap.pinned(`${folder}/${pin}`);
    try {
      const { valueSize, maxEntries } = map.info();
      this.#words = new Uint32Array(map.mmap(valueSize * maxEntries, true));
      this.#stride = valueSize / Uint32Array.BYTES_PER_ELEMENT;
    } finally {
      map.close();
    }
  }

  get slots(): number {
    return (this.#words.length / this.#stride) * Abi.BUCKET_SLOTS;
  }

  /** Where a slot's words begin. */
  #at(slot: number): number {
    return (slot >> SLOT_BITS) * this.#stride + (slot & (Abi.BUCKET_SLOTS - 1)) * WORDS_EACH;
  }

  #taken(slot: number): boolean {
    return ((this.#words[this.#at(slot) + 3] ?? 0) & DESTINATION_MASK) !== 0;
  }

  /** Slots that hold a connection. */
  count(): number {
    let count = 0;
    for (let slot = 0; slot < this.slots; slot += 1) if (this.#taken(slot)) count += 1;
    return count;
  }

  /** Empties every slot; the destinations go on counting what was there. */
  clear(): void {
    this.#words.fill(0);
  }

  /** The slot of each of the flows 0 to 2^flowBits - 1; numbered as bench/wrap.ts does, ports from 1024. */
  places(address: number, portBits: number, flowBits: number): readonly number[] {
    const places: number[] = [];
    for (let slot = 0; slot < this.slots; slot += 1) {
      const flow = this.#taken(slot) ? this.#flow(slot, address, portBits) : -1;
      if (flow >= 0 && flow < 2 ** flowBits) places[flow] = slot;
    }
    if (places.length !== 2 ** flowBits || places.includes(undefined as unknown as number))
      throw new Error('some flows have no connection');
    return places;
  }

  #flow(slot: number, address: number, portBits: number): number {
    const at = this.#at(slot);
    const client = swap32(this.#words[at] ?? 0) - address;
    return client * 2 ** portBits + swap16((this.#words[at + 1] ?? 0) & 0xffff) - 1024;
  }

  /** Of `conns`: reads every live connection into columns: client, port and service, expiry, destination and state; how many there are. */
  read(now: number, columns: readonly [Uint32Array, Uint32Array, Uint32Array, Uint32Array]): number {
    const [clients, ports, expiries, states] = columns;
    const words = this.#words;
    let count = 0;
    for (let at = 0; at < words.length; at += WORDS_EACH) {
      const state = words[at + 3] ?? 0;
      if ((state & DESTINATION_MASK) === 0) continue;
      const expiry = words[at + 2] ?? 0;
      if (((expiry - now) | 0) < 0) continue;
      clients[count] = words[at] ?? 0;
      ports[count] = words[at + 1] ?? 0;
      expiries[count] = expiry;
      states[count] = state;
      count += 1;
    }
    return count;
  }

  /** How many different flows 0 to 2^flowBits - 1 are in the table. */
  flows(address: number, portBits: number, flowBits: number): number {
    const seen = new Uint8Array(2 ** flowBits);
    let count = 0;
    for (let slot = 0; slot < this.slots; slot += 1) {
      if (!this.#taken(slot)) continue;
      const flow = this.#flow(slot, address, portBits);
      if (seen[flow] === 0) count += 1;
      seen[flow] = 1;
    }
    return count;
  }
}

/** Kernel memory of pinned maps, bytes. */
export const memlock = (folder: string, maps: readonly string[]): number =>
  maps.reduce((sum, name) => {
    const fd = native().bpfObjGet(`${folder}/${name}`);
    try {
      return sum + native().bpfMapInfo(fd).memlock;
    } finally {
      native().close(fd);
    }
  }, 0);
