// One session of weir's own stream, both sides by their bytes: what is sent, acknowledged, refused and sent again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleConnection } from '../../../../test/support/stream-records.js';
import { StreamDecoder } from '../../../wire/stream-decoder.js';
import type { StreamConnection } from '../../../wire/stream-record.js';
import { type Batch, type BatchAnswers, type PeerMemory, StreamReceiver } from './stream-receiver.js';
import { type NewsSink, StreamSender } from './stream-sender.js';

const portOf = (port: number): StreamConnection => {
  const { connection } = sampleConnection;
  return { ...sampleConnection, connection: { ...connection, client: { ...connection.client, port } } };
};

/** A sender whose news are put in by hand, and a receiver that keeps what comes. */
function session(answer: (batch: Batch) => BatchAnswers | undefined = all('made'), memory: PeerMemory = {}) {
  let now = 10_000;
  const news: ((to: NewsSink<number>) => void)[] = [];
  const refused: number[] = [];
  let forgotten = 0;
  const source = {
    look: (to: NewsSink<number>) => {
      news.shift()?.(to);
      return news.length > 0;
    },
    forget: () => {
      forgotten += 1;
    },
    refused: (where: number) => void refused.push(where),
    forgetRefused: () => void refused.splice(0),
  };
  const batches: Batch[] = [];
  const apply = (batch: Batch): BatchAnswers | undefined => {
    batches.push(batch);
    return answer(batch);
  };
  const sender = new StreamSender({ node: 'lb1', id: '1'.repeat(16), source, now: () => now });
  const receiver = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), memory, now: () => now + 500_000, apply });
  const [there, backwards] = [new StreamDecoder(), new StreamDecoder()];
  const toReceiver = (bytes: Uint8Array) => assert.equal(receiver.take(there.push(bytes).records), undefined);
  const toSender = (bytes: Uint8Array | undefined) => assert.ok(sender.take(backwards.push(bytes ?? new Uint8Array()).records));
  toSender(receiver.begin());
  toReceiver(sender.begin());
  const look = (onTheWayMs = 0): void => {
    const { bytes } = sender.look();
    now += onTheWayMs;
    toReceiver(bytes);
    for (let back = receiver.deliver(); back !== undefined; back = receiver.deliver()) toSender(back);
    toSender(receiver.beat());
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return { sender, receiver, news, refused, batches, look, pass, toSender, forgotten: () => forgotten };
}

const all =
  (answer: BatchAnswers['connections'][number]) =>
  ({ connections, templates }: Batch): BatchAnswers => ({
    connections: connections.map(() => answer),
    templates: templates.map(() => answer),
  });
const ports = (batches: readonly Batch[]) => batches.flatMap(({ connections }) => connections.map(({ client }) => client.port));

test('what is new goes there once, and is acknowledged', () => {
  const { sender, receiver, news, batches, look, forgotten } = session();
  assert.deepEqual([receiver.peer?.node, forgotten()], ['lb1', 1]);
  news.push((to) => [1, 2, 3].forEach((port) => to.item(portOf(port), 4, port)));
  look();
  assert.deepEqual(ports(batches), [1, 2, 3]);
  assert.deepEqual(sender.state, { whole: true, items: 3, waiting: 0, lacking: 0 });
  look();
  assert.equal(batches.length, 1);
  assert.equal(receiver.state.whole, true);
});

test('an end is one, and idle times grow by the way of the bytes', () => {
  const { news, batches, look, pass } = session();
  look(); // the shortest way
  news.push((to) => to.item(portOf(1), 4, 1));
  look(3000);
  pass(1000);
  news.push((to) => to.ended(portOf(1), 2));
  look();
  const [first, second] = batches.map(({ connections }) => connections[0]);
  assert.ok(Math.abs((first?.idle ?? 0) - 7) < 0.01, `${first?.idle}`);
  assert.deepEqual([first?.ended, second?.ended, Math.round(second?.idle ?? 0)], [undefined, true, 2]);
});

test('what is refused is counted, and sent again when the receiver asks, or after a time', () => {
  let answer: BatchAnswers['connections'][number] = 'unbound';
  const { sender, receiver, news, refused, look, pass, toSender } = session((batch) => all(answer)(batch));
  news.push((to) => [1, 2].forEach((port) => to.item(portOf(port), 0, port)));
  look();
  assert.deepEqual([refused, sender.state.lacking, receiver.state.refused], [[1, 2], 2, { unbound: 2 }]);
  toSender(receiver.again());
  assert.deepEqual([refused, sender.state.lacking], [[], 0]);
  news.push((to) => [1, 2].forEach((port) => to.item(portOf(port), 0, port)));
  look();
  assert.equal(sender.state.lacking, 2);
  pass(11_000);
  answer = 'made';
  look();
  assert.deepEqual([refused, sender.state.lacking], [[], 0]);
});

test('what is newer there is no lack', () => {
  const { sender, news, refused, look } = session(all('newer'));
  news.push((to) => to.item(portOf(1), 0, 1));
  look();
  assert.deepEqual([refused, sender.state.lacking, sender.state.waiting], [[], 0, 0]);
});

