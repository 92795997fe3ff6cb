// One session of weir's own stream, both sides by their bytes: what is sent, acknowledged, refused and sent again.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectionOf, encodeAll, itemOf, recordsOf } from '../../../../test/support/stream-objects.js';
import { sampleConnection } from '../../../../test/support/stream-records.js';
import { APPLIED, type Applied } from '../../../model/foreign-connection.js';
import { lackingSum, NOTHING_LACKS } from '../../../model/stream-node.js';
import { ItemReader } from '../../../wire/sync/stream-block.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';
import { ItemBits, ItemFlag, StreamItem } from '../../../wire/sync/stream-item.js';
import type { PeerMemory } from './peer-memory.js';
import type { Ended, SentTable } from './sent-window.js';
import { type Batch, StreamReceiver } from './stream-receiver.js';
import { type NewsSink, StreamSender } from './stream-sender.js';

/** Of a client's port, idle for so many seconds. */
const portOf = (port: number, idle = 0): StreamItem => {
  const { connection } = sampleConnection;
  return itemOf({ ...sampleConnection, connection: { ...connection, client: { ...connection.client, port } } }, idle * 100);
};
type Answer = (batch: Batch) => Uint8Array | undefined;

/** A sender whose news are put in by hand, and a receiver that keeps what comes. */
function session(
  answer: Answer = all('made'),
  memory: PeerMemory = {},
  { digests = true, owners = true, lost = () => 0, way = (bytes: Uint8Array) => bytes } = {},
) {
  let now = 10_000;
  const news: ((to: NewsSink) => void)[] = [];
  const refused: number[] = [];
  const disputed: number[] = [];
  const noteIn =
    (list: number[]) =>
    (at: number, ...key: readonly number[]): void =>
      void list.push(...(key.join() === '7,8' ? [at] : []));
  const table: SentTable = { refused: noteIn(refused), disputed: noteIn(disputed) };
  const put = (to: NewsSink, ports: readonly number[], idle = 0): void => {
    for (const port of ports) to.item('connection', portOf(port, idle), table, port, 7, 8);
  };
  let forgotten = 0;
  const source = {
    look: (to: NewsSink) => {
      news.shift()?.(to);
      return news.length > 0;
    },
    forget: () => {
      forgotten += 1;
    },
    forgetRefused: () => void refused.splice(0),
  };
  const batches: Batch[] = [];
  const apply = (batch: Batch): Uint8Array | undefined => {
    batches.push(batch);
    return answer(batch);
  };
  const sender = new StreamSender({ node: 'lb1', id: '1'.repeat(16), source, digests, owners, replies: true, now: () => now });
  const over: Ended[] = [];
  const [id, receiverNow] = ['2'.repeat(16), () => now + 500_000];
  const known = { memory, digests, owners, lost, over: (ended: Ended) => void over.push(ended) };
  const receiver = new StreamReceiver({ node: 'lb2', id, ...known, now: receiverNow, apply });
  const [there, backwards] = [new StreamDecoder(), new StreamDecoder()];
  const toReceiver = (bytes: Uint8Array) => assert.equal(receiver.take(there.push(bytes).records), undefined);
  const toSender = (bytes: Uint8Array | undefined) => assert.ok(sender.take(backwards.push(bytes ?? new Uint8Array()).records));
  toSender(receiver.begin());
  toReceiver(sender.begin());
  const look = (onTheWayMs = 0): void => {
    const { bytes } = sender.look();
    now += onTheWayMs;
    toReceiver(way(bytes));
    for (let back = receiver.deliver(); back !== undefined; back = receiver.deliver()) toSender(back);
    toSender(receiver.beat());
  };
  const pass = (ms: number): void => {
    now += ms;
  };
  return {
    sender,
    receiver,
    news,
    put,
    refused,
    disputed,
    batches,
    over,
    look,
    pass,
    toSender,
    forgotten: () => forgotten,
    now: () => now + 500_000,
  };
}

function all(answer: Applied): Answer {
  return ({ count }) => new Uint8Array(count).fill(APPLIED.indexOf(answer));
}

