// The pools of FULLNAT: for each server's endpoint and each local address the ports that stand for clients. Those of one endpoint are shared by all
// services that have it. They are made with the destination that needs them, and are taken away by a later one once nothing uses them.
//
//   killed before a pool had its local address     its number is free: the next pool takes it
//   killed before its ends were written            it is found by its addresses, and they are written then
import { randomInt } from 'node:crypto';
import type { Address } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import type { DestinationSpec } from '../../../model/service.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, type Records, u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { gcd } from '../../schedule/gcd.js';
import { Abi, Conf, Dest, WeirState } from '../abi.gen.js';
import { FullnatAbi, FullnatDest, FullnatEnds, FullnatFlow, FullnatPool } from '../fullnat.gen.js';
import { modelAddress, packetWords } from './record-address.js';
import { FULLNAT_FLOWS_PIN, type Tables } from './tables.js';

const { FULLNAT_LOCALS, FULLNAT_POOLS, FULLNAT_PORTS } = FullnatAbi;
/** Ports that a server takes for those of any client: none that needs root. */
const [FIRST_PORT, PORTS] = [1024, 65536 - 1024] as const;
const PORT_BYTES = 2;

/** A step by which all ports are met once: without a common divisor with their number. */
function randomStep(): number {
  for (;;) {
    const step = randomInt(1, PORTS);
    if (gcd(step, PORTS) === 1) return step;
  }
}

export class FullnatPools {
  readonly #pools: Records;
  readonly #dests: Records;

  /** @throws SystemError ENOENT: the programs of FULLNAT are not loaded */
  constructor(readonly tables: Tables) {
    this.#pools = tables.fullnatPools;
    this.#dests = tables.fullnatDests;
  }

  /** Writes which pools a destination has. @throws WeirError table-full */
  assign(id: number, { localAddresses = [] }: DestinationSpec): void {
    this.#reclaim(id);
    const pools = localAddresses.map((address) => this.#poolFor(id, packetWords(address)[0] ?? 0));
    for (let k = 0; k < FULLNAT_LOCALS; k++) this.#dests.set(id, FullnatDest.pool, pools[k] ?? 0, k);
  }

  /** The local address of a pool. */
  localAt(pool: number): Address {
    return modelAddress(this.#pools.get(pool, FullnatPool.local));
  }

  /** The local addresses of a destination. */
  localsOf(id: number): readonly Address[] {
    return this.#poolsOf(id).map((pool) => this.localAt(pool));
  }

  /** Of a destination's local addresses: how many ports are in use, of how many; and how many connections found none. */
  useOf(id: number): readonly { readonly local: Address; readonly used: number; readonly ports: number; readonly exhausted: bigint }[] {
    return this.#poolsOf(id).map((pool) => ({
      local: this.localAt(pool),
      used: this.#pools.get(pool, FullnatPool.used),
      ports: this.#pools.get(pool, FullnatPool.count),
      exhausted: this.#pools.big(pool, FullnatPool.exhausted),
    }));
  }

  #poolsOf(id: number): readonly number[] {
    const all = Array.from({ length: FULLNAT_LOCALS }, (_, k) => this.#dests.get(id, FullnatDest.pool, k));
    return all.filter((pool) => pool !== 0);
  }

  #with<T>(name: string, work: (map: BpfMap) => T): T {
    return using(this.tables.open(name), work);
  }

  get #top(): number {
    return this.#pools.get(0, FullnatPool.count);
  }

  #endsOf(pool: number): Uint8Array {
    return encodeRecord(FullnatEnds, {
      server: this.#pools.get(pool, FullnatPool.server),
      local: this.#pools.get(pool, FullnatPool.local),
      serverPort: this.#pools.get(pool, FullnatPool.serverPort),
      protocol: this.#pools.get(pool, FullnatPool.protocol),
    });
  }

  #poolFor(id: number, local: number): number {
    const { dests } = this.tables;
    const ends = [dests.get(id, Dest.addr), dests.get(id, Dest.port), dests.get(id, Dest.protocol)];
    const isSame = (pool: number): boolean =>
      this.#pools.get(pool, FullnatPool.local) === local &&
      this.#pools.get(pool, FullnatPool.server) === ends[0] &&
      this.#pools.get(pool, FullnatPool.serverPort) === ends[1] &&
      this.#pools.get(pool, FullnatPool.protocol) === ends[2];
    let pool = 1;
    while (pool <= this.#top && !isSame(pool)) pool++;
    if (pool > this.#top) pool = this.#makePool(id, local);
    this.#with('fullnat_ends', (map) => map.update(this.#endsOf(pool), u32(pool)));
    return pool;
  }

  #makePool(id: number, local: number): number {
    const { dests } = this.tables;
    const pools = this.#pools;
    let pool = 1;
    while (pool <= this.#top && pools.get(pool, FullnatPool.local) !== 0) pool++;
    if (pool >= FULLNAT_POOLS) throw new WeirError('table-full', { what: `more than ${FULLNAT_POOLS - 1} local addresses of servers` });
    this.#makeMaps(pool);
    pools.clear(pool);
    pools.set(pool, FullnatPool.server, dests.get(id, Dest.addr));
    pools.set(pool, FullnatPool.serverPort, dests.get(id, Dest.port));
    pools.set(pool, FullnatPool.protocol, dests.get(id, Dest.protocol));
    pools.set(pool, FullnatPool.first, FIRST_PORT);
    pools.set(pool, FullnatPool.count, PORTS);
    pools.set(pool, FullnatPool.start, randomInt(PORTS));
    pools.set(pool, FullnatPool.step, randomStep());
    pools.set(pool, FullnatPool.local, local);
    pools.set(0, FullnatPool.count, Math.max(this.#top, pool));
    return pool;
  }

  /** The flows of a pool, and the queue of the ports that come back. @throws WeirError bpf-table-refused */
  #makeMaps(pool: number): void {
    const put = (name: string, inner: BpfMap): void =>
      using(inner, () => this.#with(name, (outer) => outer.update(u32(pool), u32(inner.fd.number))));
    put(FULLNAT_FLOWS_PIN, BpfMap.createArray('fullnat_flows', FullnatFlow.bytes, FULLNAT_PORTS));
    put('fullnat_ports', BpfMap.createQueue('fullnat_ports', PORT_BYTES, FULLNAT_PORTS));
  }

  /** Takes away the pools that no destination names, and that have no flow. `but`: a destination that gets its pools now. */
  #reclaim(but: number): void {
    const { dests, conf } = this.tables;
    const named = new Set<number>();
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
      if (id === but || dests.get(id, Dest.state) === WeirState.FREE || (dests.get(id, Dest.flags) & Abi.D_FULLNAT) === 0) continue;
      for (const pool of this.#poolsOf(id)) named.add(pool);
    }
    for (let pool = 1; pool <= this.#top; pool++) {
      if (named.has(pool) || this.#pools.get(pool, FullnatPool.local) === 0 || this.#pools.get(pool, FullnatPool.used) !== 0) continue;
      this.#with('fullnat_ends', (map) => map.delete(this.#endsOf(pool)));
      this.#pools.set(pool, FullnatPool.local, 0);
      for (const name of [FULLNAT_FLOWS_PIN, 'fullnat_ports']) this.#with(name, (outer) => outer.delete(u32(pool)));
    }
  }
}
