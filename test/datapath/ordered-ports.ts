// Hands out the local ports of FULLNAT in their order, as the reference director does: the datapath itself begins anywhere.
import { existsSync } from 'node:fs';
import { FullnatPool } from '../../src/datapath/ebpf/fullnat.gen.js';
import { fullnatPin } from '../../src/datapath/ebpf/table/tables.js';
import type { Family } from '../../src/model/address.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Records } from '../../src/sys/bpf/records.js';

const mapsOf = (family: Family): readonly string[] => [fullnatPin(family, 'fullnat_clients'), fullnatPin(family, 'fullnat_ends')];

export class OrderedLocalPorts {
  #pools: Records | undefined;

  /** `folder`: of the pins. */
  constructor(readonly folder: string) {}

  #found(): Records | undefined {
    const path = `${this.folder}/fullnat_pools`;
    if (this.#pools !== undefined || !existsSync(path)) return this.#pools;
    const map = BpfMap.pinned(path);
    this.#pools = new Records(map.mmap(FullnatPool.bytes * map.info().maxEntries, true), FullnatPool.bytes);
    map.close();
    return this.#pools;
  }

  /** Of all pools that handed out none yet. */
  begin(): void {
    const pools = this.#found();
    if (pools === undefined) return;
    for (let pool = 1; pool <= pools.get(0, FullnatPool.count); pool++) {
      if (pools.get(pool, FullnatPool.handed) !== 0) continue;
      pools.set(pool, FullnatPool.start, 0);
      pools.set(pool, FullnatPool.step, 1);
    }
  }

  /** From now on each pool has so many ports. */
  limit(count: number): void {
    const pools = this.#found();
    for (let pool = 1; pool <= (pools?.get(0, FullnatPool.count) ?? 0); pool++) pools?.set(pool, FullnatPool.count, count);
  }

  /** Forgets all pools and flows: each pool is made again when it is needed. */
  forget(): void {
    const pools = this.#found();
    if (pools === undefined) return;
    for (let pool = 1; pool <= pools.get(0, FullnatPool.count); pool++) pools.set(pool, FullnatPool.family, 0);
    pools.set(0, FullnatPool.count, 0);
    for (const name of ['fullnat_virtuals', 'fullnat_foreign', ...(['inet', 'inet6'] as const).flatMap(mapsOf)]) {
      if (!existsSync(`${this.folder}/${name}`)) continue;
      const map = BpfMap.pinned(`${this.folder}/${name}`);
      for (const key of [...map.keys()]) map.delete(key);
      map.close();
    }
  }
}
