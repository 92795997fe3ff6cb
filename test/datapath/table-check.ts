// What must hold of the connection table at rest, whatever the CPUs did to it: no connection twice, no slot half written,
// counts that add up, and a mark on every bucket between a connection's home and its place.
import assert from 'node:assert/strict';
import { Abi, Conf, ConnSlot, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { connectionHash } from '../../src/datapath/ebpf/table/endpoint-table.js';
import { takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { swap16, swap32 } from '../../src/wire/bytes.js';
import type { Bed } from './bed.js';

/** What is looked at. */
export type TableView = Pick<Bed, 'tables' | 'slots'>;

/** One taken slot of the connection table. */
export interface Slot {
  readonly index: number;
  readonly key: bigint;
  /** Client's address and port, host order. */
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

function decode(index: number, key: bigint, value: bigint): Slot {
  return {
    index,
    key,
    client: swap32(Number(key & 0xffffffffn)),
    port: swap16(Number((key >> 32n) & 0xffffn)),
    service: Number(key >> 48n),
    destination: Number((value >> BigInt(Abi.V_DEST_SHIFT)) & DEST_MASK),
    state: Number((value >> BigInt(Abi.V_STATE_SHIFT)) & 15n),
    inactive: (value & INACTIVE) !== 0n,
    away: Number(value >> BigInt(Abi.V_AWAY_SHIFT)),
  };
}

export function takenSlots(bed: TableView): readonly Slot[] {
  const records = bed.slots();
  const found: Slot[] = [];
  for (let index = 0; index < records.count; index++) {
    const value = records.big(index, ConnSlot.value);
    if (((value >> BigInt(Abi.V_DEST_SHIFT)) & DEST_MASK) === 0n) continue;
    found.push(decode(index, records.big(index, ConnSlot.key), value));
  }
  return found;
}

/** Buckets with a mark. */
export function spilledBuckets(bed: TableView): number {
  const records = bed.slots();
  let count = 0;
  for (let first = 0; first < records.count; first += Abi.BUCKET_SLOTS) {
    if ((records.big(first, ConnSlot.value) & SPILLED) !== 0n) count += 1;
  }
  return count;
}

function checkPlace(bed: TableView, slot: Slot): void {
  const { conf } = bed.tables;
  const keys = [0, 1, 2].map((k) => conf.big(0, Conf.hashKey, k)) as [bigint, bigint, bigint];
  const mask = conf.get(0, Conf.connBuckets) - 1;
  const home = (connectionHash(slot.key, keys) & mask) >>> 0;
  const bucket = Math.floor(slot.index / Abi.BUCKET_SLOTS);
  assert.equal((bucket - home) & mask, slot.away, `slot ${slot.index} knows how far from home it is`);
  for (let passed = 0; passed < slot.away; passed++) {
    const first = bed.slots().big(((home + passed) & mask) * Abi.BUCKET_SLOTS, ConnSlot.value);
    assert.ok((first & SPILLED) !== 0n, `bucket ${home + passed} is marked: slot ${slot.index} passed it`);
  }
}

/** No template twice, and each counted by its destination. @throws AssertionError. Only while no packet is processed. */
export function checkTemplates({ tables }: Pick<TableView, 'tables'>): void {
  const { dests, conf } = tables;
  const seen = new Set<string>();
  const counts = new Map<number, number>();
  for (const { client, service, dest, call = '' } of takenTemplates(tables)) {
    const whose = `${service} ${client} ${call}`;
    assert.ok(!seen.has(whose), `client ${client} of service ${service} has two templates ${call}`);
    seen.add(whose);
    assert.equal(dests.get(dest, Dest.service), service, `client ${client} of service ${service} is led to destination ${dest}`);
    counts.set(dest, (counts.get(dest) ?? 0) + 1);
  }
  assert.equal(conf.get(0, Conf.templatesLive), seen.size, 'templates counted and in the table');
  for (let id = 1; id <= conf.get(0, Conf.destTop); id++) {
    assert.equal(dests.get(id, Dest.persistent), counts.get(id) ?? 0, `templates of destination ${id}`);
  }
}

/** @throws AssertionError. Only while no packet is processed. */
export function checkTable(bed: TableView): readonly Slot[] {
  const slots = takenSlots(bed);
  const seen = new Map<bigint, number>();
  const counts = new Map<number, [number, number]>();
  for (const slot of slots) {
    assert.notEqual(BigInt(slot.destination), DEST_MASK, `slot ${slot.index} is claimed and was never written`);
    assert.equal(seen.get(slot.key), undefined, `connection ${slot.client}:${slot.port} is in the table twice`);
    seen.set(slot.key, slot.index);
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
