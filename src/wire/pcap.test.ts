import assert from 'node:assert/strict';
import { test } from 'node:test';
import { concat } from './bytes.js';
import { encodeEthernet } from './ethernet.js';
import { readCapture } from './pcap.js';

const packet = Uint8Array.from({ length: 28 }, (_, index) => (index === 0 ? 0x45 : index));
const frame = encodeEthernet({
  destination: '02:00:00:00:00:01',
  source: '02:00:00:00:00:02',
  tags: [],
  etherType: 0x0800,
  payload: packet,
});
const arp = encodeEthernet({ destination: '02:00:00:00:00:01', source: '02:00:00:00:00:02', tags: [], etherType: 0x0806, payload: packet });

const words = (little: boolean, ...values: readonly number[]): Uint8Array => {
  const view = new DataView(new ArrayBuffer(values.length * 4));
  values.forEach((value, index) => view.setUint32(index * 4, value, little));
  return new Uint8Array(view.buffer);
};
const read = (file: Uint8Array): readonly (readonly [number, string])[] =>
  [...(readCapture(file) ?? assert.fail('no capture'))].map(({ at, bytes }) => [at, Buffer.from(bytes).toString('hex')]);
const hex = Buffer.from(packet).toString('hex');

test('pcap of either order, in microseconds or nanoseconds; frames without IP are left out', () => {
  for (const little of [true, false]) {
    for (const [magic, fraction] of [
      [0xa1b2c3d4, 500_000],
      [0xa1b23c4d, 500_000_000],
    ] as const) {
      const header = words(little, magic, 0x00040002, 0, 0, 65535, 1);
      const record = (at: number, bytes: Uint8Array): Uint8Array => concat(words(little, at, fraction, bytes.length, bytes.length), bytes);
      assert.deepEqual(read(concat(header, record(7, frame), record(8, arp), record(9, frame))), [
        [7.5, hex],
        [9.5, hex],
      ]);
    }
  }
});

test('what a capture cut off is zeros, and a last record that is cut is not read', () => {
  const header = words(true, 0xa1b2c3d4, 0x00040002, 0, 0, 40, 101);
  const cut = concat(words(true, 1, 0, 20, 28), packet.subarray(0, 20));
  assert.deepEqual(read(concat(header, cut, words(true, 2, 0, 28, 28), packet.subarray(0, 5))), [
    [1, `${hex.slice(0, 40)}${'00'.repeat(8)}`],
  ]);
});

test('pcapng: sections, interfaces with their links and times, packets', () => {
  for (const little of [true, false]) {
    const block = (type: number, body: Uint8Array): Uint8Array => {
      const padded = concat(body, new Uint8Array(-body.length & 3));
      const size = padded.length + 12;
      return concat(words(little, type, size), padded, words(little, size));
    };
    const link = new Uint8Array(8);
    new DataView(link.buffer).setUint16(0, 1, little);
    const section = block(0x0a0d0d0a, words(little, 0x1a2b3c4d, 0x00000001, 0xffffffff, 0xffffffff));
    const body = concat(words(little, 0, 0, 2_500_000, frame.length, frame.length), frame);
    assert.deepEqual(read(concat(section, block(1, link), block(6, body))), [[2.5, hex]]);
  }
});

test('another file is no capture', () => {
  assert.equal(readCapture(new Uint8Array(10)), undefined);
  assert.equal(readCapture(new Uint8Array(100).fill(0x41)), undefined);
});
