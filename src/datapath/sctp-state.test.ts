// The SCTP machine against the kernel's rows, and the way of an association.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ChunkType } from '../wire/sctp.js';
import { nextSctpState, SCTP_EVENTS, SCTP_STATES, type SctpState, sctpEvent, sctpTimeout } from './sctp-state.js';
import type { TcpDirection } from './tcp-state.js';

const DIRECTIONS = ['input', 'output', 'input-only'] as const;

test("every row is the kernel's", () => {
  const path = new URL('../../../test/datapath/vectors/sctp-states.txt', import.meta.url);
  const rows = readFileSync(path, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => line.split(' '));
  assert.equal(rows.length, DIRECTIONS.length * SCTP_EVENTS.length);
  for (const [direction, event, ...numbers] of rows) {
    const [by, what] = [DIRECTIONS.find((each) => each === direction), SCTP_EVENTS.find((each) => each === event)];
    assert.ok(by !== undefined && what !== undefined, `${direction} ${event}`);
    const next = SCTP_STATES.map((state) => SCTP_STATES.indexOf(nextSctpState(by, what, state)));
    assert.deepEqual(next, numbers.map(Number), `${direction} ${event}`);
  }
});

function after(steps: readonly (readonly [TcpDirection, keyof typeof ChunkType])[]): SctpState {
  return steps.reduce<SctpState>((state, [direction, chunk]) => nextSctpState(direction, sctpEvent(ChunkType[chunk]), state), 'NONE');
}

test('an association is established, and shut down', () => {
  const begun = [
    ['input', 'init'],
    ['output', 'initAck'],
    ['input', 'cookieEcho'],
    ['output', 'cookieAck'],
  ] as const;
  assert.deepEqual(
    begun.map((_, step) => after(begun.slice(0, step + 1))),
    ['INIT1', 'C-SENT', 'C-REPLIED', 'ESTABLISHED'],
  );
  assert.equal(after([...begun, ['output', 'data'], ['input', 'sack'], ['input', 'heartbeat']]), 'ESTABLISHED');
  const ended = [...begun, ['input', 'shutdown'], ['output', 'shutdownAck'], ['input', 'shutdownComplete']] as const;
  assert.equal(after(ended), 'CLOSED');
});

test('by DR, where only the client is seen, too', () => {
  assert.equal(
    after([
      ['input-only', 'init'],
      ['input-only', 'cookieEcho'],
    ]),
    'ESTABLISHED',
  );
});

test('types of chunks without a meaning of their own are data', () => {
  for (const type of [0, 3, 4, 5, 12, 13, 15, 128, 255]) assert.equal(sctpEvent(type), 'data');
});

test('timeouts as the kernel has them', () => {
  assert.deepEqual(SCTP_STATES.map(sctpTimeout), [2, 4, 61, 61, 61, 61, 61, 61, 900, 61, 61, 61, 4, 61]);
});
