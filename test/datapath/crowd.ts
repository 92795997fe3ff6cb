// A director with a table of 64 places and many clients. Every slot is within reach of every connection, so the table is full
// when all of them are taken.
import assert from 'node:assert/strict';
import { Abi, Conf, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { type Bed, openBed } from './bed.js';
import { DR_VIP, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp, udp } from './fixtures/packets.js';
import { ip } from './namespace.js';
import { checkTable, type Slot, takenSlots } from './table-check.js';

const BUCKETS = 16;
export const SLOTS = BUCKETS * Abi.BUCKET_SLOTS;
const SERVER = SERVERS[0];
const VIPS: Readonly<Record<'masq' | 'route', string>> = { masq: VIP, route: DR_VIP };
/** As in struct conn_slot's value. */
export const STATES = { ESTABLISHED: 1, FIN_WAIT: 4, CLOSE_WAIT: 7 } as const;

/** One server, and frames of clients and of the server. */
export class Crowd {
  readonly #bed: Bed;
  readonly #method: 'masq' | 'route';
  readonly #hook: 'ingress' | 'xdp';

  constructor(bed: Bed, method: 'masq' | 'route', hook: 'ingress' | 'xdp') {
    this.#bed = bed;
    this.#method = method;
    this.#hook = hook;
    for (const protocol of ['tcp', 'udp'] as const) {
      const { service: spec } = service(protocol, VIPS[method], 80, []);
      bed.director.addService(spec);
      bed.director.addDestination(spec.key, destination(`${SERVER}:80`, method));
    }
  }

  #ends(client: number): { readonly from: string; readonly to: string } {
    return { from: `10.0.1.${128 + (client % 64)}:${1024 + Math.floor(client / 64)}`, to: `${VIPS[this.#method]}:80` };
  }

  /** A client's segments. True: each was forwarded. */
  sends(client: number, ...segments: readonly string[]): boolean {
    return segments.every((letters) => {
      const frame = fromClient(letters === 'UDP' ? udp(this.#ends(client)) : tcp(this.#ends(client), letters));
      return this.#bed.send(this.#hook, 'front', frame).verdict === 'redirect';
    });
  }

  /** The server's segments by NAT. */
  answers(client: number, ...segments: readonly string[]): void {
    for (const letters of segments) {
      const frame = fromServer(tcp({ from: `${SERVER}:80`, to: this.#ends(client).from }, letters));
      assert.equal(this.#bed.send(this.#hook, 'back', frame).verdict, 'redirect');
    }
  }

  /** Lets so many seconds pass for connections: all, or some. */
  age(seconds: number, of: (slot: Slot) => boolean = () => true): void {
    const units = BigInt(seconds * (this.#bed.tables.conf.get(0, Conf.hz) >> Abi.CLOCK_SHIFT));
    const slots = this.#bed.slots();
    for (const { index } of takenSlots(this.#bed).filter(of)) {
      const value = slots.big(index, ConnSlot.value);
      slots.setBig(index, ConnSlot.value, (value & ~0xffffffffn) | ((value - units) & 0xffffffffn));
    }
  }

  /** The numbers of the clients that have connections, in order. */
  clients(): readonly number[] {
    const slots = checkTable(this.#bed);
    return slots.map(({ client, port }) => (port - 1024) * 64 + (client & 0xff) - 128).sort((a, b) => a - b);
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
