// Records of weir's own stream as bytes and back, however the bytes are cut, and what is refused of bytes that are no records.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, randomFrom } from '../../../test/support/mutate.js';
import fc from '../../../test/support/properties.js';
import { type AnyRecord, encodeAll, type ItemRecord, recordsOf } from '../../../test/support/stream-objects.js';
import {
  conversations,
  sampleConnection,
  sampleDrain,
  sampleHello,
  sampleOverride,
  sampleRecords,
  sampleStream,
} from '../../../test/support/stream-records.js';
import type { PeerDrain } from '../../model/drain/peer-drain.js';
import type { PeerOverride } from '../../model/drain/peer-override.js';
import { concat } from '../bytes.js';
import { StreamDecoder } from './stream-decoder.js';
import { StreamEncoder } from './stream-encoder.js';
import { STREAM_REFUSALS, StreamLayout, type StreamRefusal, StreamType } from './stream-record.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const itemOf = (sent: number): ItemRecord => ({ kind: 'item', item: sampleConnection, idle: 300, sent });
const encoded = (...records: readonly AnyRecord[]): Uint8Array => encodeAll(new StreamEncoder(), records);
const push = (decoder: StreamDecoder, bytes: Uint8Array) => {
  const { records, refused } = decoder.push(bytes);
  return { records: recordsOf(records), refused };
};
const decoded = (bytes: Uint8Array): readonly AnyRecord[] => {
  const { records, refused } = push(new StreamDecoder(), bytes);
  assert.equal(refused, undefined);
  return records;
};

test('records are the same after the way there, in any pieces', () => {
  fc.assert(
    fc.property(conversations, fc.array(fc.integer({ min: 1, max: 700 })), (records, cuts) => {
      const encoder = new StreamEncoder();
      const bytes = concat(...records.map((record) => encodeAll(encoder, [record])));
      const whole = encoded(...records);
      assert.deepEqual(decoded(bytes), records);
      assert.deepEqual(decoded(whole), records);
      const decoder = new StreamDecoder();
      const found: AnyRecord[] = [];
      let at = 0;
      for (const length of [...cuts, Number.POSITIVE_INFINITY]) {
        found.push(...push(decoder, whole.subarray(at, at + length)).records);
        at += length;
      }
      assert.deepEqual(found, records);
    }),
  );
});

test('an IPv4 connection takes 16 bytes after the dictionary', () => {
  const encoder = new StreamEncoder();
  encodeAll(encoder, [itemOf(1)]);
  const [one, many] = [encodeAll(encoder, [itemOf(2)]), encodeAll(encoder, new Array(101).fill(itemOf(3)))];
  assert.equal(many.length - one.length, 1600);
});

test('bytes of a connection', () => {
  const encoder = new StreamEncoder();
  assert.equal(hex(encoder.encode(sampleHello)), '000c0102 03 6c6231 0123456789abcdef'.replaceAll(' ', ''));
  const frames = [
    '00090202 01 06 04c0000201 0050', // the service: by its address, TCP
    '000a0302 0000 00 040a000002 1f90', // the destination: of service 0, masquerading
    '00140502 00000001 00 61 9c40 0000 000384 00012c c6336407', // ESTABLISHED, an answer was seen, 3 s ago
  ];
  assert.equal(hex(encodeAll(encoder, [itemOf(1)])), frames.join('').replaceAll(' ', ''));
});

test('more than a frame holds goes into several frames', () => {
  const records = [sampleHello, ...Array.from({ length: 5000 }, () => itemOf(1))];
  assert.deepEqual(decoded(encoded(...records)), records);
});

test('a dictionary that is full begins again on both sides', () => {
  const encoder = new StreamEncoder();
  const decoder = new StreamDecoder();
  decoder.push(encoder.encode(sampleHello));
  const at = (port: number, low: number): ItemRecord => {
    const server = { address: { family: 'inet', words: [0x0a00_0000 + low] } as const, port };
    return { ...itemOf(1), item: { ...sampleConnection, destination: server, connection: { ...sampleConnection.connection, server } } };
  };
  for (let turn = 0; turn < 3; turn++) {
    const records = Array.from({ length: 30_000 }, (_, port) => at(port, turn));
    assert.deepEqual(push(decoder, encodeAll(encoder, records)), { records, refused: undefined });
  }
});

