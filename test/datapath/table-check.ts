// What must hold of the connection table at rest, whatever the CPUs did to it: no connection twice, no slot half written,
// counts that add up, and a mark on every bucket between a connection's home and its place.
import assert from 'node:assert/strict';
import { Abi, Conf, ConnBucket, ConnSlot, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { connectionHash } from '../../src/datapath/ebpf/table/endpoint-table.js';
import {
  IPV6_PINS,
  SCTP_PINS,
  SCTP6_PINS,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE_SCTP6_PINS,
  WIDE6_PINS,
} from '../../src/datapath/ebpf/table/tables.js';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { WideBucket } from '../../src/datapath/ebpf/wide.gen.js';
import { Wide6Bucket } from '../../src/datapath/ebpf/wide6.gen.js';
import { Records } from '../../src/sys/bpf/records.js';
import { swap16, swap32, viewOf } from '../../src/wire/bytes.js';
import type { Bed } from './bed.js';

/** Bytes of a bucket's later lines, from a slot's place in the second one on. */
type Beside = readonly { readonly at: number; readonly bytes: number }[];

/** Of a table: the size of its buckets, and what identifies a connection beside its key. That of IPv6 begins with the client's address. */
interface Form {
  readonly bucketBytes: number;
  readonly beside: Beside;
}

const EXACT: Form = { bucketBytes: ConnBucket.bytes, beside: [] };
const SIX: Form = { bucketBytes: Conn6Bucket.bytes, beside: [{ at: 0, bytes: 16 }] };
const WIDE: Form = { bucketBytes: WideBucket.bytes, beside: [{ at: 0, bytes: 8 }] };
/** Both addresses; port and protocol. */
const WIDE6: Form = {
  bucketBytes: Wide6Bucket.bytes,
  beside: [
    { at: 0, bytes: 16 },
    { at: Wide6Bucket.vaddr.at - Wide6Bucket.client.at, bytes: 16 },
    { at: Wide6Bucket.rest.at - Wide6Bucket.client.at, bytes: 4 },
  ],
};

const FORMS: ReadonlyMap<string, Form> = new Map(
  (
    [
      [IPV6_PINS, SIX],
      [WIDE_PINS, WIDE],
      [WIDE6_PINS, WIDE6],
      [SCTP_PINS, EXACT],
      [SCTP6_PINS, SIX],
      [WIDE_SCTP_PINS, WIDE],
      [WIDE_SCTP6_PINS, WIDE6],
    ] as const
  ).map(([{ conns }, form]) => [conns, form]),
);

/** What is looked at. Without `form`: the table of the links. */
export type TableView = Pick<Bed, 'tables' | 'slots'> & { readonly form?: Form };

/** The table of a side build as it is pinned now. @throws AssertionError where there is none */
export function viewOfSide(bed: Bed, { conns }: { readonly conns: string }): TableView {
  const memory = bed.sideTable(conns) ?? assert.fail(`no table ${conns}`);
  return { tables: bed.tables, slots: () => new Records(memory, ConnSlot.bytes), form: FORMS.get(conns) ?? assert.fail(conns) };
}

/** From one bucket to the next, in records of a slot's size. */
const strideOf = ({ form = EXACT }: TableView): number => form.bucketBytes / ConnSlot.bytes;

/** One taken slot of the connection table. */
export interface Slot {
  /** Among the records of the view. */
  readonly index: number;
  readonly key: bigint;
  /** What identifies the connection beside its key. */
  readonly beside: string;
  /** The client's port and address, host order; of IPv6, its last word. */
  readonly client: number;
  readonly port: number;
  readonly service: number;
  readonly destination: number;
  readonly state: number;
  readonly inactive: boolean;
  /** Buckets from home. */
  readonly away: number;
}

const DEST_MASK = (1n << BigInt(Abi.V_METHOD_SHIFT - Abi.V_DEST_SHIFT)) - 1n;
const INACTIVE = 1n << 56n;
const SPILLED = 1n << 58n;
const IPV6_BYTES = 16;

/** The bytes of a slot's connection in its bucket's later lines. */
function besideOf(memory: ArrayBuffer, index: number, { beside }: Form): readonly Uint8Array[] {
  const line = (index + Abi.BUCKET_SLOTS) * ConnSlot.bytes;
  return beside.map(({ at, bytes }) => new Uint8Array(memory, line + at, bytes));
}

function decode(view: TableView, index: number, value: bigint): Slot {
  const records = view.slots();
  const key = records.big(index, ConnSlot.key);
  const beside = besideOf(records.memory, index, view.form ?? EXACT);
  const [address] = beside;
  return {
    index,
    key,
    beside: Buffer.concat(beside).toString('hex'),
    client: address?.length === IPV6_BYTES ? viewOf(address).getUint32(IPV6_BYTES - 4) : swap32(Number(key & 0xffffffffn)),
    port: swap16(Number((key >> 32n) & 0xffffn)),
    service: Number(key >> 48n),
    destination: Number((value >> BigInt(Abi.V_DEST_SHIFT)) & DEST_MASK),
    state: Number((value >> BigInt(Abi.V_STATE_SHIFT)) & 15n),
    inactive: (value & INACTIVE) !== 0n,
    away: Number(value >> BigInt(Abi.V_AWAY_SHIFT)),
  };
}

export function takenSlots(view: TableView): readonly Slot[] {
  const [records, stride] = [view.slots(), strideOf(view)];
  const found: Slot[] = [];
  for (let index = 0; index < records.count; index++) {
    if (index % stride >= Abi.BUCKET_SLOTS) continue;
    const value = records.big(index, ConnSlot.value);
    if (((value >> BigInt(Abi.V_DEST_SHIFT)) & DEST_MASK) !== 0n) found.push(decode(view, index, value));
  }
  return found;
}

/** Buckets with a mark. */
export function spilledBuckets(view: TableView): number {
  const [records, stride] = [view.slots(), strideOf(view)];
  let count = 0;
  for (let first = 0; first < records.count; first += stride) {
    if ((records.big(first, ConnSlot.value) & SPILLED) !== 0n) count += 1;
  }
  return count;
}

function checkPlace(view: TableView, slot: Slot): void {
  const { conf } = view.tables;
  const keys = [0, 1, 2].map((k) => conf.big(0, Conf.hashKey, k)) as [bigint, bigint, bigint];
  const [records, stride] = [view.slots(), strideOf(view)];
  const mask = records.count / stride - 1;
  const home = (connectionHash(slot.key, keys) & mask) >>> 0;
  const bucket = Math.floor(slot.index / stride);
  assert.equal((bucket - home) & mask, slot.away, `slot ${slot.index} knows how far from home it is`);
  for (let passed = 0; passed < slot.away; passed++) {
    const first = records.big(((home + passed) & mask) * stride, ConnSlot.value);
    assert.ok((first & SPILLED) !== 0n, `bucket ${home + passed} is marked: slot ${slot.index} passed it`);
  }
}

/** No template twice, but for those that are lost, and each counted by its destination. @throws AssertionError. Only while no packet is processed. */
export function checkTemplates({ tables }: Pick<TableView, 'tables'>): void {
  const { dests, conf } = tables;
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  let taken = 0;
  for (const { client, service, dest, lost, call = '' } of takenTemplates(tables)) {
    const whose = `${service} ${client} ${call}`;
    taken += 1;
    if (!lost) {
      assert.ok(!seen.has(whose), `client ${client} of service ${service} has two templates ${call}`);
      seen.add(whose);
    }
    assert.equal(dests.get(dest, Dest.service), service, `client ${client} of service ${service} is led to destination ${dest}`);
    counts.set(dest, (counts.get(dest) ?? 0) + 1);
  }
  assert.equal(conf.get(0, Conf.templatesLive), taken, 'templates counted and in the table');
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    assert.equal(dests.get(id, Dest.persistent), counts.get(id) ?? 0, `templates of destination ${id}`);
  }
}

/** @throws AssertionError. Only while no packet is processed. */
export function checkTable(bed: TableView): readonly Slot[] {
  const slots = takenSlots(bed);
  const seen = new Set<string>();
  const counts = new Map<number, [number, number]>();
  for (const slot of slots) {
    assert.notEqual(BigInt(slot.destination), DEST_MASK, `slot ${slot.index} is claimed and was never written`);
    const whose = `${slot.key} ${slot.beside}`;
    assert.ok(!seen.has(whose), `connection ${slot.client}:${slot.port} is in the table twice`);
    seen.add(whose);
    const count = counts.get(slot.destination) ?? [0, 0];
    count[slot.inactive ? 1 : 0] += 1;
    counts.set(slot.destination, count);
    checkPlace(bed, slot);
  }
  checkTemplates(bed);
  const { dests, conf } = bed.tables;
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    const counted = [dests.get(id, Dest.active), dests.get(id, Dest.inactive)];
    assert.deepEqual(counted, counts.get(id) ?? [0, 0], `active and inactive connections of destination ${id}`);
  }
  return slots;
}
