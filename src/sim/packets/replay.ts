// A load through the director in memory under one scheduler: who got how much, and which clients move to another server when the pool
// changes. Servers are reached by direct routing, so that replies of a capture pass as they are.

import { applyChange } from '../../datapath/apply-change.js';
import type { Environment, HopAnswer } from '../../datapath/memory/packets/environment.js';
import { type Ip, ipOf } from '../../datapath/memory/packets/ip.js';
import { PacketDirector } from '../../datapath/memory/packets/packet-director.js';
import { type Endpoint, type Sent, STATION } from './load.js';
import { changeOfPool, type Pool, type PoolChange, type PoolServer } from './pool.js';

export interface ServerShare {
  readonly server: string;
  readonly weight: number;
  readonly connections: number;
  /** Clients whose first connection it got. */
  readonly clients: number;
  /** The most connections that it had at one moment, closed ones included while they are in the table. */
  readonly peak: number;
}

export interface Replayed {
  readonly scheduler: string;
  readonly connections: number;
  readonly refused: number;
  readonly clients: number;
  readonly servers: readonly ServerShare[];
  /** After the change: clients whose first connection goes elsewhere; `necessary`: their server was removed, or takes none. */
  readonly moved?: { readonly clients: number; readonly necessary: number };
}

const DEVICE = 'network';
const HZ = 250;
const BUCKETS_MIN = 1024;

const ELSEWHERE: HopAnswer = { kind: 'ready', to: STATION, from: STATION, mtu: 0xffff };

/** Everything but the service's address is elsewhere, and reachable. */
const environmentOf = (service: Ip): Environment => ({
  hop: (_device, address) => (address === service ? { kind: 'local' } : ELSEWHERE),
  hopToServer: () => ELSEWHERE,
  isOwn: (address) => address === service,
  isReversePath: () => true,
  acceptsOwnSource: () => true,
  leadsBy: () => true,
  macOf: () => STATION,
  addressOf: () => 0,
  sourceTowards: () => undefined,
  tunnelSource: () => undefined,
  icmpAllowed: () => true,
});

class Run {
  readonly director: PacketDirector;
  readonly #peaks = new Map<number, number>();
  #swept = 0;

  constructor(
    readonly service: Endpoint,
    readonly pool: Pool,
    scheduler: string,
    packets: number,
  ) {
    const buckets = Math.max(BUCKETS_MIN, 2 ** Math.ceil(Math.log2(packets)));
    this.director = new PacketDirector(environmentOf(ipOf(service.address)), { hz: HZ, buckets });
    applyChange(this.director, { kind: 'add-service', spec: { key: this.#key, scheduler, schedFlags: 0, onePacket: false } });
    for (const server of pool) this.change({ kind: 'add', server });
  }

  get #key(): { readonly kind: 'address' } & Endpoint {
    return { kind: 'address', ...this.service };
  }

  /** Sends the load from the present moment on; the first server of each client, by the client's address. */
  play(load: readonly Sent[]): ReadonlyMap<Ip, number> {
    const { director } = this;
    const began = director.now;
    const firsts = new Map<Ip, number>();
    for (const { at, from, frame } of load) {
      director.now = began + Math.floor(at * director.settings.unitsPerSecond);
      this.#sweep();
      const before = this.#counts();
      director.ingress({ device: DEVICE, bytes: frame });
      const got = director.destinations(this.#key).find(({ id, counts }) => counts.conns > (before.get(id) ?? 0));
      if (got === undefined) continue;
      if (!firsts.has(from)) firsts.set(from, got.id);
      this.#peaks.set(got.id, Math.max(this.#peaks.get(got.id) ?? 0, got.active + got.inactive));
    }
    return firsts;
  }

  #counts(): ReadonlyMap<number, number> {
    return new Map(this.director.destinations(this.#key).map(({ id, counts }) => [id, counts.conns]));
  }

  /** As the timer does. */
  #sweep(): void {
    const second = Math.floor(this.director.now / this.director.settings.unitsPerSecond);
    if (second === this.#swept) return;
    this.#swept = second;
    this.director.sweep();
  }

  /** Lets every connection expire. */
  rest(): void {
    this.director.now += this.director.settings.unitsOf(86_400);
    this.director.sweep();
  }

  change(change: PoolChange): void {
    applyChange(this.director, changeOfPool(this.#key, change));
  }

  shares(firsts: ReadonlyMap<Ip, number>): readonly ServerShare[] {
    const clients = [...firsts.values()];
    return [...this.director.destinations(this.#key)].reverse().map(({ id, weight, counts }, index) => ({
      server: this.pool[index]?.text ?? '',
      weight,
      connections: counts.conns,
      clients: clients.filter((each) => each === id).length,
      peak: this.#peaks.get(id) ?? 0,
    }));
  }

  /** Whether the server takes new connections. */
  serves(id: number): boolean {
    return this.director.destinations(this.#key).some((each) => each.id === id && each.weight > 0);
  }
}

export function replay(
  service: Endpoint,
  pool: readonly PoolServer[],
  scheduler: string,
  load: readonly Sent[],
  change?: PoolChange,
): Replayed {
  const run = new Run(service, pool, scheduler, load.length);
  const firsts = run.play(load);
  const servers = run.shares(firsts);
  const connections = servers.reduce((sum, each) => sum + each.connections, 0);
  const refused = run.director.drops().get('no_destination') ?? 0;
  const result = { scheduler, connections, refused, clients: firsts.size, servers };
  if (change === undefined) return result;
  run.rest();
  run.change(change);
  const seconds = run.play(load);
  const moved = [...firsts].filter(([client, id]) => seconds.get(client) !== id);
  return { ...result, moved: { clients: moved.length, necessary: moved.filter(([, id]) => !run.serves(id)).length } };
}
