import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HmacStamp } from '../state/instance-state.js';
import { fieldsOf, isNewerStamp, nextStamp, secondsBehind, secondsOf, stampAt, stampOf } from './hmac-stamp.js';

const SECOND = 0x10000;
const at = (seconds: number, subSecond = 0, counter = 0): HmacStamp => stampOf({ keyId: 1, seconds, subSecond, counter });

test('a stamp is the time in 1/65536 s', () => {
  assert.deepEqual(fieldsOf(stampAt(1_700_000_000_500_000)), { seconds: 1_700_000_000, subSecond: 0x8000, counter: 0 });
  assert.equal(secondsOf(at(17, 0xffff, 3)), 17);
});

test('the stamp is the clock’s; while that stands still or was set back, the last stamp is increased by one', () => {
  assert.deepEqual(nextStamp(at(9), at(10, 5), 5), at(10, 5));
  assert.deepEqual(nextStamp(at(10, 5), at(10, 5), 5), at(10, 5, 1));
  assert.deepEqual(nextStamp(at(10, 5, 7), at(8), 5), at(10, 5, 8));
  assert.deepEqual(nextStamp(at(10, 0xffff, 0xffff), at(10), 5), at(11), 'the counter carries into the time');
});

test('the first stamp is the clock’s own, whatever half of the 32 bits it is in', () => {
  for (const seconds of [1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    for (const windowS of [5, undefined]) assert.deepEqual(nextStamp(undefined, at(seconds), windowS), at(seconds));
  }
});

test('a clock set back beyond the window is followed, except with anti_replay monotonic', () => {
  assert.deepEqual(nextStamp(at(100), at(95), 5), at(100, 0, 1));
  assert.deepEqual(nextStamp(at(100), at(94), 5), at(94));
  assert.deepEqual(nextStamp(at(100), at(10), undefined), at(100, 0, 1));
});

test('how far behind a clock seconds are, over the end of the 32 bits too', () => {
  assert.deepEqual([secondsBehind(100, 93), secondsBehind(100, 107)], [7, -7]);
  assert.deepEqual([secondsBehind(2 ** 32 + 3, 2 ** 32 - 4), secondsBehind(2 ** 32 - 4, 3)], [7, -7]);
  assert.deepEqual([secondsBehind(2 ** 32 + 3, 3), secondsBehind(1_800_000_000, 0)], [0, 1_800_000_000]);
});

test('the order is by distance, over the end of the 32 bits too', () => {
  const last = { ticks: 2 ** 48 - SECOND, counter: 0 };
  assert.ok(isNewerStamp(at(0), last));
  assert.ok(!isNewerStamp(last, at(0)));
  assert.ok(isNewerStamp(at(5, 0, 1), at(5)));
  assert.ok(!isNewerStamp(at(5), at(5)));
});
