// The TCP machine against every transition that was seen of the kernel's IPVS.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { newTcpTrack, stepTcp, type TcpTrack } from '../../test/support/tcp-track.js';
import {
  isActiveTcpState,
  nextTcpState,
  opensTcpConnection,
  TCP_FLAGS,
  TCP_STATES,
  TCP_TIMEOUTS,
  type TcpState,
  type TcpTable,
  tcpEvent,
} from './tcp-state.js';

const LETTERS: Readonly<Record<string, number>> = {
  F: TCP_FLAGS.fin,
  S: TCP_FLAGS.syn,
  R: TCP_FLAGS.rst,
  P: TCP_FLAGS.psh,
  A: TCP_FLAGS.ack,
};

interface Vector {
  readonly section: string;
  readonly events: readonly string[];
  readonly state: string;
  readonly expires: number | null;
}

function vectors(): readonly Vector[] {
  const path = new URL('../../../test/datapath/vectors/tcp-states.txt', import.meta.url);
  const found: Vector[] = [];
  let section = '';
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (line.startsWith('== ')) section = line.slice(3);
    const [events, result] = line.split(' -> ');
    if (line.startsWith('#') || events === undefined || result === undefined) continue;
    const [state = '', expires] = result.split(' ');
    found.push({ section, events: events.split(' '), state, expires: expires === undefined ? null : Number(expires) });
  }
  return found;
}

function flagsOf(letters: string): number {
  return [...letters].reduce((flags, letter) => flags | (LETTERS[letter] ?? assert.fail(letter)), 0);
}

/** Plays the events as a director with one server would; null: no connection. */
function play(section: string, events: readonly string[]): TcpTrack | null {
  const [method, mode] = section.split(' ');
  const table: TcpTable = mode === 'secure' ? 'secure' : 'normal';
  let track: TcpTrack | null = null;
  for (const event of events) {
    const [direction = '', letters = ''] = event.split(':');
    const flags = flagsOf(letters);
    if (track === null) {
      if (direction !== 'in' || !opensTcpConnection(flags, mode === 'sloppy')) continue;
      track = newTcpTrack(method === 'NAT');
    }
    track = stepTcp(track, direction === 'in' ? 'client' : 'server', flags, table);
  }
  return track;
}

/** Seconds of a state in the section where `ipvsadm --set 33 22 11` was given, else the defaults. */
function timeout(section: string, state: TcpState): number {
  const set: Partial<Record<TcpState, number>> = section.endsWith('timeouts') ? { ESTABLISHED: 33, FIN_WAIT: 22 } : {};
  return set[state] ?? TCP_TIMEOUTS[state];
}

test('every transition seen of the kernel comes out the same', () => {
  const all = vectors();
  assert.equal(all.length, 533);
  for (const vector of all) {
    const track = play(vector.section, vector.events);
    const name = `${vector.section}: ${vector.events.join(' ')}`;
    assert.equal(track?.state ?? '-', vector.state, name);
    // the listing rounds the time left down, a moment after the packet
    if (track !== null) assert.equal(timeout(vector.section, track.state) - 1, vector.expires, name);
  }
});

test('the vectors meet every state that a director can reach', () => {
  const seen = new Set(vectors().map((vector) => vector.state));
  const unreachable = new Set<string>(['NONE', 'LAST_ACK', 'LISTEN']);
  assert.deepEqual(new Set(TCP_STATES.filter((state) => !unreachable.has(state))), new Set([...seen].filter((state) => state !== '-')));
});

test('RST outranks SYN, SYN outranks FIN, FIN outranks ACK', () => {
  const { fin, syn, rst, ack, psh } = TCP_FLAGS;
  assert.equal(tcpEvent(rst | syn | fin | ack), 'rst');
  assert.equal(tcpEvent(syn | fin | ack), 'syn');
  assert.equal(tcpEvent(fin | ack), 'fin');
  assert.equal(tcpEvent(ack | psh), 'ack');
  assert.equal(tcpEvent(psh), null);
});

test('a segment without SYN, FIN, RST or ACK closes from every state', () => {
  for (const state of TCP_STATES) assert.equal(nextTcpState('normal', 'input', null, state), 'CLOSE');
});

test('a reply that passes by after all ends the input-only rows', () => {
  let track = stepTcp(newTcpTrack(false), 'client', TCP_FLAGS.syn, 'normal');
  assert.deepEqual(track, { state: 'SYN_RECV', noOutput: true });
  track = stepTcp(track, 'server', TCP_FLAGS.syn | TCP_FLAGS.ack, 'normal');
  assert.deepEqual(track, { state: 'SYN_RECV', noOutput: false });
  track = stepTcp(track, 'client', TCP_FLAGS.ack, 'normal');
  track = stepTcp(track, 'client', TCP_FLAGS.fin, 'normal');
  assert.equal(track.state, 'CLOSE_WAIT', 'not FIN_WAIT as of an input-only connection');
});

test('active are the states before and while data flows', () => {
  assert.deepEqual(TCP_STATES.filter(isActiveTcpState), ['ESTABLISHED', 'SYN_SENT', 'SYN_RECV', 'SYNACK']);
});

test('every row has a state in every column', () => {
  for (const table of ['normal', 'secure'] as const)
    for (const direction of ['input', 'output', 'input-only'] as const)
      for (const event of ['syn', 'fin', 'ack', 'rst'] as const)
        for (const state of TCP_STATES) assert.ok(TCP_STATES.includes(nextTcpState(table, direction, event, state)));
});
