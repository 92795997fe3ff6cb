// A connection table of the loaded programs beside that of the reference director: the same connections in the same slots, which expire at
// the same time.
import assert from 'node:assert/strict';
import { Abi, ConnBucket, ConnSlot } from '../../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../../src/datapath/ebpf/abi6.gen.js';
import { WideBucket, WideTuple } from '../../../src/datapath/ebpf/wide.gen.js';
import { Wide6Bucket, Wide6Rest } from '../../../src/datapath/ebpf/wide6.gen.js';
import type { Connection } from '../../../src/datapath/memory/packets/connection.js';
import type { ConnectionTable } from '../../../src/datapath/memory/packets/connection-table.js';
import type { Endpoint } from '../../../src/datapath/memory/packets/endpoint.js';
import { type Ip, readIpv6, textOf } from '../../../src/datapath/memory/packets/ip.js';
import { isActiveState } from '../../../src/datapath/memory/packets/state.js';
import { SCTP_STATES } from '../../../src/datapath/sctp-state.js';
import { TCP_STATES } from '../../../src/datapath/tcp-state.js';
import { swap16, swap32, viewOf } from '../../../src/wire/bytes.js';

/** Of a table: the size of its buckets, and which connections it has. */
interface Form {
  readonly bytes: number;
  readonly allPorts?: true;
  readonly six?: true;
  readonly sctp?: true;
}
export type Layout = 'exact' | 'allPorts' | 'ipv6' | 'ipv6AllPorts' | 'sctp' | 'sctpAllPorts' | 'sctp6' | 'sctp6AllPorts';
const FORMS: Readonly<Record<Layout, Form>> = {
  exact: { bytes: ConnBucket.bytes },
  allPorts: { bytes: WideBucket.bytes, allPorts: true },
  ipv6: { bytes: Conn6Bucket.bytes, six: true },
  ipv6AllPorts: { bytes: Wide6Bucket.bytes, six: true, allPorts: true },
  sctp: { bytes: ConnBucket.bytes, sctp: true },
  sctpAllPorts: { bytes: WideBucket.bytes, sctp: true, allPorts: true },
  sctp6: { bytes: Conn6Bucket.bytes, sctp: true, six: true },
  sctp6AllPorts: { bytes: Wide6Bucket.bytes, sctp: true, six: true, allPorts: true },
};

const METHODS = ['masq', 'bypass', 'tunnel', 'route'] as const;
const DEST_MASK = 0x3ffffn;
const [INACTIVE, NO_OUTPUT, PROVEN] = [1n << 56n, 1n << 57n, 1n << 59n];

/** One connection, in either of the two. */
interface Seen {
  readonly slot: number;
  readonly client: string;
  /** Of a service of all ports: the virtual endpoint, the protocol and the server's port. */
  readonly tuple: string;
  readonly service: number;
  readonly destination: number;
  readonly method: string;
  readonly state: string;
  readonly active: boolean;
  readonly noOutput: boolean;
  readonly proven: boolean;
}

const place = ({ address, port }: Endpoint): string => `${textOf(address)} ${port}`;

const seenInMemory = (slot: number, connection: Connection, { allPorts }: Form): Seen => ({
  slot,
  client: place(connection.client),
  tuple: allPorts ? `${place(connection.virtual)} ${connection.protocol} ${connection.server.port}` : '',
  service: connection.service.id,
  destination: connection.destination.id,
  method: connection.method,
  state: connection.state,
  active: isActiveState(connection.state),
  noOutput: connection.noOutput,
  proven: connection.proven,
});

export class ConnectionView {
  readonly #view: DataView;
  readonly #form: Form;

  /** `memory`: of the programs' table. */
  constructor(
    readonly memory: ArrayBuffer,
    readonly layout: Layout,
    readonly table: ConnectionTable,
  ) {
    this.#view = viewOf(new Uint8Array(memory));
    this.#form = FORMS[layout];
  }

  /** Gives each of the programs' the time that it has left in memory. `offset`: from memory's clock to theirs. */
  setClock(offset: number): void {
    for (const [slot, { expires }] of this.table.entries()) this.#view.setUint32(this.#valueAt(slot), offset + expires, true);
  }

