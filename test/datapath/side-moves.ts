// Connections in the table of a build beside the links', and a move of that table which stops on its way: what the tests of its size share.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { Bridge } from '../../src/datapath/ebpf/abi.gen.js';
import { SIDE_BUILDS, type SideBuild } from '../../src/datapath/ebpf/load/side-builds.js';
import { sideTable } from '../../src/datapath/ebpf/load/side-table.js';
import { bucketsAt, type MovableTable, type Moved, movePage, moveTable, recordOf } from '../../src/datapath/ebpf/load/table-move.js';
import { movePins } from '../../src/datapath/ebpf/table/tables.js';
import { using } from '../../src/sys/fd.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { type Bed, openBed } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import type { Ends } from './fixtures/packets.js';

/** `label`: of the build's check. */
export interface SideKind {
  readonly label: string;
  readonly family: Family;
  readonly protocol: 'tcp' | 'sctp';
  readonly allPorts: boolean;
}

const kindsOf = (label: string, protocol: SideKind['protocol'], allPorts: boolean): readonly SideKind[] => [
  ...(label === '' ? [] : [{ label, family: IPv4, protocol, allPorts }]),
  { label: label === '' ? 'IPv6' : `${label}, IPv6`, family: IPv6, protocol, allPorts },
];

export const SIDE_KINDS: readonly SideKind[] = [
  ...kindsOf('', 'tcp', false),
  ...kindsOf('all ports', 'tcp', true),
  ...kindsOf('SCTP', 'sctp', false),
  ...kindsOf('SCTP, all ports', 'sctp', true),
];

export const kindOf = (label: string): SideKind => SIDE_KINDS.find((kind) => kind.label === label) ?? assert.fail(label);

export const buildOf = ({ label }: SideKind): SideBuild =>
  SIDE_BUILDS.find(({ check }) => check.label === label) ?? assert.fail(`no build for ${label}`);

/** Of a client's port, if it asks for several ports: as many connections have one key then, and differ by what is beside their slots. */
const PORTS = 4;

/** What each side sends, in this order: letters of TCP, or a chunk of SCTP. */
const HANDSHAKE = {
  tcp: ['S', 'SA', 'A', 'A'],
  sctp: ['init', 'initAck', 'cookieEcho', 'cookieAck'],
} as const;
const GOES_ON = { tcp: 'A', sctp: 'sack' } as const;

/** A service with one server by NAT, and numbered connections of one client. */
export class Flows {
  readonly #server: string;
  #opened = 0;

