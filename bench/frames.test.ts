import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FlowFrame, FRAME_LENGTH, template, wordOffsets } from './frames.js';
import { FRAME6_LENGTH, wordOffsets6 } from './frames6.js';

const frame: FlowFrame = {
  protocol: 'tcp',
  flags: 0x02,
  sourceMac: Uint8Array.of(2, 0, 0, 0, 0, 1),
  targetMac: Uint8Array.of(2, 0, 0, 0, 0, 2),
  source: 0x0a400001,
  target: 0x0a010064,
  sourcePort: 1024,
  targetPort: 80,
  varies: 'source',
};

/** One's complement sum of big-endian 16-bit words; 0xffff when a checksum among them is right. */
const ones = (bytes: Uint8Array, start: number): number => {
  let sum = start;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return sum;
};

test('both checksums of flow 0 are right, for TCP and UDP', () => {
  for (const [protocol, number, length] of [
    ['tcp', 6, 20],
    ['udp', 17, 26],
  ] as const) {
    const { bytes } = template({ ...frame, protocol });
    assert.equal(bytes.length, FRAME_LENGTH);
    assert.equal(ones(bytes.subarray(14, 34), 0), 0xffff);
    const pseudo = ones(bytes.subarray(26, 34), number + length);
    assert.equal(ones(bytes.subarray(34, 34 + length), pseudo), 0xffff);
  }
});

test('the words hold every byte but the holes, and the sums leave exactly the holes out', () => {
  for (const varies of ['source', 'target'] as const) {
    const { bytes, words, ipSum, l4Sum } = template({ ...frame, varies });
    const rebuilt = new Uint8Array(FRAME_LENGTH);
    wordOffsets.forEach((offset, index) => new DataView(rebuilt.buffer).setBigUint64(offset, words[index] ?? 0n, true));
    const [addressAt, portAt] = varies === 'source' ? [26, 34] : [30, 36];
    const expected = new Uint8Array(bytes);
    for (const at of [24, 25, 50, 51, addressAt, addressAt + 1, addressAt + 2, addressAt + 3, portAt, portAt + 1]) expected[at] = 0;
    assert.deepEqual(rebuilt, expected);
    assert.equal(ones(expected.subarray(14, 34), 0), ones(new Uint8Array(0), ipSum));
    assert.equal(ones(expected.subarray(26), 6 + 20), ones(new Uint8Array(0), l4Sum));
  }
});

const prefix = Uint8Array.of(0xfd, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2);

test("IPv6: the checksum of flow 0 is right, the words hold every byte but the holes, and the sum leaves the client's port and end out", () => {
  const { bytes, words, l4Sum } = template({ ...frame, prefix });
  assert.equal(bytes.length, FRAME6_LENGTH);
  assert.equal(ones(bytes.subarray(54, 74), ones(bytes.subarray(22, 54), 6 + 20)), 0xffff);
  const rebuilt = new Uint8Array(FRAME6_LENGTH);
  wordOffsets6.forEach((offset, index) => new DataView(rebuilt.buffer).setBigUint64(offset, words[index] ?? 0n, true));
  const expected = new Uint8Array(bytes);
  for (const at of [34, 35, 36, 37, 54, 55, 70, 71]) expected[at] = 0;
  assert.deepEqual(rebuilt, expected);
  assert.equal(ones(expected.subarray(54, 74), ones(expected.subarray(22, 54), 6 + 20)), ones(new Uint8Array(0), l4Sum));
});

test('IPv6: what the wrapper cannot make is refused', () => {
  assert.throws(() => template({ ...frame, prefix, protocol: 'udp' }), /TCP from clients/);
  assert.throws(() => template({ ...frame, prefix, varies: 'target' }), /TCP from clients/);
});
