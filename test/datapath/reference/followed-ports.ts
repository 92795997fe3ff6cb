// FULLNAT's local ports for a comparison with the loaded programs, which choose them: the reference director takes what they chose, if nothing else has
// it. The programs' flows get the time that they have left in memory, as connections do.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { AddressFamily } from '../../../src/datapath/ebpf/abi.gen.js';
import { LiveLocalPorts } from '../../../src/datapath/ebpf/explain/live-local-ports.js';
import { FullnatAbi, FullnatFlow, FullnatPool } from '../../../src/datapath/ebpf/fullnat.gen.js';
import { Fullnat6Flow } from '../../../src/datapath/ebpf/fullnat6.gen.js';
import { FULLNAT_FLOWS_PINS, fullnatPin, type Tables } from '../../../src/datapath/ebpf/table/tables.js';
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import { type Endpoint, isSame, keyOfEndpoint } from '../../../src/datapath/memory/packets/endpoint.js';
import { familyOf } from '../../../src/datapath/memory/packets/ip.js';
import { hasAllPorts, type LocalEnd, type LocalFlow, type LocalPorts } from '../../../src/datapath/memory/packets/local-ports.js';
import type { Family } from '../../../src/model/address.js';
import { IpProtocol } from '../../../src/model/ip-protocol.js';
import { BpfMap } from '../../../src/sys/bpf/bpf-objects.js';
import { u32 } from '../../../src/sys/bpf/records.js';
import { using } from '../../../src/sys/fd.js';
import { viewOf } from '../../../src/wire/bytes.js';

interface Flow extends LocalFlow, Pick<Connection, 'server' | 'protocol'> {
  readonly local: LocalEnd;
  /** Of the programs: the number of the pool. */
  readonly pool: number;
  until: number;
}

type Asked = Parameters<LocalPorts['known']>[0];

const PORT_MIN = 1024;
const GRACE_SECONDS = FullnatAbi.FULLNAT_GRACE_SECONDS;

const nameOf = ({ client, virtual, protocol, destination }: Asked): string =>
  `${keyOfEndpoint(client)} ${keyOfEndpoint(virtual)} ${protocol} ${destination.id}`;

/** What of the rules it shows. */
export function flowLabels({ protocol, local, virtual, destination: { service } }: Flow): readonly string[] {
  const six = familyOf(local.address) === 'inet6';
  const isData = service.mark === 0 && service.port !== 0 && service.port !== virtual.port;
  const kind =
    service.mark !== 0 ? 'a flow of a mark' : service.port === 0 ? 'a flow of all ports' : isData ? "a flow of FTP's data" : 'a flow';
  return [kind, ...(six ? [`${kind}, IPv6`] : []), ...(protocol === IpProtocol.sctp ? [`${kind}, SCTP`] : [])];
}

export class FollowedPorts implements LocalPorts {
  readonly #flows = new Map<string, Flow>();
  readonly #live: LiveLocalPorts;
  /** The programs' flows, by pool. */
  readonly #memory = new Map<number, DataView>();

  /** `unitsPerSecond`: of the clock. `gaveWay`: has the programs' last packet counted a flow that gave way? */
  constructor(
    readonly tables: Tables,
    readonly unitsPerSecond: number,
    readonly gaveWay: () => boolean,
  ) {
    this.#live = new LiveLocalPorts(tables);
    this.#live.idOf = ({ id }) => id;
    this.adopt();
  }

