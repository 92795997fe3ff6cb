import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { encodeAddress } from '../../wire/address-bytes.js';
import { KnownSenders } from './known-senders.js';

const bytes = (text: string): Uint8Array => encodeAddress(ip(text));

test('without peers all are known, and none is counted', () => {
  const senders = new KnownSenders(undefined);
  assert.deepEqual([senders.includes(bytes('10.8.9.9')), senders.includes(bytes('fd00::9')), senders.refused], [true, true, 0]);
});

test('with peers these alone are; each message of others is counted', () => {
  const senders = new KnownSenders([ip('10.8.9.1'), ip('10.8.9.2')]);
  const found = ['10.8.9.1', '10.8.9.2', '10.8.9.3', '10.8.9.3', '9.8.9.1', 'fd00::a08:901'].map((text) => senders.includes(bytes(text)));
  assert.deepEqual([found, senders.refused], [[true, true, false, false, false, false], 4]);
  const six = new KnownSenders([ip('fd00::1')]);
  assert.deepEqual([six.includes(bytes('fd00::1')), six.includes(bytes('fd00::2')), six.includes(bytes('0.0.0.1'))], [true, false, false]);
});
