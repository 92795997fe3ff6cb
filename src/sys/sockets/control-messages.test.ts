import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hostIsLittleEndian as little, viewOf } from '../../wire/bytes.js';
import { readControl } from './control-messages.js';

/** One struct cmsghdr with its data, padded to 8 bytes. */
function message(level: number, type: number, data: readonly number[]): readonly number[] {
  const bytes = new Uint8Array((16 + data.length + 7) & ~7);
  const view = viewOf(bytes);
  view.setBigUint64(0, BigInt(16 + data.length), little);
  view.setInt32(8, level, little);
  view.setInt32(12, type, little);
  bytes.set(data, 16);
  return [...bytes];
}

const int = (value: number): readonly number[] => (little ? [value, 0, 0, 0] : [0, 0, 0, value]);
const v6 = [0xfe, 0x80, ...Array<number>(13).fill(0), 9];

test('TTL, interface and destination of either family, in any order', () => {
  const inet = [...message(0, 8, [...int(7), 1, 1, 1, 1, 10, 0, 0, 5]), ...message(0, 2, int(255))];
  assert.deepEqual(readControl(Uint8Array.from(inet)), { ttl: 255, ifindex: 7, destination: { family: 'inet', words: [0x0a000005] } });
  const inet6 = [...message(41, 52, int(64)), ...message(41, 50, [...v6, ...int(3)])];
  assert.deepEqual(readControl(Uint8Array.from(inet6)), {
    ttl: 64,
    ifindex: 3,
    destination: { family: 'inet6', words: [0xfe800000, 0, 0, 9] },
  });
});

test('nothing, other messages and lengths that do not fit are no facts', () => {
  const none = { ttl: 0, ifindex: 0 };
  assert.deepEqual(readControl(new Uint8Array(128)), none);
  assert.deepEqual(readControl(Uint8Array.from(message(1, 2, int(9)))), none);
  const long = Uint8Array.from(message(0, 2, int(9)));
  viewOf(long).setBigUint64(0, 1000n, little);
  assert.deepEqual(readControl(long), none);
});
