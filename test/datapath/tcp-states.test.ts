// The TCP table of the datapath, cell by cell, against the one in TypeScript: a connection is put into each state, a
// segment is sent in each direction, and state, time and counts are read back. Most cells are never reached by traffic.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf, ConnSlot, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { clockAt, clockDifference } from '../../src/datapath/ebpf/table/clock.js';
import {
  isActiveTcpState,
  nextTcpState,
  TCP_STATES,
  type TcpDirection,
  type TcpState,
  type TcpTable,
  tcpEvent,
} from '../../src/datapath/tcp-state.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, fromServer, tcp, tcpFlags } from './fixtures/packets.js';
import { checkTable, takenSlots } from './table-check.js';

const ends = { from: `${CLIENT}:40000`, to: `${VIP}:80` };
const LETTERS = ['S', 'SA', 'FA', 'F', 'A', 'PA', 'RA', 'R', 'SFRA', 'SFA', 'P', ''];
const STATE_SHIFT = 52n;
const INACTIVE = 1n << 56n;
const NO_OUTPUT = 1n << 57n;
/** clockAt() computes the clock from the timer's last tick: it may be a tick off. */
const CLOCK_SLACK = 30;

/** Writes the one connection's state, with the counts that go with it, about to expire. */
function putInto(bed: Bed, index: number, state: TcpState, noOutput: boolean): void {
  const { conf, dests } = bed.tables;
  const slots = bed.slots();
  const active = isActiveTcpState(state);
  const soon = (clockAt(conf, process.hrtime.bigint()) + 1000) >>> 0;
  const kept = slots.big(index, ConnSlot.value) & ~(0xffffffffn | (15n << STATE_SHIFT) | INACTIVE | NO_OUTPUT);
  const flags = (active ? 0n : INACTIVE) | (noOutput ? NO_OUTPUT : 0n);
  slots.setBig(index, ConnSlot.value, kept | BigInt(soon) | (BigInt(TCP_STATES.indexOf(state)) << STATE_SHIFT) | flags);
  dests.set(1, Dest.active, active ? 1 : 0);
  dests.set(1, Dest.inactive, active ? 0 : 1);
}

function send(bed: Bed, direction: TcpDirection, letters: string): void {
  const back = { from: `${SERVERS[0]}:80`, to: ends.from };
  const outcome =
    direction === 'output'
      ? bed.send('ingress', 'back', fromServer(tcp(back, letters)))
      : bed.send('ingress', 'front', fromClient(tcp(ends, letters)));
  assert.equal(outcome.verdict, 'redirect');
}

function cell(bed: Bed, index: number, table: TcpTable, direction: TcpDirection, letters: string, state: TcpState): void {
  const name = `${table} ${direction} ${letters} in ${state}`;
  const { conf } = bed.tables;
  putInto(bed, index, state, direction === 'input-only');
  const before = clockAt(conf, process.hrtime.bigint());
  send(bed, direction, letters);
  const after = clockAt(conf, process.hrtime.bigint());
  const [slot] = checkTable(bed);
  const next = nextTcpState(table, direction, tcpEvent(tcpFlags(letters)), state);
  assert.equal(TCP_STATES[slot?.state ?? -1], next, name);
  const expires = Number(bed.slots().big(index, ConnSlot.value) & 0xffffffffn);
  const timeout = conf.get(0, Conf.tcpTimeout, TCP_STATES.indexOf(next));
  const early = clockDifference(expires, (before + timeout) >>> 0);
  const late = clockDifference((after + timeout) >>> 0, expires);
  const second = conf.get(0, Conf.hz);
  assert.ok(early >= -CLOCK_SLACK && late >= -second, `${name}: expires ${early} units after the earliest, ${late} before the latest`);
}

test('every cell of both tables', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const { service: spec, destinations } = service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]);
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
    bed.director.setSysctl('conn_reuse_mode', '0');
    bed.send('ingress', 'front', fromClient(tcp(ends, 'S')));
    const index = takenSlots(bed)[0]?.index ?? assert.fail('no connection');
    for (const table of ['normal', 'secure'] as const) {
      bed.director.setSysctl('secure_tcp', table === 'secure' ? '3' : '0');
      for (const direction of ['input', 'output', 'input-only'] as const) {
        for (const letters of LETTERS) for (const state of TCP_STATES) cell(bed, index, table, direction, letters, state);
      }
    }
  } finally {
    bed.close();
  }
});