  get flows(): readonly Flow[] {
    return [...this.#flows.values()];
  }

  /** Puts arrays of flows that can be written here into the place of those that no flow was in. */
  adopt(): void {
    if (!existsSync(`${this.tables.folder}/fullnat_pools`)) return;
    const pools = this.tables.fullnatPools;
    for (let pool = 1; pool <= pools.get(0, FullnatPool.count); pool++) {
      if (pools.get(pool, FullnatPool.family) === 0 || pools.get(pool, FullnatPool.handed) !== 0) continue;
      const family = pools.get(pool, FullnatPool.family) === AddressFamily.F_INET6 ? 'inet6' : 'inet';
      const { bytes } = family === 'inet' ? FullnatFlow : Fullnat6Flow;
      using(BpfMap.createArray('fullnat_flows', bytes, FullnatAbi.FULLNAT_PORTS), (flows) => {
        using(BpfMap.pinned(`${this.tables.folder}/${FULLNAT_FLOWS_PINS[family]}`), (outer) =>
          outer.update(u32(pool), u32(flows.fd.number)),
        );
        this.#memory.set(pool, viewOf(new Uint8Array(flows.mmap(bytes * FullnatAbi.FULLNAT_PORTS, true))));
      });
    }
  }

  take(connection: Connection, _now: number, gaveWay: () => void): LocalEnd | undefined {
    const known = this.#flows.get(nameOf(connection));
    if (known === undefined && this.gaveWay()) this.#forgetReplaced(familyOf(connection.client.address), gaveWay);
    const flow = known ?? this.#follow(connection);
    if (flow === undefined) return undefined;
    flow.until = connection.expires;
    return flow.local;
  }

  /** Where the programs' flow has the end of its connection already. */
  follow(connection: Connection, offset: number, slack: number): void {
    const flow = this.#flows.get(nameOf(connection));
    const until = flow && this.#memory.get(flow.pool)?.getUint32(this.#untilAt(flow), true);
    if (flow !== undefined && until !== undefined && Math.abs((until - offset - connection.expires) | 0) <= slack)
      flow.until = connection.expires;
  }

  known(connection: Asked): Endpoint | undefined {
    return this.#flows.get(nameOf(connection))?.local;
  }

  flowOf(server: Endpoint, local: Endpoint, protocol: number): LocalFlow | undefined {
    return this.flows.find((flow) => isSame(flow.local, local) && isSame(flow.server, server) && flow.protocol === protocol);
  }

  /** The flows that gave way in the programs, which counted one: more than one where the first one's port could not be had. */
  #forgetReplaced(family: Family, gaveWay: () => void): void {
    const gone = this.flows.filter((flow) => familyOf(flow.local.address) === family && this.#live.known(flow) === undefined);
    assert.ok(gone.length > 0, 'no flow gave way, and one was counted');
    for (const flow of gone) {
      this.#flows.delete(nameOf(flow));
      gaveWay();
    }
  }

  /** What the programs chose, which must be free. */
  #follow(connection: Connection): Flow | undefined {
    const { client, virtual, destination, server, protocol } = connection;
    const place = this.#live.placeOf(connection);
    const local = this.#live.known(connection);
    if (local === undefined || place === undefined) return undefined;
    const flow = { client, virtual, destination, server, protocol, local, report: local.report, pool: place >>> 16, until: 0 };
    assert.ok(destination.locals.includes(local.address) && local.port >= PORT_MIN, `${keyOfEndpoint(local)} is none of the destination's`);
    const rival = this.flows.find((other) => this.#areRivals(flow, other));
    assert.equal(rival, undefined, `${keyOfEndpoint(local)} stands for ${keyOfEndpoint(client)}, and for another client`);
    this.#flows.set(nameOf(connection), flow);
    return flow;
  }

  /** Would a packet of the server be for both? */
  #areRivals(flow: Flow, other: Flow): boolean {
    if (!isSame(flow.local, other.local) || flow.server.address !== other.server.address) return false;
    if (hasAllPorts(flow.destination) && hasAllPorts(other.destination)) return true;
    return flow.server.port === other.server.port && flow.protocol === other.protocol;
  }

  sweep(now: number): void {
    for (const [name, { until }] of this.#flows) if (until + GRACE_SECONDS * this.unitsPerSecond < now) this.#flows.delete(name);
  }

  /** Does one end within some units? */
  endsWithin(now: number, units: number): boolean {
    const ends = this.flows.map(({ until }) => until + GRACE_SECONDS * this.unitsPerSecond);
    return ends.some((end) => end >= now && end <= now + units);
  }

  /** The timer comes to a quarter of a pool every second: next to the first one, which has all flows of a history. */
  hastenTimer(): void {
    for (const pool of this.#memory.keys()) this.tables.fullnatPools.set(pool, FullnatPool.swept, 0);
  }

  /** `offset`: from memory's clock to the programs'. */
  setClock(offset: number): void {
    for (const flow of this.flows) this.#memory.get(flow.pool)?.setUint32(this.#untilAt(flow), offset + flow.until, true);
  }

  #untilAt({ local }: Flow): number {
    const { bytes, until } = familyOf(local.address) === 'inet' ? FullnatFlow : Fullnat6Flow;
    return local.port * bytes + until.at;
  }

  /** How many flows the programs have. */
  #count(): number {
    const pins = (['inet', 'inet6'] as const).map((family) => `${this.tables.folder}/${fullnatPin(family, 'fullnat_clients')}`);
    return pins.filter(existsSync).reduce((sum, pin) => sum + using(BpfMap.pinned(pin), (map) => [...map.keys()].length), 0);
  }

  /** The programs' timer has ended all that memory has not. */
  isSwept(): boolean {
    return this.#count() === this.#flows.size;
  }

  compare(what: string, offset: number, slack: number): void {
    assert.equal(this.#flows.size, this.#count(), `flows in memory, of the programs, ${what}`);
    for (const flow of this.flows) {
      assert.deepEqual(this.#live.known(flow), flow.local, `the local end of ${nameOf(flow)}, ${what}`);
      const late = ((this.#memory.get(flow.pool)?.getUint32(this.#untilAt(flow), true) ?? 0) - offset - flow.until) | 0;
      assert.ok(Math.abs(late) <= slack, `the flow of ${nameOf(flow)} ends ${late} units later of the programs, ${what}`);
    }
  }
}
