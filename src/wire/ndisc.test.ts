import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '../model/address-text.js';
import { internetChecksum, pseudoHeaderSum } from './checksum.js';
import { unsolicitedAdvertisement } from './ndisc.js';

const vip = parseAddress('fe80::99:100')!;
const allNodes = parseAddress('ff02::1')!;
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

test("keepalived's frame", () => {
  const frame = unsolicitedAdvertisement('02:00:00:00:00:01', vip, false);
  const message = frame.subarray(54);
  assert.equal(
    hex(frame.subarray(0, 54)),
    '33330000000102000000000186dd6000000000203afffe800000000000000000000000990100ff020000000000000000000000000001',
  );
  assert.equal(hex(message.subarray(0, 2)) + hex(message.subarray(4)), '880020000000fe8000000000000000000000009901000201020000000001');
  assert.equal(internetChecksum(message, pseudoHeaderSum(vip, allNodes, 58, message.length)), 0);
});

test('a router has its flag set; IPv4 has no such flag', () => {
  assert.equal(unsolicitedAdvertisement('02:00:00:00:00:01', vip, true)[58], 0xa0);
  assert.throws(() => unsolicitedAdvertisement('02:00:00:00:00:01', parseAddress('10.0.0.1')!, false), RangeError);
});