  /** Of the programs. */
  taken(): readonly Seen[] {
    const found: Seen[] = [];
    const slots = (this.#view.byteLength / this.#form.bytes) * Abi.BUCKET_SLOTS;
    for (let slot = 0; slot < slots; slot++) {
      const value = this.#view.getBigUint64(this.#valueAt(slot), true);
      if (((value >> BigInt(Abi.V_DEST_SHIFT)) & DEST_MASK) !== 0n) found.push(this.#decode(slot, value));
    }
    return found;
  }

  /** The programs have another connection in the slot than memory. */
  isReplaced(slot: number): boolean {
    const there = this.taken().find((each) => each.slot === slot);
    const here = [...this.table.entries()].find(([at]) => at === slot)?.[1];
    if (there === undefined || here === undefined) return false;
    const { client, tuple, service } = seenInMemory(slot, here, this.#form);
    return there.client !== client || there.tuple !== tuple || there.service !== service;
  }

  /** When a connection of memory expires in the programs, by memory's clock; undefined: it is in no slot of this table. */
  expiresOf(connection: Connection, offset: number): number | undefined {
    const slot = [...this.table.entries()].find(([, each]) => each === connection)?.[0];
    return slot === undefined ? undefined : (this.#view.getUint32(this.#valueAt(slot), true) - offset) | 0;
  }

  /** The programs' timer has ended all that memory has not. */
  isSwept(): boolean {
    return this.taken().length === [...this.table.entries()].length;
  }

  compare(what: string, offset: number, slack: number): void {
    const entries = [...this.table.entries()];
    const inMemory = entries.map(([slot, connection]) => seenInMemory(slot, connection, this.#form));
    const loaded = this.taken();
    assert.deepEqual(inMemory, loaded, `connections (${this.layout}) in memory, of the programs, ${what}`);
    for (const [slot, { state, expires }] of entries) {
      const late = (this.#view.getUint32(this.#valueAt(slot), true) - offset - expires) | 0;
      assert.ok(Math.abs(late) <= slack, `${state} in slot ${slot} expires ${late} units later of the programs, ${what}`);
    }
  }

  #decode(slot: number, value: bigint): Seen {
    const key = this.#view.getBigUint64(this.#slotAt(slot), true);
    const bits = (shift: number, mask: bigint): number => Number((value >> BigInt(shift)) & mask);
    const port = swap16(Number((key >> BigInt(Abi.K_PORT_SHIFT)) & 0xffffn));
    const address = this.#client(slot, key);
    return {
      slot,
      client: place({ address, port }),
      tuple: this.#form.allPorts ? this.#tuple(slot) : '',
      service: Number(key >> BigInt(Abi.K_SERVICE_SHIFT)),
      destination: bits(Abi.V_DEST_SHIFT, DEST_MASK),
      method: METHODS[bits(Abi.V_METHOD_SHIFT, 3n)] ?? '',
      state: (this.#form.sctp ? SCTP_STATES : TCP_STATES)[bits(Abi.V_STATE_SHIFT, 15n)] ?? 'UDP',
      active: (value & INACTIVE) === 0n,
      noOutput: (value & NO_OUTPUT) !== 0n,
      proven: (value & PROVEN) !== 0n,
    };
  }

  /** IPv6: beside the slot. */
  #client(slot: number, key: bigint): Ip {
    if (!this.#form.six) return swap32(Number(key & 0xffffffffn));
    return readIpv6(new Uint8Array(this.memory), this.#slotAt(slot) + Conn6Bucket.client.at);
  }

  /** In the order of a packet. */
  #tuple(slot: number): string {
    if (this.#form.six) return this.#tuple6(slot);
    const at = this.#slotAt(slot) + WideBucket.tuple.at;
    const [address, port] = [this.#view.getUint32(at + WideTuple.vaddr.at), this.#view.getUint16(at + WideTuple.vport.at)];
    return `${place({ address, port })} ${this.#view.getUint8(at + WideTuple.protocol.at)} ${this.#view.getUint16(at + WideTuple.dport.at)}`;
  }

  #tuple6(slot: number): string {
    const [address, at] = [this.#slotAt(slot) + Wide6Bucket.vaddr.at, this.#slotAt(slot) + Wide6Bucket.rest.at];
    const port = this.#view.getUint16(at + Wide6Rest.vport.at);
    const virtual = place({ address: readIpv6(new Uint8Array(this.memory), address), port });
    return `${virtual} ${this.#view.getUint8(at + Wide6Rest.protocol.at)} ${this.#view.getUint16(at + Wide6Rest.dport.at)}`;
  }

  #slotAt(slot: number): number {
    const bucket = Math.floor(slot / Abi.BUCKET_SLOTS) * this.#form.bytes;
    return bucket + (slot % Abi.BUCKET_SLOTS) * ConnSlot.bytes;
  }

  #valueAt(slot: number): number {
    return this.#slotAt(slot) + ConnSlot.value.at;
  }
}
