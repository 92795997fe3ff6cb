// The pools of FULLNAT: for each server's endpoint and each local address the ports that stand for clients. Those of one endpoint are shared by all
// services that have it. Services of all ports and of marks, and of FTP with its data, have pools for all ports of a server. They are made with the destination that needs them, and are taken away by a later one once nothing uses them.
//
//   killed before a pool had its local address     its number is free: the next pool takes it
//   killed before its ends were written            it is found by its addresses, and they are written then
import { randomInt } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { Address, Family } from '../../../model/address.js';
import { WeirError } from '../../../model/errors/weir-error.js';
import { gcd } from '../../../model/rings/gcd.js';
import type { DestinationSpec } from '../../../model/service.js';
import { BpfMap } from '../../../sys/bpf/bpf-objects.js';
import { encodeRecord, type Records, u32 } from '../../../sys/bpf/records.js';
import { using } from '../../../sys/fd.js';
import { Abi, AddressFamily, Conf, Dest, WeirState } from '../abi.gen.js';
import { FullnatAbi, FullnatDest, FullnatFlow, FullnatPair, FullnatPool } from '../fullnat.gen.js';
import { Fullnat6Flow, Fullnat6Pair } from '../fullnat6.gen.js';
import { isHelpedService } from './ftp.js';
import { isRecordedFtp, isRecordedWide } from './identity.js';
import { modelAddress, packetWords, recordedWords } from './record-address.js';
import { noteLeases } from './service-list.js';
import { FULLNAT_FLOWS_PINS, fullnatPin, type Tables } from './tables.js';

const { FULLNAT_LOCALS, FULLNAT_POOLS, FULLNAT_PORTS } = FullnatAbi;
/** Ports that a server takes for those of any client: none that needs root. */
const [FIRST_PORT, PORTS] = [1024, 65536 - 1024] as const;
const PORT_BYTES = 2;

const FREE = 0;

/** The ends of a pool: the server's port and the protocol are 0 where it is for all ports. */
interface Ends {
  readonly family: Family;
  readonly local: readonly number[];
  readonly server: readonly number[];
  readonly serverPort: number;
  readonly protocol: number;
}

