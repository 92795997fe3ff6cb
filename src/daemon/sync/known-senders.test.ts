import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { KnownSenders } from './known-senders.js';

const bytes = (text: string): Uint8Array => encodeAddress(ip(text));

/** Whose messages are taken, of these. */
const taken = (senders: KnownSenders, ...texts: readonly string[]): readonly boolean[] =>
  texts.map((text) => senders.refusalOf(bytes(text)) === undefined);

test('without peers all are known, and none is counted', () => {
  const senders = new KnownSenders(undefined);
  assert.deepEqual([taken(senders, '10.8.9.9', 'fd00::9'), senders.refused], [[true, true], {}]);
});

test('with peers these alone are; each message of others is counted', () => {
  const senders = new KnownSenders([ip('10.8.9.1'), ip('10.8.9.2')]);
  const found = taken(senders, '10.8.9.1', '10.8.9.2', '10.8.9.3', '10.8.9.3', '9.8.9.1', 'fd00::a08:901');
  assert.deepEqual([found, senders.refused], [[true, true, false, false, false, false], { sender: 4 }]);
  assert.deepEqual(taken(new KnownSenders([ip('fd00::1')]), 'fd00::1', 'fd00::2', '0.0.0.1'), [true, false, false]);
});

test('a node that has a session of the stream now is passed over, and counted by itself', () => {
  const senders = new KnownSenders([ip('10.8.9.1'), ip('10.8.9.2')]);
  assert.equal(senders.noteSessions([ip('10.8.9.2'), ip('10.8.9.3')]), false);
  assert.deepEqual(taken(senders, '10.8.9.1', '10.8.9.2', '10.8.9.3'), [true, false, false]);
  assert.deepEqual(senders.refused, { stream: 1, sender: 1 });
  assert.equal(senders.noteSessions([ip('10.8.9.3')]), true);
  assert.equal(senders.noteSessions([ip('10.8.9.3')]), false);
  assert.deepEqual(taken(senders, '10.8.9.2'), [true]);
});
