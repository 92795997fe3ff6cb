// The SCTP table of the datapath, cell by cell, against the one in TypeScript: a connection is put into each state, a chunk of each type is
// sent in each direction, and state, time and counts are read back. Most cells are never reached by traffic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf, ConnSlot, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { clockAt, clockDifference } from '../../src/datapath/ebpf/table/clock.js';
import { nextSctpState, SCTP_STATES, type SctpState, sctpEvent, sctpTimeout } from '../../src/datapath/sctp-state.js';
import type { TcpDirection } from '../../src/datapath/tcp-state.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, fromServer, sctp } from './fixtures/packets.js';
import { takenSlots } from './table-check.js';

const ends = { from: `${CLIENT}:40000`, to: `${VIP}:2905` };
const back = { from: `${SERVERS[0]}:2905`, to: ends.from };
/** All that RFC 9260 knows, and some that it does not. */
const CHUNK_TYPES = [...Array.from({ length: 17 }, (_, type) => type), 0x80, 0xc0, 0xff];
const STATE_SHIFT = 52n;
const INACTIVE = 1n << 56n;
const NO_OUTPUT = 1n << 57n;
/** clockAt() computes the clock from the timer's last tick: it may be a tick off. */
const CLOCK_SLACK = 30;

const JIFFIES_PER_UNIT = 4;

const takenIn = (bed: Bed) => takenSlots({ tables: bed.tables, slots: () => bed.sctpSlots() });

/** Writes the one connection's state, with the counts that go with it, about to expire. */
function putInto(bed: Bed, index: number, state: SctpState, noOutput: boolean): void {
  const { conf, dests } = bed.tables;
  const slots = bed.sctpSlots();
  const active = state === 'ESTABLISHED';
  const soon = (clockAt(conf, process.hrtime.bigint()) + 1000) >>> 0;
  const kept = slots.big(index, ConnSlot.value) & ~(0xffffffffn | (15n << STATE_SHIFT) | INACTIVE | NO_OUTPUT);
  const flags = (active ? 0n : INACTIVE) | (noOutput ? NO_OUTPUT : 0n);
  slots.setBig(index, ConnSlot.value, kept | BigInt(soon) | (BigInt(SCTP_STATES.indexOf(state)) << STATE_SHIFT) | flags);
  dests.set(1, Dest.active, active ? 1 : 0);
  dests.set(1, Dest.inactive, active ? 0 : 1);
}

function send(bed: Bed, direction: TcpDirection, type: number): void {
  const outcome =
    direction === 'output'
      ? bed.send('ingress', 'back', fromServer(sctp(back, [{ type }])))
      : bed.send('ingress', 'front', fromClient(sctp(ends, [{ type }])));
  assert.equal(outcome.verdict, 'redirect');
}

function cell(bed: Bed, index: number, direction: TcpDirection, type: number, state: SctpState): void {
  const name = `${direction} chunk ${type} in ${state}`;
  const { conf, dests } = bed.tables;
  putInto(bed, index, state, direction === 'input-only');
  const before = clockAt(conf, process.hrtime.bigint());
  send(bed, direction, type);
  const after = clockAt(conf, process.hrtime.bigint());
  const next = nextSctpState(direction, sctpEvent(type), state);
  const found = takenIn(bed);
  assert.deepEqual(
    found.map((slot) => [SCTP_STATES[slot.state], slot.inactive]),
    [[next, next !== 'ESTABLISHED']],
    name,
  );
  assert.deepEqual([dests.get(1, Dest.active), dests.get(1, Dest.inactive)], next === 'ESTABLISHED' ? [1, 0] : [0, 1], name);
  const expires = Number(bed.sctpSlots().big(index, ConnSlot.value) & 0xffffffffn);
  const hz = conf.get(0, Conf.hz);
  const timeout = Math.floor((sctpTimeout(next) * hz) / JIFFIES_PER_UNIT);
  const early = clockDifference(expires, (before + timeout) >>> 0);
  const late = clockDifference((after + timeout) >>> 0, expires);
  assert.ok(early >= -CLOCK_SLACK && late >= -hz, `${name}: expires ${early} units after the earliest, ${late} before the latest`);
}

test('every cell of the table', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const { service: spec, destinations } = service('sctp', VIP, 2905, [destination(`${SERVERS[0]}:2905`, 'masq')]);
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
    bed.director.setSysctl('conn_reuse_mode', '0');
    bed.send('ingress', 'front', fromClient(sctp(ends, [{ type: 1 }])));
    const index = takenIn(bed)[0]?.index ?? assert.fail('no connection');
    for (const direction of ['input', 'output', 'input-only'] as const) {
      for (const type of CHUNK_TYPES) for (const state of SCTP_STATES) cell(bed, index, direction, type, state);
    }
  } finally {
    bed.close();
  }
});