/** Of the items of batches: ports, seconds since the last packet, and whether they have ended. */
const applied = (batches: readonly Batch[]) =>
  batches.flatMap(({ blocks }) =>
    blocks.flatMap(({ block, delay }) => {
      const found: { readonly port: number; readonly idle: number; readonly ended: boolean }[] = [];
      const item = new StreamItem();
      for (const items = new ItemReader(block); items.next(item); )
        found.push({ port: connectionOf(item).connection.client.port, idle: (item.idle + delay) / 100, ended: block.ended });
      return found;
    }),
  );
const ports = (batches: readonly Batch[]) => applied(batches).map(({ port }) => port);

/** Of a receiver without a sender. */
const alone = { memory: {}, digests: true, lost: () => 0 };

test('what is new goes there once, and is acknowledged', () => {
  const { sender, receiver, news, put, batches, look, forgotten } = session();
  assert.deepEqual([receiver.peer?.node, forgotten()], ['lb1', 1]);
  news.push((to) => put(to, [1, 2, 3], 4));
  look();
  assert.deepEqual(ports(batches), [1, 2, 3]);
  const { whole, items, waiting, lacking } = sender.state;
  assert.deepEqual([whole, items, waiting, lackingSum(lacking)], [true, 3, 0, 0]);
  look();
  assert.equal(batches.length, 1);
  assert.equal(receiver.state.whole, true);
});

test('what the peer knows is known once it has all, and while it answers within a second', () => {
  const { sender, news, put, look, pass, now } = session();
  assert.equal(sender.knownUntil, undefined);
  news.push((to) => put(to, [1]));
  const began = now() - 500_000;
  look();
  assert.equal(sender.knownUntil, began);
  pass(1000);
  assert.equal(sender.knownUntil, began);
  pass(1);
  assert.equal(sender.knownUntil, undefined);
  look();
  assert.equal(sender.knownUntil, began + 1001);
});

test('a beat that was held up on its way is as old as what was sent before it; one behind a full window is not sent', () => {
  const age = ({ receiver, now }: ReturnType<typeof session>): number => now() - receiver.state.beatSentAt;
  const held = session();
  held.look(); // the shortest way
  held.pass(300);
  held.look(8000);
  assert.equal(age(held), 8000);
  held.pass(300);
  held.look();
  assert.equal(age(held), 0);

  const full = session(() => undefined);
  full.look();
  for (let k = 0; k < 20; k++) full.news.push((to) => full.put(to, [...new Array(4096).keys()]));
  for (let k = 0; k < 30; k++) {
    full.pass(300);
    full.look();
  }
  assert.equal(full.sender.state.waiting, 65_536);
  assert.ok(age(full) > 3000, `${age(full)}`);
});

test('an end is one, and idle times grow by the way of the bytes', () => {
  const { news, put, batches, look, pass } = session();
  look(); // the shortest way
  news.push((to) => put(to, [1], 4));
  look(3000);
  pass(1000);
  news.push((to) => to.ended('connection', portOf(1, 2)));
  look();
  const [first, second] = applied(batches);
  assert.ok(Math.abs((first?.idle ?? 0) - 7) < 0.01, `${first?.idle}`);
  assert.deepEqual([first?.ended, second?.ended, Math.round(second?.idle ?? 0)], [false, true, 2]);
});

test('what is refused is counted, and sent again when the receiver asks, or after a time', () => {
  let answer: Applied = 'unbound';
  const { sender, receiver, news, put, refused, look, pass, toSender } = session((batch) => all(answer)(batch));
  news.push((to) => put(to, [1, 2]));
  look();
  const unbound = (): number => sender.state.lacking.unbound;
  assert.deepEqual([refused, unbound(), receiver.state.refused], [[1, 2], 2, { unbound: 2 }]);
  toSender(receiver.again());
  assert.deepEqual([refused, unbound()], [[], 2]);
  news.push((to) => put(to, [1, 2]));
  look();
  look();
  assert.equal(unbound(), 2);
  assert.deepEqual(receiver.state.lacking, { ...NOTHING_LACKS, unbound: 2 });
  pass(11_000);
  answer = 'made';
  news.push((to) => put(to, [1, 2]));
  look();
  assert.deepEqual([refused, unbound()], [[], 2]);
  look();
  look();
  assert.deepEqual([unbound(), receiver.state.lacking.unbound], [0, 0]);
});