/** The record of two ends, by which packets find their pool. */
export function encodePair({ family, server, local, serverPort, protocol }: Ends): Uint8Array {
  return encodeRecord(family === 'inet' ? FullnatPair : Fullnat6Pair, { server, local, serverPort, protocol });
}

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

  /** Writes which pools a destination has, and marks its service. @throws WeirError table-full */
  assign(id: number, { localAddresses = [] }: Pick<DestinationSpec, 'localAddresses'>): void {
    this.#reclaim();
    const pools = localAddresses.map((address) => this.#poolFor(this.#endsFor(id, address)));
    for (let k = 0; k < FULLNAT_LOCALS; k++) this.#dests.set(id, FullnatDest.pool, pools[k] ?? 0, k);
    noteLeases(this.tables, this.tables.dests.get(id, Dest.service));
  }

  /** The helper for FTP has come to its service's port, or has left it. */
  followFtpPorts(id: number): void {
    this.assign(id, { localAddresses: this.localsOf(id) });
  }

  /** The local address of a pool. */
  localAt(pool: number): Address {
    return modelAddress(...this.#wordsAt(pool, FullnatPool.local));
  }

  /** Is it of the server of this destination? A destination's number may come to another server while flows of the former one last. */
  isOf(pool: number, id: number): boolean {
    const { server, serverPort, protocol } = this.#endsAt(pool);
    const { dests } = this.tables;
    if (this.#isFree(pool) || !isDeepStrictEqual([...server], [...recordedWords(dests, Dest, id)])) return false;
    return serverPort === 0 || (serverPort === dests.get(id, Dest.port) && protocol === dests.get(id, Dest.protocol));
  }

  /** Is the pool for all ports of a server? */
  isWide(pool: number): boolean {
    return this.#pools.get(pool, FullnatPool.serverPort) === 0;
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

  /**
   * Of each pool of a destination, `used` of `ports`, and how many of them flows of the other kind have towards its server: of its pool for all ports, or
   * else of those for one port, all together.
   */
  rivalsOf(id: number): readonly { readonly used: number; readonly ports: number; readonly rivals: number }[] {
    return this.#poolsOf(id).map((pool) => ({
      used: this.#pools.get(pool, FullnatPool.used),
      ports: this.#pools.get(pool, FullnatPool.count),
      rivals: this.#rivalsOfPool(pool),
    }));
  }

  #rivalsOfPool(pool: number): number {
    const { local, server } = this.#endsAt(pool);
    let used = 0;
    for (let other = 1; other <= this.#top; other++) {
      if (this.#isFree(other) || this.isWide(other) === this.isWide(pool)) continue;
      const ends = this.#endsAt(other);
      if (isDeepStrictEqual([ends.local, ends.server], [local, server])) used += this.#pools.get(other, FullnatPool.used);
    }
    return used;
  }

  /** How many ports of this family are in use. */
  usedOf(family: Family): number {
    let used = 0;
    for (let pool = 1; pool <= this.#top; pool++)
      if (!this.#isFree(pool) && this.#familyAt(pool) === family) used += this.#pools.get(pool, FullnatPool.used);
    return used;
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

  #familyAt(pool: number): Family {
    return this.#pools.get(pool, FullnatPool.family) === AddressFamily.F_INET6 ? 'inet6' : 'inet';
  }

  #wordsAt(pool: number, field: typeof FullnatPool.local | typeof FullnatPool.server): readonly number[] {
    const count = this.#familyAt(pool) === 'inet' ? 1 : field.count;
    return Array.from({ length: count }, (_, k) => this.#pools.get(pool, field, k));
  }

  #endsAt(pool: number): Ends {
    return {
      family: this.#familyAt(pool),
      server: this.#wordsAt(pool, FullnatPool.server),
      local: this.#wordsAt(pool, FullnatPool.local),
      serverPort: this.#pools.get(pool, FullnatPool.serverPort),
      protocol: this.#pools.get(pool, FullnatPool.protocol),
    };
  }

  /** What a destination needs a pool for, with this local address. */
  #endsFor(id: number, local: Address): Ends {
    const { dests } = this.tables;
    const service = dests.get(id, Dest.service);
    const isWide = isRecordedWide(this.tables, service) || isRecordedFtp(this.tables, service) || isHelpedService(this.tables, service);
    return {
      family: local.family,
      local: packetWords(local),
      server: recordedWords(dests, Dest, id),
      serverPort: isWide ? 0 : dests.get(id, Dest.port),
      protocol: isWide ? 0 : dests.get(id, Dest.protocol),
    };
  }

  #isFree(pool: number): boolean {
    return this.#pools.get(pool, FullnatPool.family) === FREE;
  }

  #poolFor(ends: Ends): number {
    const { family } = ends;
    const isSame = (pool: number): boolean => !this.#isFree(pool) && isDeepStrictEqual(this.#endsAt(pool), ends);
    let pool = 1;
    while (pool <= this.#top && !isSame(pool)) pool++;
    if (pool > this.#top) pool = this.#makePool(ends);
    this.#with(fullnatPin(family, 'fullnat_ends'), (map) => map.update(encodePair(ends), u32(pool)));
    return pool;
  }

  #makePool({ family, local, server, serverPort, protocol }: Ends): number {
    const pools = this.#pools;
    let pool = 1;
    while (pool <= this.#top && !this.#isFree(pool)) pool++;
    if (pool >= FULLNAT_POOLS) throw new WeirError('table-full', { what: `more than ${FULLNAT_POOLS - 1} local addresses of servers` });
    this.#makeMaps(pool, family);
    pools.clear(pool);
    local.forEach((word, k) => {
      pools.set(pool, FullnatPool.local, word, k);
    });
    server.forEach((word, k) => {
      pools.set(pool, FullnatPool.server, word, k);
    });
    pools.set(pool, FullnatPool.serverPort, serverPort);
    pools.set(pool, FullnatPool.protocol, protocol);
    pools.set(pool, FullnatPool.first, FIRST_PORT);
    pools.set(pool, FullnatPool.count, PORTS);
    pools.set(pool, FullnatPool.start, randomInt(PORTS));
    pools.set(pool, FullnatPool.step, randomStep());
    pools.set(pool, FullnatPool.family, family === 'inet' ? AddressFamily.F_INET : AddressFamily.F_INET6);
    pools.set(0, FullnatPool.count, Math.max(this.#top, pool));
    return pool;
  }

  /** The flows of a pool, and the queue of the ports that come back. @throws WeirError bpf-table-refused */
  #makeMaps(pool: number, family: Family): void {
    const put = (name: string, inner: BpfMap): void =>
      using(inner, () => this.#with(name, (outer) => outer.update(u32(pool), u32(inner.fd.number))));
    const { bytes } = family === 'inet' ? FullnatFlow : Fullnat6Flow;
    put(FULLNAT_FLOWS_PINS[family], BpfMap.createArray('fullnat_flows', bytes, FULLNAT_PORTS));
    put('fullnat_ports', BpfMap.createQueue('fullnat_ports', PORT_BYTES, FULLNAT_PORTS));
  }

  /** Takes away the pools that no destination names, and that have no flow. Those that a destination has until now stay until a later change. */
  #reclaim(): void {
    const { dests, conf } = this.tables;
    const named = new Set<number>();
    for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
      if (dests.get(id, Dest.state) === WeirState.FREE || (dests.get(id, Dest.flags) & Abi.D_FULLNAT) === 0) continue;
      for (const pool of this.#poolsOf(id)) named.add(pool);
    }
    for (let pool = 1; pool <= this.#top; pool++) {
      if (named.has(pool) || this.#isFree(pool) || this.#pools.get(pool, FullnatPool.used) !== 0) continue;
      const ends = this.#endsAt(pool);
      this.#with(fullnatPin(ends.family, 'fullnat_ends'), (map) => map.delete(encodePair(ends)));
      this.#pools.set(pool, FullnatPool.family, FREE);
      for (const name of [FULLNAT_FLOWS_PINS[ends.family], 'fullnat_ports']) this.#with(name, (outer) => outer.delete(u32(pool)));
    }
  }
}
