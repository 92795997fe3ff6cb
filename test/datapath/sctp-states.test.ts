// The SCTP table of the datapath, cell by cell, against the one in TypeScript, by the builds of both families: a connection is put into each
// state, a chunk of each type is sent in each direction, and state, time and counts are read back. Most cells are never reached by traffic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Abi, Conf, ConnBucket, ConnSlot, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { clockAt, clockDifference } from '../../src/datapath/ebpf/table/clock.js';
import { SCTP_PINS, SCTP6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { nextSctpState, SCTP_STATES, type SctpState, sctpEvent, sctpTimeout } from '../../src/datapath/sctp-state.js';
import type { TcpDirection } from '../../src/datapath/tcp-state.js';
import { Records } from '../../src/sys/bpf/records.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { type Slot, takenSlots } from './table-check.js';

/** All that RFC 9260 knows, and some that it does not. */
const CHUNK_TYPES = [...Array.from({ length: 17 }, (_, type) => type), 0x80, 0xc0, 0xff];
const STATE_SHIFT = 52n;
const INACTIVE = 1n << 56n;
const NO_OUTPUT = 1n << 57n;
/** clockAt() computes the clock from the timer's last tick: it may be a tick off. */
const CLOCK_SLACK = 30;

const JIFFIES_PER_UNIT = 4;

/** A family's table of SCTP: the slots of a bucket are its first line. */
interface Table {
  readonly family: Family;
  readonly bed: Bed;
  readonly slots: Records;
  readonly bucketBytes: number;
}

const takenIn = ({ bed, slots, bucketBytes }: Table): readonly Slot[] =>
  takenSlots({ tables: bed.tables, slots: () => slots }).filter(({ index }) => index % (bucketBytes / ConnSlot.bytes) < Abi.BUCKET_SLOTS);

/** Writes the one connection's state, with the counts that go with it, about to expire. */
function putInto({ bed, slots }: Table, index: number, state: SctpState, noOutput: boolean): void {
  const { conf, dests } = bed.tables;
  const active = state === 'ESTABLISHED';
  const soon = (clockAt(conf, process.hrtime.bigint()) + 1000) >>> 0;
  const kept = slots.big(index, ConnSlot.value) & ~(0xffffffffn | (15n << STATE_SHIFT) | INACTIVE | NO_OUTPUT);
  const flags = (active ? 0n : INACTIVE) | (noOutput ? NO_OUTPUT : 0n);
  slots.setBig(index, ConnSlot.value, kept | BigInt(soon) | (BigInt(SCTP_STATES.indexOf(state)) << STATE_SHIFT) | flags);
  dests.set(1, Dest.active, active ? 1 : 0);
  dests.set(1, Dest.inactive, active ? 0 : 1);
}

function send(bed: Bed, family: Family, direction: TcpDirection, type: number): void {
  const { at, client, vip, servers } = family;
  const [from, to, real] = [at(client, 40000), at(vip, 2905), at(servers[0], 2905)];
  const outcome =
    direction === 'output'
      ? bed.send('ingress', 'back', family.fromServer(family.sctp({ from: real, to: from }, [{ type }]), servers[0]))
      : bed.send('ingress', 'front', family.fromClient(family.sctp({ from, to }, [{ type }]), client));
  assert.equal(outcome.verdict, 'redirect');
}

function cell(table: Table, index: number, direction: TcpDirection, type: number, state: SctpState): void {
  const name = `${direction} chunk ${type} in ${state}`;
  const { conf, dests } = table.bed.tables;
  putInto(table, index, state, direction === 'input-only');
  const before = clockAt(conf, process.hrtime.bigint());
  send(table.bed, table.family, direction, type);
  const after = clockAt(conf, process.hrtime.bigint());
  const next = nextSctpState(direction, sctpEvent(type), state);
  const found = takenIn(table);
  assert.deepEqual(
    found.map((slot) => [SCTP_STATES[slot.state], slot.inactive]),
    [[next, next !== 'ESTABLISHED']],
    name,
  );
  assert.deepEqual([dests.get(1, Dest.active), dests.get(1, Dest.inactive)], next === 'ESTABLISHED' ? [1, 0] : [0, 1], name);
  const expires = Number(table.slots.big(index, ConnSlot.value) & 0xffffffffn);
  const hz = conf.get(0, Conf.hz);
  const timeout = Math.floor((sctpTimeout(next) * hz) / JIFFIES_PER_UNIT);
  const early = clockDifference(expires, (before + timeout) >>> 0);
  const late = clockDifference((after + timeout) >>> 0, expires);
  assert.ok(early >= -CLOCK_SLACK && late >= -hz, `${name}: expires ${early} units after the earliest, ${late} before the latest`);
}

for (const [family, pins, bucketBytes] of [
  [IPv4, SCTP_PINS, ConnBucket.bytes],
  [IPv6, SCTP6_PINS, Conn6Bucket.bytes],
] as const) {
  test(`${family.name}: every cell of the table`, { skip: skipReason() }, () => {
    const bed = openBed();
    try {
      const { service: spec, destinations } = service('sctp', family.vip, 2905, [destination(family.at(family.servers[0], 2905), 'masq')]);
      bed.director.addService(spec);
      for (const each of destinations) bed.director.addDestination(spec.key, each);
      bed.director.setSysctl('conn_reuse_mode', '0');
      send(bed, family, 'input', 1);
      const memory = bed.sideTable(pins.conns) ?? assert.fail(`no ${pins.conns}`);
      const table = { family, bed, slots: new Records(memory, ConnSlot.bytes), bucketBytes };
      const index = takenIn(table)[0]?.index ?? assert.fail('no connection');
      for (const direction of ['input', 'output', 'input-only'] as const) {
        for (const type of CHUNK_TYPES) for (const state of SCTP_STATES) cell(table, index, direction, type, state);
      }
    } finally {
      bed.close();
    }
  });
}
