// What a session makes of it that the peer has another process than before, over the same tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PeerMemory } from './peer-memory.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';

test('what the process of a peer before this one has sent, and this one has not, is looked for once, when all has come and has stayed', () => {
  const [tables, other] = ['a'.repeat(16), 'b'.repeat(16)];
  const memory: PeerMemory = {};
  const state = { now: 0, lost: 0 };
  const process = (id: string, of = tables) => {
    const options = {
      node: 'lb2',
      id: '2'.repeat(16),
      memory,
      digests: false,
      lost: () => state.lost,
      now: () => state.now,
      tables: other,
    };
    const receiver = new StreamReceiver({ ...options, apply: ({ count }) => new Uint8Array(count) });
    assert.equal(
      receiver.take([
        { kind: 'hello', node: 'lb1', id },
        { kind: 'tables', id: of },
      ]),
      undefined,
    );
    const beat = (whole: boolean): string => {
      state.now += 1000;
      receiver.take([{ kind: 'beat', sent: state.now, whole }]);
      return receiver.sweep;
    };
    return { receiver, beat };
  };
  const one = process('1'.repeat(16));
  assert.deepEqual([false, true, true, true, true, true].map(one.beat), ['no', 'no', 'no', 'no', 'no', 'no']);
  assert.equal(one.beat(true), 'nothing', 'the first process sends all that there is');
  one.receiver.swept();
  assert.equal(one.beat(true), 'no');
  const two = process('3'.repeat(16));
  for (let n = 0; n < 5; n++) assert.equal(two.beat(true), 'no');
  state.lost = 1;
  assert.equal(two.beat(true), 'no', 'something is not here');
  state.lost = 0;
  for (let n = 0; n < 5; n++) assert.equal(two.beat(true), 'no');
  assert.equal(two.beat(true), 'due');
  const again = process('3'.repeat(16));
  assert.deepEqual(Array.from({ length: 6 }, () => again.beat(true)).at(-1), 'due', 'its session was another one meanwhile');
  again.receiver.swept();
  assert.equal(again.beat(true), 'no');
  const elsewhere = process('4'.repeat(16), 'c'.repeat(16));
  assert.equal(Array.from({ length: 6 }, () => elsewhere.beat(true)).at(-1), 'nothing', 'its tables are others');
  assert.equal(one.receiver.take([{ kind: 'tables', id: tables }]), 'order', 'once');
});

test('to the next process of a peer with the same tables what came from there is not sent, and nothing before it is known which it is', () => {
  const kept = (memory: PeerMemory, tables: string): readonly string[] => {
    const calls: string[] = [];
    const source = {
      look: () => false,
      forget: () => void calls.push('forget'),
      forgetRefused: () => {},
      keepForeign: () => void calls.push('keep'),
    };
    const options = { node: 'lb1', id: '1'.repeat(16), digests: true, replies: true, tables: 'a'.repeat(16), now: () => 0 };
    const sender = new StreamSender({ ...options, source, memory });
    sender.begin();
    assert.ok(sender.take([{ kind: 'hello', node: 'lb2', id: '2'.repeat(16) }]));
    assert.equal(sender.look().bytes.length, 0);
    assert.ok(sender.take([{ kind: 'tables', id: tables }]));
    assert.notEqual(sender.look().bytes.length, 0);
    return calls;
  };
  const [same, other] = ['b'.repeat(16), 'c'.repeat(16)];
  assert.deepEqual(kept({}, same), ['forget']);
  assert.deepEqual(kept({ known: { id: '2'.repeat(16), tables: same } }, same), ['forget'], 'the same process');
  assert.deepEqual(kept({ known: { id: '9'.repeat(16), tables: same } }, same), ['forget', 'keep']);
  assert.deepEqual(kept({ known: { id: '9'.repeat(16), tables: other } }, same), ['forget']);
});