const frame = (type: number, payload: readonly number[], version: number = StreamLayout.version): Uint8Array =>
  Uint8Array.from([payload.length >> 8, payload.length & 0xff, type, version, ...payload]);
const service = [1, 6, 4, 192, 0, 2, 1, 0, 80];
const destination = [0, 0, 0, 4, 10, 0, 0, 2, 0, 80];
const connection = (change: (bytes: number[]) => void = () => {}): readonly number[] => {
  const bytes = [0, 1, 0, 1, 0, 0, 0, 0, 9, 0, 0, 0, 1, 2, 3, 4];
  change(bytes);
  return [0, 0, 0, 7, ...bytes];
};
const known = concat(
  new StreamEncoder().encode(sampleHello),
  frame(StreamType.service, service),
  frame(StreamType.destination, destination),
);
const changed = (at: number, value: number): Uint8Array =>
  frame(
    StreamType.connections,
    connection((bytes) => {
      bytes[at] = value;
    }),
  );

const drain = (changes: Partial<PeerDrain> = {}): readonly number[] => [
  ...new StreamEncoder().encode({ kind: 'drain', drain: { ...sampleDrain, ...changes } }).subarray(StreamLayout.header),
];
const drainWith = (at: number, value: number): readonly number[] => drain().with(at, value);
/** Of no state, persistence, end or flag; too late; too many that go with it; of targets that are none, or the director. */
const override = (changes: Partial<PeerOverride> = {}): readonly number[] => [
  ...new StreamEncoder().encode({ kind: 'override', override: { ...sampleOverride, ...changes } }).subarray(StreamLayout.header),
];
const overrideWith = (at: number, value: number): readonly number[] => override().with(at, value);
const hostileOverrides = [
  override({ version: 0 }),
  overrideWith(4, 9),
  overrideWith(4, 1),
  overrideWith(4, 0),
  overrideWith(5, 0),
  overrideWith(9, 0xf0),
  overrideWith(override().length - 1, 0xff),
  overrideWith(override().length - 1, 10),
  ...['director', '', '10.0.0.02'].map((target) => override({ target })),
];

const hostileDrains = [
  ...[12, 13, 14, 15].map((at) => drainWith(at, 9)),
  ...[20, 24, 28, 32, 36].map((at) => drainWith(at, 0xff)),
  drain({ startedAt: 'yesterday' }),
  drainWith(42 + sampleDrain.startedAt.length + sampleDrain.target.length, 1),
  ...['director', '', 'x', '10.0.0.02', 'TCP:192.0.2.1:80'].map((target) => drain({ target })),
  drain({ also: ['director'] }),
];

const refusals: readonly (readonly [StreamRefusal, Uint8Array])[] = [
  ['version', frame(StreamType.again, [], 1)],
  ['frame-type', frame(0, [])],
  ['frame-type', frame(99, [1])],
  ['frame-size', Uint8Array.from([0x40, 1, StreamType.connections, StreamLayout.version])],
  ['frame-short', frame(StreamType.connections, connection().slice(0, -1))],
  ['frame-short', frame(StreamType.connections, connection().slice(0, 4))],
  ['frame-short', frame(StreamType.ack, [1, 2, 3])],
  ['frame-rest', frame(StreamType.again, [0])],
  ['frame-rest', frame(StreamType.service, [...service, 0])],
  ['hello-name', frame(StreamType.hello, [0, ...new Array<number>(8).fill(0)])],
  ['hello-name', frame(StreamType.hello, [1, 10, ...new Array<number>(8).fill(0)])],
  ['dictionary-number', frame(StreamType.destination, [0, 1, ...destination.slice(2)])],
  ['dictionary-entry', frame(StreamType.destination, [0, 0, 5, ...destination.slice(3)])],
  ['dictionary-entry', frame(StreamType.destination, [0, 0, 0, 5, ...destination.slice(4)])],
  ['dictionary-entry', frame(StreamType.service, [2, ...service.slice(1)])],
  ['dictionary-entry', frame(StreamType.service, [0, 4, 0, 0, 0, 0])],
  ['item-flags', changed(0, 0x08)],
  ['item-flags', changed(0, 0x02)],
  ['frame-short', changed(0, 0x80)],
  ['item-destination', changed(5, 1)],
  [
    'item-family',
    frame(StreamType.connections, [...connection().slice(0, 4), 1, 1, 0, 1, 0, 0, 0, 0, 9, ...new Array<number>(19).fill(0)]),
  ],
  ['item-state', changed(1, 11)],
  ['item-time', changed(6, 0x29)],
  ['item-protocol', frame(StreamType.connections, [...connection((bytes) => bytes.splice(0, 1, 0x10)), 1, 1, 2, 3, 4, 0, 80, 0, 80])],
  ['reason', frame(StreamType.goodbye, [200])],
  ['reason', frame(StreamType.refused, [0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 5])],
  ['reason', frame(StreamType.beat, [0, 0, 0, 0, 2])],
  ...hostileDrains.map((bytes) => ['drain', frame(StreamType.drain, bytes)] as const),
  ...hostileOverrides.map((bytes) => ['override', frame(StreamType.override, bytes)] as const),
  ['frame-short', frame(StreamType.override, override().slice(0, -1))],
  ['frame-short', frame(StreamType.drain, drain().slice(0, -1))],
  ['frame-rest', frame(StreamType.drain, [...drain(), 0])],
];