test('what replies of FTP are waited for goes to a peer that knows it alone', () => {
  for (const replies of [true, false]) {
    const look = (to: NewsSink): boolean => {
      const item = portOf(1);
      item.flags |= ItemFlag.reply;
      to.item('connection', item, { refused: () => {}, disputed: () => {} }, 0, 7, 8);
      return false;
    };
    const source = { look, forget: () => {}, forgetRefused: () => {} };
    const sender = new StreamSender({ node: 'lb1', id: '1'.repeat(16), source, digests: true, replies, now: () => 0 });
    const decoder = new StreamDecoder();
    const { records } = decoder.push(sender.begin());
    assert.ok(sender.take(records), 'the peer greets as it does');
    const flags = decoder.push(sender.look().bytes).records.flatMap((record) => {
      const item = new StreamItem();
      return record.kind === 'items' && new ItemReader(record).next(item) ? [item.flags & ItemFlag.reply] : [];
    });
    assert.deepEqual(flags, [replies ? ItemFlag.reply : 0]);
  }
});

test('what is newer there is no lack, and its table gets to know it', () => {
  const { sender, news, put, refused, disputed, look } = session(all('newer'));
  news.push((to) => put(to, [1]));
  look();
  assert.deepEqual(disputed, [1]);
  assert.deepEqual([refused, lackingSum(sender.state.lacking), sender.state.waiting], [[], 0, 0]);
});

test('nothing is acknowledged while the tables cannot take it, and a sender stops at its window', () => {
  let isBusy = true;
  const { sender, news, put, batches, look } = session((batch) => (isBusy ? undefined : all('made')(batch)));
  for (let k = 0; k < 20; k++) news.push((to) => put(to, [...new Array(4096).keys()]));
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
  second.news.push((to) => second.put(to, [1], 60));
  second.look();
  const [known] = second.batches;
  assert.ok(known !== undefined && known.rivalry.fresh > 5 && known.rivalry.fresh < 10, `${known?.rivalry.fresh}`);
  second.pass(300);
  second.look();
  second.news.push((to) => second.put(to, [2], 60));
  second.look();
  assert.equal(second.batches[1]?.rivalry.fresh, Number.POSITIVE_INFINITY);
  const third = session(all('full'), memory);
  third.news.push((to) => third.put(to, [1]));
  third.look();
  assert.equal(memory.wholeAt, undefined);
});

test('what has ended as the receiver knows is reported to it with its times; an end is not, and a sender reports it as its own', () => {
  const { news, put, over, look, batches, sender } = session((batch) => new Uint8Array(batch.count).fill(APPLIED.indexOf('over')));
  news.push((to) => {
    put(to, [4], 3);
    to.ended('connection', portOf(5));
  });
  look();
  assert.deepEqual(
    over.map(({ what, item, lastMs }) => [what, item.port, lastMs]),
    [['connection', 4, 507_000]],
  );
  assert.equal(sender.state.digest, 'equal');
  const second = session();
  for (const ended of over) second.sender.report(ended);
  second.look();
  assert.deepEqual([batches.length, second.batches.map(({ blocks }) => blocks.map(({ block }) => block.ended))], [1, [[true]]]);
});

test('whether a connection is of its sender itself is stated where both ends know what that means', () => {
  for (const owners of [true, false]) {
    const { news, batches, look } = session(all('made'), {}, { owners });
    news.push((to) => {
      const item = portOf(4);
      item.bits |= ItemBits.own;
      to.item('connection', item, { refused: () => {}, disputed: () => {} }, 0, 7, 8);
    });
    look();
    const items = new ItemReader(batches[0]?.blocks[0]?.block ?? assert.fail('no items'));
    const item = new StreamItem();
    items.next(item);
    assert.deepEqual([(item.bits & ItemBits.own) !== 0, batches[0]?.rivalry.owners], [owners, owners]);
  }
});

test('all that comes until the first look is over is compared with what this director knew, though the same bytes state its end', () => {
  const memory: PeerMemory = { wholeAt: 508_000 };
  const { news, put, batches, look } = session(all('made'), memory);
  news.push((to) => put(to, [1], 60));
  look();
  assert.ok((batches[0]?.rivalry.fresh ?? 0) < 10, `${batches[0]?.rivalry.fresh}`);
});