  /** `hook`: by which packets come in. */
  constructor(
    readonly bed: Bed,
    readonly kind: SideKind,
    readonly hook: 'ingress' | 'xdp' = 'ingress',
  ) {
    const { family, protocol, allPorts } = kind;
    const { service: spec } = service(protocol, family.vip, this.#virtualPort(0), []);
    [this.#server] = family.servers;
    bed.director.addService(allPorts ? { ...spec, persistence: { timeout: 300, netmask: family.hostMask } } : spec);
    bed.director.addDestination(spec.key, destination(family.at(this.#server, this.#virtualPort(0)), 'masq'));
  }

  get opened(): number {
    return this.#opened;
  }

  /** Of the service and its server, and of a flow. */
  #virtualPort(askedFor: number): number {
    return this.kind.allPorts ? askedFor : 80;
  }

  #ends(flow: number): { readonly client: string; readonly port: number } {
    const { family, allPorts } = this.kind;
    const port = this.#virtualPort(8000 + (flow % PORTS));
    return { client: family.at(family.client, 1024 + (allPorts ? Math.floor(flow / PORTS) : flow)), port };
  }

  #packet(ends: Ends, what: string): Uint8Array {
    const { family, protocol } = this.kind;
    return protocol === 'tcp' ? family.tcp(ends, what) : family.sctp(ends, [{ type: ChunkType[what as keyof typeof ChunkType] }]);
  }

  asks(flow: number, what: string): string {
    const { family } = this.kind;
    const { client, port } = this.#ends(flow);
    const packet = this.#packet({ from: client, to: family.at(family.vip, port) }, what);
    return this.bed.send(this.hook, 'front', family.fromClient(packet, family.client)).verdict;
  }

  answers(flow: number, what: string): string {
    const { family } = this.kind;
    const { client, port } = this.#ends(flow);
    const packet = this.#packet({ from: family.at(this.#server, port), to: client }, what);
    return this.bed.send(this.hook, 'back', family.fromServer(packet, this.#server)).verdict;
  }

  /** The next flow, which is established then, and proven by its server. What became of its first packet. */
  tries(): string {
    const [opens, ...rest] = HANDSHAKE[this.kind.protocol];
    const flow = this.#opened;
    const verdict = this.asks(flow, opens);
    if (verdict !== 'redirect') return verdict;
    this.#opened += 1;
    rest.forEach((what, k) => {
      assert.equal(k % 2 === 0 ? this.answers(flow, what) : this.asks(flow, what), 'redirect', `${what} of flow ${flow}`);
    });
    return verdict;
  }

  open(count: number): void {
    for (let k = 0; k < count; k++) assert.equal(this.tries(), 'redirect', `flow ${this.#opened}`);
  }

  /** Packets of all, both ways: none is lost, and none makes a connection. */
  goOn(): void {
    const { conns } = this.bed.totals();
    const what = GOES_ON[this.kind.protocol];
    for (let flow = 0; flow < this.#opened; flow++) {
      assert.equal(this.asks(flow, what), 'redirect', `request of flow ${flow}`);
      assert.equal(this.answers(flow, what), 'redirect', `reply of flow ${flow}`);
    }
    assert.equal(this.bed.totals().conns, conns);
  }

  /** What must not change of each connection, sorted. */
  listed(): readonly string[] {
    return [...this.bed.director.connections()]
      .filter(({ client }) => client.port !== 0)
      .map(({ protocol, client, virtual, destination: server, state }) => JSON.stringify([protocol, client, virtual, server, state]))
      .sort();
  }

  /** Each is listed once, and counted once. */
  check(): void {
    const rows = this.listed();
    assert.equal(new Set(rows).size, rows.length, 'none is listed twice');
    assert.equal(rows.length, this.#opened);
    const counted = this.bed.director
      .services()
      .flatMap(({ destinations }) => destinations.map(({ active, inactive }) => active + inactive));
    assert.deepEqual(counted, [this.#opened], 'active and inactive connections');
    assert.equal(this.bed.totals().conns, this.#opened, 'connections ever made');
    assert.deepEqual(this.bed.drops(), {});
  }
}

/** The table of these pins is alone, and has so many buckets. */
export function settled(bed: Bed, table: string, buckets: number): void {
  const { second, record } = movePins(table);
  for (const pin of [second, record]) assert.ok(!existsSync(`${bed.folder}/${pin}`), pin);
  assert.equal(bucketsAt(`${bed.folder}/${table}`), buckets);
}

/** What is done on the way: `first`, while new connections go to the old table; `half`, when they go to the new one, and some have moved. */
export interface Stops {
  first(): void;
  half(): void;
}

export const movableOf = (bed: Bed, kind: SideKind): MovableTable => sideTable(buildOf(kind), bed.tables, assert.fail);

/** Moves the connections of this kind into a table with so many buckets. */
export function moveSlowly(bed: Bed, kind: SideKind, buckets: number, { first, half }: Stops): Moved {
  const table = movableOf(bed, kind);
  const slow: MovableTable = {
    ...table,
    bridged: (route, work) =>
      table.bridged(route, (object) => {
        first();
        recordOf(bed.folder, table.pins.record).set(0, Bridge.phase, route.phase);
        using(object.program('weir_move'), movePage); // some buckets
        half();
        return work(object);
      }),
  };
  return moveTable(bed.folder, slow, buckets);
}

const [OPENED, BUCKETS, LARGER] = [400, 512, 2048];

/** To a larger table and back, with packets and listings at each step. */
export function movesWhole(kind: SideKind, hook: 'ingress' | 'xdp' = 'ingress'): void {
  const bed = openBed({ attach: hook === 'xdp' ? 'xdp' : 'tc', capacity: { connBuckets: BUCKETS } });
  try {
    const flows = new Flows(bed, kind, hook);
    const { conns } = buildOf(kind).pins;
    flows.open(OPENED);
    flows.check();
    for (const buckets of [LARGER, BUCKETS]) {
      const before = flows.opened;
      const moved = moveSlowly(bed, kind, buckets, {
        first: () => {
          flows.goOn();
          flows.open(5);
          flows.check();
        },
        half: () => {
          flows.goOn();
          flows.open(5);
          flows.check();
        },
      });
      assert.deepEqual(moved, { label: kind.label, connections: before + 5, back: false, room: buckets * 2 });
      settled(bed, conns, buckets);
      flows.goOn();
      flows.open(5);
      flows.check();
    }
  } finally {
    bed.close();
  }
}