test('what is refused, and for which reason: the frame has no effect, and nothing behind it is read', () => {
  for (const [reason, bytes] of refusals) {
    const decoder = new StreamDecoder();
    const good = frame(StreamType.again, []);
    const answer = decoder.push(concat(known, good, bytes, good));
    assert.deepEqual([answer.refused, answer.records.map(({ kind }) => kind)], [reason, ['hello', 'again']], hex(bytes));
    assert.deepEqual(decoder.push(good), { records: [], refused: reason });
  }
  const early = new StreamDecoder().push(frame(StreamType.again, []));
  assert.deepEqual(early, { records: [], refused: 'hello-missing' });
});

test('a mark has no endpoint of its own, so that its connections must have one', () => {
  const mark = frame(StreamType.service, [0, 4, 0, 0, 0, 9]);
  const bytes = concat(new StreamEncoder().encode(sampleHello), mark, frame(StreamType.destination, destination));
  assert.equal(new StreamDecoder().push(concat(bytes, frame(StreamType.connections, connection()))).refused, 'item-endpoint');
});

test('a sender that fills the dictionary is refused', () => {
  const decoder = new StreamDecoder();
  decoder.push(known);
  for (let k = 1; k < StreamLayout.servicesMax; k++) assert.equal(decoder.push(frame(StreamType.service, service)).refused, undefined);
  assert.equal(decoder.push(frame(StreamType.service, service)).refused, 'dictionary-full');
  const other = new StreamDecoder();
  other.push(known);
  const many = concat(...Array.from({ length: StreamLayout.destinationsMax }, () => frame(StreamType.destination, destination)));
  assert.equal(other.push(many).refused, 'dictionary-full');
});

test('changed and cut streams answer records or one reason, the same in any pieces', () => {
  const sample = sampleStream();
  assert.deepEqual(decoded(sample), sampleRecords);
  const reasons = new Set<string>();
  const random = randomFrom(11);
  for (let round = 0; round < 4000; round++) {
    const bytes = mutate(sample, random);
    const whole = push(new StreamDecoder(), bytes);
    if (whole.refused !== undefined) reasons.add(whole.refused);
    const decoder = new StreamDecoder();
    const found: AnyRecord[] = [];
    let refused: StreamRefusal | undefined;
    for (let at = 0; at < bytes.length; ) {
      const length = 1 + random(50);
      const answer = push(decoder, bytes.subarray(at, at + length));
      found.push(...answer.records);
      refused = answer.refused;
      at += length;
    }
    assert.deepEqual({ found, refused }, { found: whole.records, refused: whole.refused }, hex(bytes));
  }
  assert.ok(reasons.size > 8 && [...reasons].every((one) => STREAM_REFUSALS.some((reason) => reason === one)), [...reasons].join());
  for (let length = 0; length < sample.length; length++)
    assert.equal(new StreamDecoder().push(sample.subarray(0, length)).refused, undefined);
});
