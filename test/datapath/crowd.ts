// A director with a table of 64 places and many clients. Every slot is within reach of every connection, so the table is full
// when all of them are taken.
import assert from 'node:assert/strict';
import { Abi, Conf, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { IPV6_PINS, SCTP_PINS, SCTP6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { type Bed, openBed } from './bed.js';
import { type Family, IPv4 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import type { Ends } from './fixtures/packets.js';
import { ip } from './namespace.js';
import { checkTable, type Slot, type TableView, takenSlots, viewOfSide } from './table-check.js';

const BUCKETS = 16;
export const SLOTS = BUCKETS * Abi.BUCKET_SLOTS;
/** As in struct conn_slot's value. */
export const STATES = { ESTABLISHED: 1, FIN_WAIT: 4, CLOSE_WAIT: 7 } as const;

/** Of what the crowd's connections are. */
export interface CrowdKind {
  readonly family: Family;
  /** TCP and UDP, if not. */
  readonly sctp: boolean;
}

/** One server, and frames of clients and of the server: letters of TCP, `UDP`, or a chunk of SCTP. */
export class Crowd {
  readonly #bed: Bed;
  readonly #hook: 'ingress' | 'xdp';
  readonly #kind: CrowdKind;
  readonly #vip: string;
  readonly #server: string;
  readonly #view: TableView;

  constructor(bed: Bed, method: 'masq' | 'route', hook: 'ingress' | 'xdp', kind: CrowdKind = { family: IPv4, sctp: false }) {
    const { family, sctp } = kind;
    this.#bed = bed;
    this.#hook = hook;
    this.#kind = kind;
    this.#vip = method === 'masq' ? family.vip : family.drVip;
    [this.#server] = family.servers;
    for (const protocol of sctp ? (['sctp'] as const) : (['tcp', 'udp'] as const)) {
      const { service: spec } = service(protocol, this.#vip, 80, []);
      bed.director.addService(spec);
      bed.director.addDestination(spec.key, destination(family.at(this.#server, 80), method));
    }
    const isFour = family === IPv4;
    this.#view = isFour && !sctp ? bed : viewOfSide(bed, sctp ? (isFour ? SCTP_PINS : SCTP6_PINS) : IPV6_PINS);
  }

  portOf(client: number): number {
    return 1024 + Math.floor(client / 64);
  }

  /** Those of IPv6 are behind the router. */
  #client(client: number): string {
    const { family } = this.#kind;
    const host = 128 + (client % 64);
    return family.at(family === IPv4 ? `10.0.1.${host}` : `2001:db8:7::${host.toString(16)}`, this.portOf(client));
  }

  #packet(ends: Ends, letters: string): Uint8Array {
    const { family, sctp } = this.#kind;
    if (sctp) return family.sctp(ends, [{ type: ChunkType[letters as keyof typeof ChunkType] }]);
    return letters === 'UDP' ? family.udp(ends) : family.tcp(ends, letters);
  }

  /** A client's segments. True: each was forwarded. */
  sends(client: number, ...segments: readonly string[]): boolean {
    const { family } = this.#kind;
    const ends = { from: this.#client(client), to: family.at(this.#vip, 80) };
    return segments.every((letters) => {
      const frame = family.fromClient(this.#packet(ends, letters), family === IPv4 ? family.client : family.farClient);
      return this.#bed.send(this.#hook, 'front', frame).verdict === 'redirect';
    });
  }

  /** The server's segments by NAT. */
  answers(client: number, ...segments: readonly string[]): void {
    const { family } = this.#kind;
    for (const letters of segments) {
      const packet = this.#packet({ from: family.at(this.#server, 80), to: this.#client(client) }, letters);
      assert.equal(this.#bed.send(this.#hook, 'back', family.fromServer(packet, this.#server)).verdict, 'redirect');
    }
  }

  /** Lets so many seconds pass for connections: all, or some. */
  age(seconds: number, of: (slot: Slot) => boolean = () => true): void {
    const units = BigInt(seconds * (this.#bed.tables.conf.get(0, Conf.hz) >> Abi.CLOCK_SHIFT));
    const slots = this.#view.slots();
    for (const { index } of takenSlots(this.#view).filter(of)) {
      const value = slots.big(index, ConnSlot.value);
      slots.setBig(index, ConnSlot.value, (value & ~0xffffffffn) | ((value - units) & 0xffffffffn));
    }
  }

  /** Those that are taken. */
  slots(): readonly Slot[] {
    return checkTable(this.#view);
  }

  /** The numbers of the clients that have connections, in order. */
  clients(): readonly number[] {
    return this.slots()
      .map(({ client, port }) => (port - 1024) * 64 + (client & 0xff) - 128)
      .sort((a, b) => a - b);
  }

  has(client: number): boolean {
    return this.clients().includes(client);
  }

  drops(): Readonly<Record<string, number>> {
    return this.#bed.drops();
  }
}

/** Clients of a crowd have a neighbour entry each: answers by NAT go to them. */
export function bedOfCrowd(attach: 'tc' | 'xdp'): Bed {
  const bed = openBed({ attach, capacity: { connBuckets: BUCKETS } });
  ip(
    Array.from(
      { length: 64 },
      (_, n) => `neigh add 10.0.1.${128 + n} lladdr 02:00:00:00:0c:${(128 + n).toString(16)} dev front nud permanent`,
    ),
  );
  return bed;
}