test('nothing is acknowledged while the tables cannot take it, and a sender stops at its window', () => {
  let isBusy = true;
  const { sender, news, batches, look } = session((batch) => (isBusy ? undefined : all('made')(batch)));
  for (let k = 0; k < 20; k++) news.push((to) => Array.from({ length: 4096 }, (_, port) => to.item(portOf(port), 0, port)));
  for (let k = 0; k < 30; k++) look();
  assert.equal(sender.state.waiting, 65_536);
  isBusy = false;
  batches.length = 0;
  for (let k = 0; k < 30; k++) look();
  assert.deepEqual([sender.state.waiting, sender.state.items], [0, 20 * 4096]);
  assert.equal(ports(batches).length, 20 * 4096);
});

test('what this director knew before a session, and has no more, has ended: until all has come, and not where something was refused', () => {
  const memory: PeerMemory = {};
  const first = session(all('made'), memory);
  first.look();
  assert.notEqual(memory.wholeAt, undefined);
  const second = session(all('made'), memory);
  second.pass(5000);
  second.news.push((to) => to.item(portOf(1), 60, 1));
  second.look();
  const [known] = second.batches;
  assert.ok(known !== undefined && known.rivalry.fresh > 5 && known.rivalry.fresh < 10, `${known?.rivalry.fresh}`);
  second.pass(300);
  second.look();
  second.news.push((to) => to.item(portOf(2), 60, 2));
  second.look();
  assert.equal(second.batches[1]?.rivalry.fresh, Number.POSITIVE_INFINITY);
  const third = session(all('full'), memory);
  third.news.push((to) => to.item(portOf(1), 0, 1));
  third.look();
  assert.equal(memory.wholeAt, undefined);
});

test('all that comes until the first look is over is compared with what this director knew, though the same bytes state its end', () => {
  const memory: PeerMemory = { wholeAt: 508_000 };
  const { news, batches, look } = session(all('made'), memory);
  news.push((to) => to.item(portOf(1), 60, 1));
  look();
  assert.ok((batches[0]?.rivalry.fresh ?? 0) < 10, `${batches[0]?.rivalry.fresh}`);
});

test('an end that was not acknowledged is sent by the next session first', () => {
  let now = 0;
  const source = { look: () => false, forget: () => {}, refused: () => {}, forgetRefused: () => {} };
  const options = { node: 'lb1', id: '1'.repeat(16), source, now: () => now };
  const look = (to: NewsSink<number>): boolean => {
    to.ended(portOf(7), 2);
    return false;
  };
  const first = new StreamSender<number>({ ...options, source: { ...source, look } });
  first.begin();
  first.look();
  now = 3000;
  const second = new StreamSender<number>({ ...options, ends: first.unacknowledgedEnds });
  const decoder = new StreamDecoder();
  decoder.push(second.begin());
  assert.deepEqual(second.unacknowledgedEnds, first.unacknowledgedEnds);
  const [end] = decoder.push(second.look().bytes).records;
  assert.deepEqual([end?.kind, end?.kind === 'delete' && end.idle], ['delete', 500]);
  assert.equal(second.take([{ kind: 'ack', count: 1 }]), true);
  assert.deepEqual(second.unacknowledgedEnds, []);
});

test('what was compared of the clocks is forgotten: a peer whose clock stood still is not late for ever', () => {
  let now = 0;
  const batches: Batch[] = [];
  const apply = (batch: Batch): BatchAnswers => {
    batches.push(batch);
    return all('made')(batch);
  };
  const receiver = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), memory: {}, now: () => now, apply });
  receiver.take([
    { kind: 'hello', node: 'lb1', id: '1'.repeat(16) },
    { kind: 'beat', sent: 0, whole: true },
  ]);
  const idleAt = (ms: number): number => {
    now = ms;
    receiver.take([{ kind: 'item', item: portOf(1), idle: 0, sent: ms - 4000 }]);
    receiver.deliver();
    return batches.at(-1)?.connections[0]?.idle ?? -1;
  };
  assert.deepEqual([idleAt(10_000), idleAt(70_000), idleAt(140_000)], [4, 4, 0]);
});

test('who keeps to no order, or is this director itself, is refused', () => {
  const { sender, receiver } = session();
  assert.equal(receiver.take([{ kind: 'hello', node: 'lb1', id: '1'.repeat(16) }]), 'order');
  assert.equal(receiver.take([{ kind: 'ack', count: 1 }]), 'order');
  const fresh = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), memory: {}, now: () => 0, apply: all('made') });
  assert.equal(fresh.take([{ kind: 'hello', node: 'lb3', id: '2'.repeat(16) }]), 'self');
  for (const record of [
    { kind: 'ack', count: 1 },
    { kind: 'refused', number: 0, reason: 'full' },
    { kind: 'beat', sent: 0, whole: true },
  ] as const)
    assert.equal(sender.take([record]), false, record.kind);
});

test('a receiver that does not answer is silent', () => {
  const { sender, look, pass } = session();
  look();
  pass(19_000);
  assert.equal(sender.isSilent, false);
  pass(2000);
  assert.equal(sender.isSilent, true);
});
