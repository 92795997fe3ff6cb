// Both ends of a session compare what has been taken: what that shows of a difference, and that a peer which states something else changes nothing besides.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { itemOf } from '../../../../test/support/stream-objects.js';
import { sampleConnection } from '../../../../test/support/stream-records.js';
import { APPLIED, type Applied } from '../../../model/foreign-connection.js';
import { NOTHING_LACKS } from '../../../model/stream-node.js';
import { ItemReader } from '../../../wire/sync/stream-block.js';
import { type Received, StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { StreamItem } from '../../../wire/sync/stream-item.js';
import { StreamType } from '../../../wire/sync/stream-record.js';
import { StreamReceiver } from './stream-receiver.js';
import { type NewsSink, StreamSender } from './stream-sender.js';

const portOf = (port: number): StreamItem => {
  const { connection } = sampleConnection;
  return itemOf({ ...sampleConnection, connection: { ...connection, client: { ...connection.client, port } } });
};
const table = { refused: () => {}, disputed: () => {} };

/** A session whose items are of these ports, each answered by its port. `there`, `back`: what is made of the records on their way. */
function session({
  digests = true,
  answer = (_port: number): Applied => 'made',
  lost = 0,
  there = (records: readonly Received[]) => records,
  back = (records: readonly Received[]) => records,
}) {
  let now = 1000;
  const news: ((to: NewsSink) => void)[] = [];
  const source = {
    look: (to: NewsSink) => {
      news.shift()?.(to);
      return false;
    },
    forget: () => {},
    forgetRefused: () => {},
  };
  const sender = new StreamSender({ node: 'lb1', id: '1'.repeat(16), source, digests, replies: true, now: () => now });
  const item = new StreamItem();
  const receiver = new StreamReceiver({
    node: 'lb2',
    id: '2'.repeat(16),
    memory: {},
    digests,
    lost: () => lost,
    now: () => now,
    apply: ({ blocks }) =>
      Uint8Array.from(
        blocks.flatMap(({ block }) => {
          const answers: number[] = [];
          for (const items = new ItemReader(block); items.next(item); ) answers.push(APPLIED.indexOf(answer(item.port)));
          return answers;
        }),
      ),
  });
  const types = new Set<number>();
  const [toReceiver, toSender] = [new StreamDecoder(), new StreamDecoder()];
  const noted = (bytes: Uint8Array): Uint8Array => {
    for (let at = 0; at < bytes.length; at += 4 + (((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0))) types.add(bytes[at + 2] ?? 0);
    return bytes;
  };
  const give = (bytes: Uint8Array): void => assert.ok(sender.take(back(toSender.push(noted(bytes)).records)));
  const take = (bytes: Uint8Array): void => assert.equal(receiver.take(there(toReceiver.push(noted(bytes)).records)), undefined);
  give(receiver.begin());
  take(sender.begin());
  const turn = (): void => {
    now += 250;
    take(sender.look().bytes);
    for (let bytes = receiver.deliver(); bytes !== undefined; bytes = receiver.deliver()) give(bytes);
    give(receiver.beat());
  };
  const send = (...ports: readonly number[]): void =>
    void news.push((to) => {
      for (const port of ports) to.item('connection', portOf(port), table, port, 7, 8);
    });
  return { sender, receiver, turn, send, news, types, states: () => [sender.state.digest, receiver.state.digest] };
}

/** What a peer states that lies. */
const stating =
  (kind: 'digest' | 'compared', how: { readonly sum?: number; readonly count?: number; readonly lost?: number }) =>
  (records: readonly Received[]): readonly Received[] =>
    records.map((record) => (record.kind === kind ? ({ ...record, ...how } as Received) : record));

test('they are equal when all has been taken, at the end mark and while more comes', () => {
  const { turn, send, news, states, sender } = session({});
  assert.deepEqual(states(), ['open', 'open']);
  send(1, 2, 3);
  turn();
  assert.deepEqual(states(), ['equal', 'open']);
  for (let n = 4; n < 40; n++) {
    send(n, n + 1000);
    turn();
    assert.deepEqual(states(), ['equal', 'equal']);
  }
  news.push((to) => to.ended('connection', portOf(1)));
  turn();
  turn();
  assert.deepEqual([...states(), sender.state.waiting], ['equal', 'equal', 0]);
});

test('what is refused, or is newer there, is left out at both ends, and what is refused is named', () => {
  const reasons: readonly Applied[] = ['made', 'unbound', 'newer', 'full', 'unsupported', 'port', 'busy'];
  const { turn, send, states, sender, receiver } = session({ answer: (port) => reasons[port % reasons.length] ?? 'made' });
  send(...Array.from({ length: 70 }, (_, port) => port));
  for (let n = 0; n < 3; n++) turn();
  assert.deepEqual(states(), ['equal', 'equal']);
  const lacking = { unbound: 10, full: 20, port: 10, unsupported: 10 };
  assert.deepEqual([sender.state.lacking, receiver.state.lacking], [lacking, lacking]);
});

test('a receiver that has taken something else finds it, and so does its sender', () => {
  const lose = (records: readonly Received[]): readonly Received[] =>
    records.map((record) => (record.kind === 'items' ? { ...record, digest: record.digest + 1 } : record));
  const { turn, send, states } = session({ there: lose });
  send(1);
  for (let n = 0; n < 3; n++) turn();
  assert.deepEqual(states(), ['differs', 'differs']);
});

test('what the receiver has lost is known to its sender', () => {
  const { turn, send, sender, receiver, states } = session({ lost: 3 });
  send(1);
  for (let n = 0; n < 3; n++) turn();
  assert.deepEqual([sender.state.lost, receiver.state.lost, ...states()], [3, 3, 'equal', 'equal']);
});

test('a peer that states another digest, count or lack changes what is shown of it, and nothing else', () => {
  for (const how of [{ sum: 5 }, { count: 99 }, { lost: 0xffff_ffff }] as const) {
    const { turn, send, sender, receiver } = session({ back: stating('digest', how) });
    send(1, 2);
    for (let n = 0; n < 4; n++) turn();
    assert.deepEqual([sender.state.items, sender.state.waiting, receiver.state.items, receiver.state.whole], [2, 0, 2, true]);
    assert.equal(sender.state.digest, 'sum' in how ? 'differs' : 'count' in how ? 'open' : 'equal');
    assert.equal(receiver.state.digest, 'count' in how ? 'open' : 'equal');
  }
  for (const how of [{ sum: 5 }, { count: 99 }] as const) {
    const { turn, send, sender, receiver } = session({ there: stating('compared', how) });
    send(1, 2);
    for (let n = 0; n < 4; n++) turn();
    assert.deepEqual([sender.state.digest, receiver.state.digest], ['equal', 'sum' in how ? 'differs' : 'open']);
    assert.deepEqual([receiver.state.items, receiver.state.waiting], [2, 0]);
  }
});

test('to a peer of a build that does not know digests no frame of them goes', () => {
  const { turn, send, states, types, sender, receiver } = session({ digests: false });
  send(1, 2);
  for (let n = 0; n < 4; n++) turn();
  assert.deepEqual([...states(), sender.state.waiting, receiver.state.whole], ['none', 'none', 0, true]);
  assert.deepEqual([types.has(StreamType.digest), types.has(StreamType.compared)], [false, false]);
  assert.deepEqual(receiver.state.lacking, NOTHING_LACKS);
});

test('comparisons that are never answered are forgotten, the oldest first', () => {
  const { turn, send, receiver } = session({ there: (records) => records.filter(({ kind }) => kind !== 'compared') });
  for (let n = 0; n < 200; n++) {
    send(n);
    turn();
  }
  receiver.take([{ kind: 'compared', count: 1, sum: 1, lacking: NOTHING_LACKS }]);
  assert.equal(receiver.state.digest, 'open');
});