test('an end that was not acknowledged is sent by the next session first', () => {
  let now = 0;
  const source = { look: () => false, forget: () => {}, forgetRefused: () => {} };
  const options = { node: 'lb1', id: '1'.repeat(16), source, digests: true, replies: true, now: () => now };
  const look = (to: NewsSink): boolean => {
    to.ended('connection', portOf(7, 2));
    return false;
  };
  const first = new StreamSender({ ...options, source: { ...source, look } });
  const hello = { kind: 'hello', node: 'lb2', id: '2'.repeat(16) } as const;
  first.begin();
  first.take([hello]);
  first.look();
  now = 3000;
  const second = new StreamSender({ ...options, ends: first.unacknowledgedEnds });
  const decoder = new StreamDecoder();
  decoder.push(second.begin());
  assert.deepEqual(second.unacknowledgedEnds, first.unacknowledgedEnds);
  second.take([hello]);
  const [, end] = recordsOf(decoder.push(second.look().bytes).records);
  assert.deepEqual([end?.kind, end?.kind === 'delete' && end.idle], ['delete', 500]);
  assert.equal(second.take([{ kind: 'ack', count: 1 }]), true);
  assert.deepEqual(second.unacknowledgedEnds, []);
});

test('what was compared of the clocks is forgotten: a peer whose clock stood still is not late for ever', () => {
  let now = 0;
  const batches: Batch[] = [];
  const apply = (batch: Batch): Uint8Array | undefined => {
    batches.push(batch);
    return all('made')(batch);
  };
  const receiver = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), ...alone, now: () => now, apply });
  const [encoder, decoder] = [new StreamEncoder(), new StreamDecoder()];
  const hello = { kind: 'hello', node: 'lb1', id: '1'.repeat(16) } as const;
  receiver.take(decoder.push(encoder.encode(hello, { kind: 'beat', sent: 0, whole: true })).records);
  const idleAt = (ms: number): number => {
    now = ms;
    receiver.take(decoder.push(encodeAll(encoder, [{ kind: 'item', item: sampleConnection, idle: 0, sent: ms - 4000 }])).records);
    receiver.deliver();
    return applied(batches.slice(-1))[0]?.idle ?? -1;
  };
  assert.deepEqual([idleAt(10_000), idleAt(70_000), idleAt(140_000)], [4, 4, 0]);
});

test('clocks may be half of their range apart, and go over it', () => {
  const batches: Batch[] = [];
  const half = 2 ** 31;
  let now = half - 5;
  const apply = (batch: Batch): Uint8Array | undefined => {
    batches.push(batch);
    return all('made')(batch);
  };
  const receiver = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), ...alone, now: () => now, apply });
  const [encoder, decoder] = [new StreamEncoder(), new StreamDecoder()];
  receiver.take(
    decoder.push(encoder.encode({ kind: 'hello', node: 'lb1', id: '1'.repeat(16) }, { kind: 'beat', sent: 0, whole: true })).records,
  );
  now = half + 1035;
  receiver.take(decoder.push(encodeAll(encoder, [{ kind: 'item', item: sampleConnection, idle: 0, sent: 1000 }])).records);
  receiver.deliver();
  assert.equal(applied(batches)[0]?.idle, 0.04);
});

test('who keeps to no order, or is this director itself, is refused', () => {
  const { sender, receiver } = session();
  assert.equal(receiver.take([{ kind: 'hello', node: 'lb1', id: '1'.repeat(16) }]), 'order');
  assert.equal(receiver.take([{ kind: 'ack', count: 1 }]), 'order');
  assert.equal(receiver.take([{ kind: 'digest', count: 0, sum: 0, lost: 0 }]), 'order');
  const fresh = new StreamReceiver({ node: 'lb2', id: '2'.repeat(16), ...alone, now: () => 0, apply: all('made') });
  assert.equal(fresh.take([{ kind: 'hello', node: 'lb3', id: '2'.repeat(16) }]), 'self');
  for (const record of [
    { kind: 'ack', count: 1 },
    { kind: 'refused', number: 0, count: 1, reason: 'full' },
    { kind: 'beat', sent: 0, whole: true },
    { kind: 'compared', count: 0, sum: 0, lacking: NOTHING_LACKS },
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
