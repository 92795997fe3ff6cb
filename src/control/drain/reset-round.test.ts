// A round against ends that keep to RFC 9293 and RFC 5961: which numbers reset them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { DrainedConnection } from '../../model/drain/drained-connection.js';
import type { DestinationKey } from '../../model/service.js';
import { TcpFlag } from '../../wire/tcp.js';
import type { BareSegment } from '../../wire/tcp-packet.js';
import { ResetRound } from './reset-round.js';

const endpoint = (address: string, port: number): DestinationKey => ({ address: ip(address), port });
const NUMBER = 0x8000_0001;
const [CLIENT, VIRTUAL, SERVER, LOCAL] = [
  endpoint('192.0.2.9', 40_000),
  endpoint('198.51.100.1', 80),
  endpoint('10.0.0.1', 8080),
  endpoint('10.0.0.254', 1024),
];
const NAT: DrainedConnection = { client: CLIENT, virtual: VIRTUAL, server: SERVER, mark: 0, isClosed: false };
const FULLNAT: DrainedConnection = { ...NAT, local: LOCAL };

/** What an end answers to whatever is outside of its window. */
const answer = (
  source: DestinationKey,
  destination: DestinationKey,
  sent: number,
  received: number,
  flags: number = TcpFlag.ack,
): BareSegment => ({
  source,
  destination,
  sequence: sent,
  acknowledgement: received,
  flags,
});

const numbers = (round: ResetRound, segment: BareSegment) =>
  round.answered(segment).map(({ to, source, destination, sequence, flags }) => {
    assert.equal(flags, TcpFlag.rst);
    assert.deepEqual([source, destination], to === 'client' ? [VIRTUAL, CLIENT] : [CLIENT, VIRTUAL]);
    return [to, sequence];
  });

test('each end is asked by a segment as if from the other one, the server by the virtual endpoint', () => {
  const probes = [...new ResetRound([{ ...NAT, mark: 7 }], NUMBER).probes()];
  assert.deepEqual(
    probes.map(({ to, source, destination, mark, flags }) => [to, source, destination, mark, flags]),
    [
      ['client', VIRTUAL, CLIENT, 0, TcpFlag.ack],
      ['server', CLIENT, VIRTUAL, 7, TcpFlag.ack],
    ],
  );
});

test("an end's answer has the numbers of both resets, whichever end it is, and whatever its server knows of the client", () => {
  const sent = { client: 5000, server: 0xffff_fff0 };
  const both = [
    ['client', sent.server],
    ['server', sent.client],
  ];
  for (const [connection, local] of [
    [NAT, CLIENT],
    [FULLNAT, LOCAL],
  ] as const) {
    const round = new ResetRound([connection], NUMBER);
    assert.deepEqual(numbers(round, answer(CLIENT, VIRTUAL, sent.client, sent.server)), both);
    assert.deepEqual(numbers(round, answer(SERVER, local, sent.server, sent.client)), both);
  }
  assert.deepEqual(numbers(new ResetRound([NAT], NUMBER), answer(VIRTUAL, CLIENT, sent.server, sent.client)), both, 'unchanged, past DR');
});

test('of each end the first answer counts: what follows may be of another connection by the same port', () => {
  const round = new ResetRound([NAT], NUMBER);
  const answered = () => [round.hasAnswered(NAT, 'client'), round.hasAnswered(NAT, 'server')];
  assert.deepEqual(answered(), [false, false]);
  const count = (segment: BareSegment): number => numbers(round, segment).length;
  assert.deepEqual([count(answer(SERVER, CLIENT, 1, 2)), count(answer(SERVER, CLIENT, 1, 2))], [2, 0]);
  assert.deepEqual(answered(), [false, true]);
  assert.deepEqual([count(answer(CLIENT, VIRTUAL, 1, 2)), count(answer(CLIENT, VIRTUAL, 1, 2))], [2, 0]);
  assert.deepEqual(answered(), [true, true]);
});

test('of one that is closed the server alone is asked, and reset where it is still there', () => {
  const closed = { ...NAT, isClosed: true };
  const round = new ResetRound([closed], NUMBER);
  assert.deepEqual(
    [...round.probes()].map(({ to }) => to),
    ['server'],
  );
  assert.deepEqual(numbers(round, answer(CLIENT, VIRTUAL, 1, 2)), [], 'a new connection of the client');
  assert.deepEqual(numbers(round, answer(VIRTUAL, CLIENT, 1, 2)), []);
  assert.deepEqual(numbers(round, answer(SERVER, CLIENT, 1, 2)), [['server', 2]]);
  assert.equal(round.hasAnswered(closed, 'server'), true);
});

test('what this director has sent itself, what ends a connection, and what belongs to none is no answer', () => {
  const round = new ResetRound([NAT], NUMBER);
  for (const own of round.probes()) assert.deepEqual(round.answered(own), []);
  for (const flags of [TcpFlag.rst, TcpFlag.rst | TcpFlag.ack, TcpFlag.fin | TcpFlag.ack, TcpFlag.syn | TcpFlag.ack, 0])
    assert.deepEqual(round.answered(answer(CLIENT, VIRTUAL, 1, 2, flags)), []);
  assert.deepEqual(round.answered(answer(endpoint('192.0.2.8', 40_000), VIRTUAL, 1, 2)), []);
  assert.deepEqual([round.hasAnswered(NAT, 'client'), round.hasAnswered(NAT, 'server')], [false, false]);
});
