// Drains in a session of weir's own stream: each is sent once, and again when an operator has changed it; a peer that knows none gets none.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeAll } from '../../../../test/support/stream-objects.js';
import { sampleDrain, sampleHello, sampleOverride } from '../../../../test/support/stream-records.js';
import { PEER_DRAINS_MAX, type PeerDrain } from '../../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../../model/drain/peer-override.js';
import { StreamDecoder } from '../../../wire/sync/stream-decoder.js';
import { StreamEncoder } from '../../../wire/sync/stream-encoder.js';
import { StreamReceiver } from './stream-receiver.js';
import { StreamSender } from './stream-sender.js';

const source = { look: () => false, forget: () => {}, forgetRefused: () => {} };
const receiverOf = (drains: boolean, overrides = drains): StreamReceiver =>
  new StreamReceiver({
    node: 'lb2',
    id: '2'.repeat(16),
    memory: {},
    digests: true,
    drains,
    overrides,
    lost: () => 0,
    now: () => 0,
    apply: ({ count }) => new Uint8Array(count),
  });

function session(isKnown: boolean, knowsOverrides = isKnown) {
  let all: readonly PeerDrain[] = [sampleDrain];
  let overrides: readonly PeerOverride[] = [];
  const drains = { revision: 1, all: () => all, overrides: () => overrides };
  const options = { node: 'lb1', id: '1'.repeat(16), source, digests: true, replies: true, now: () => 0 };
  const sender = new StreamSender(isKnown ? { ...options, drains, overrides: knowsOverrides } : options);
  const receiver = receiverOf(isKnown, knowsOverrides);
  const decoder = new StreamDecoder();
  const deliver = (bytes: Uint8Array): void => assert.equal(receiver.take(decoder.push(bytes).records), undefined);
  deliver(sender.begin());
  sender.take(new StreamDecoder().push(receiver.begin()).records);
  const look = (): readonly PeerDrain[] => {
    deliver(sender.look().bytes);
    const came = receiver.drains;
    receiver.drainsTaken(came);
    return came;
  };
  const change = (next: readonly PeerDrain[]): void => {
    all = next;
    drains.revision += 1;
  };
  const override = (...next: readonly PeerOverride[]): readonly PeerOverride[] => {
    overrides = next;
    drains.revision += 1;
    look();
    const came = receiver.overrides;
    receiver.drainsTaken([], came);
    return came;
  };
  return { look, change, override };
}

test('each once, and again when it has another version', () => {
  const { look, change } = session(true);
  assert.deepEqual([look(), look()], [[sampleDrain], []]);
  const other = { ...sampleDrain, uid: '0'.repeat(16) };
  change([{ ...sampleDrain, leftMs: 1 }, other]);
  assert.deepEqual(look(), [other]);
  const cancelled: PeerDrain = { ...sampleDrain, version: sampleDrain.version + 1, state: 'cancelled' };
  change([cancelled, other]);
  assert.deepEqual(look(), [cancelled]);
});

test('an override once, and again when it has changed or was taken away; none where the peer is of a build before', () => {
  const { override } = session(true);
  const removed = { ...sampleOverride, version: 9, leftMs: 1000, override: null };
  assert.deepEqual(
    [override(sampleOverride), override({ ...sampleOverride, leftMs: 5 }), override(removed)],
    [[sampleOverride], [], [removed]],
  );
  assert.deepEqual(session(true, false).override(sampleOverride), []);
});

test('none where the peer is of a build before', () => {
  assert.deepEqual(session(false).look(), []);
});

test('a peer that was to send none, or sends without end, is refused; what was taken makes room', () => {
  const encoder = new StreamEncoder();
  const records = (first: number, count: number) => [
    ...(first === 0 ? [sampleHello] : []),
    ...Array.from({ length: count }, (_, n) => {
      const uid = (first + n).toString(16).padStart(16, '0');
      return { kind: 'drain', drain: { ...sampleDrain, uid } } as const;
    }),
  ];
  const received = new StreamDecoder().push(encodeAll(encoder, records(0, 1))).records;
  assert.equal(receiverOf(false).take(received), 'order');
  const receiver = receiverOf(true);
  const decoder = new StreamDecoder();
  const send = (first: number, count: number) => receiver.take(decoder.push(encodeAll(encoder, records(first, count))).records);
  assert.equal(send(0, 2 * PEER_DRAINS_MAX), undefined);
  receiver.drainsTaken(receiver.drains);
  assert.equal(send(1000, 2 * PEER_DRAINS_MAX), undefined);
  assert.equal(send(5000, 1), 'order');
});
