import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { rawEntry, rawMessage, rawOldEntry, rawOldMessage, rawOption, rawSequence } from '../../../test/support/sync-bytes.js';
import { recordedSyncDatagrams } from '../../../test/support/sync-datagrams.js';
import { half, ipv4, ipv6, word } from '../../../test/support/wire-generators.js';
import type { Address } from '../../model/address.js';
import { type SyncEntry, SyncFlag, type SyncVersion } from './sync-entry.js';
import { decodeSyncMessage, type SyncMessage } from './sync-message.js';
import { SyncPacker, type SyncSender } from './sync-packer.js';

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
const decode = (bytes: Uint8Array): SyncMessage => decodeSyncMessage(bytes, { syncId: 0 });
const sender: SyncSender = { version: 1, syncId: 5, maxLength: 1472 };

/** The messages of these entries. */
function packed(entries: readonly SyncEntry[], over: Partial<SyncSender> = {}): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  const packer = new SyncPacker({ ...sender, ...over }, (message) => messages.push(message));
  for (const entry of entries) packer.append(entry);
  packer.flush();
  return messages;
}

const entryOf = (bytes: Uint8Array): SyncEntry => decode(rawMessage([bytes])).entries[0] as SyncEntry;
const four = entryOf(rawEntry());
const six = entryOf(rawEntry({ type: 1 }));
const sequence = { in: { initial: 1, delta: 2, previousDelta: 3 }, out: { initial: 4, delta: 5, previousDelta: 0xffffffff } };
const engine = (length: number) => ({ name: 'sip', data: new Uint8Array(length).fill(0x61) });

test('what a real master sent is written again to the byte', () => {
  for (const { heading, bytes } of recordedSyncDatagrams()) {
    const { version, syncId, entries } = decode(bytes);
    assert.deepEqual(packed(entries, { version: version ?? 1, syncId: syncId ?? 0 }).map(hex), [hex(bytes)], heading);
  }
});

test('datagrams end where those of a real master do', () => {
  const recorded = recordedSyncDatagrams().filter(({ heading }) => heading.startsWith('sync-maxlen 100'));
  assert.equal(recorded.length, 3);
  const entries = recorded.flatMap(({ bytes }) => decode(bytes).entries);
  const messages = packed(entries, { syncId: 0, maxLength: 100 });
  assert.deepEqual(
    messages.map(hex),
    recorded.map(({ bytes }) => hex(bytes)),
  );
});

test('as many entries as fit into a message', () => {
  const counts = (count: number, entry: SyncEntry, over: Partial<SyncSender> = {}) =>
    packed(
      Array.from({ length: count }, () => entry),
      over,
    ).map((bytes) => [decode(bytes).entries.length, bytes.length]);
  assert.deepEqual(counts(41, four), [
    [40, 1448],
    [1, 44],
  ]);
  assert.deepEqual(counts(21, six), [
    [20, 1448],
    [1, 80],
  ]);
  assert.deepEqual(counts(62, four, { version: 0 }), [
    [61, 1468],
    [1, 28],
  ]);
  assert.deepEqual(counts(2, four, { maxLength: 44 }), [
    [1, 44],
    [1, 44],
  ]);
  for (const version of [0, 1] as const) {
    const [many] = counts(256, four, { version, maxLength: 65_507 });
    assert.equal(many?.[0], 255, 'a message counts them in one byte');
  }
});

test('an entry that is larger than a message goes alone', () => {
  const large: SyncEntry = { ...six, flags: SyncFlag.template, sequence, engine: engine(255) };
  const messages = packed([four, large, four], { maxLength: 60 });
  assert.deepEqual(
    messages.map(({ length }) => length),
    [44, 8 + 72 + 26 + 257 + 5, 44],
  );
  assert.deepEqual(
    messages.flatMap((bytes) => decode(bytes).entries),
    [four, large, four],
  );
  assert.deepEqual(
    packed([four, four], { maxLength: 1 }).map(({ length }) => length),
    [44, 44],
  );
});

test('each entry begins at a multiple of four, behind zeros; none are behind the last', () => {
  for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 254, 255]) {
    const options = [rawOption(2, 'a'.repeat(length)), rawOption(3, 'sip')];
    const call: SyncEntry = { ...four, flags: SyncFlag.template, engine: engine(length) };
    const raw = rawEntry({ flags: SyncFlag.template, options });
    assert.deepEqual(packed([call, four, call]).map(hex), [hex(rawMessage([raw, rawEntry(), raw]))], `${length} bytes`);
  }
  // An earlier message with other bytes in these places does not show.
  const full: SyncEntry = { ...four, sequence: { in: sequence.out, out: sequence.out }, engine: engine(3) };
  const odd: SyncEntry = { ...four, engine: engine(2) };
  const [, second] = packed([full, odd, four], { maxLength: 92 });
  const expected = rawMessage([rawEntry({ options: [rawOption(2, 'aa'), rawOption(3, 'sip')] }), rawEntry()]);
  assert.equal(hex(second ?? new Uint8Array()), hex(expected));
});

test('version 0 has neither IPv6 nor calls, and the numbers of sequences in the order of its host', () => {
  const shifted: SyncEntry = { ...four, flags: 0x600, sequence };
  const little = [1, 2, 3, 4, 5, 0xffffffff].map((number) => rawSequence(number).reverse());
  const expected = rawOldMessage([rawOldEntry({ flags: 0x600, options: little }), rawOldEntry()]);
  const called: SyncEntry = { ...four, engine: engine(3) };
  assert.deepEqual(packed([shifted, six, called, four], { version: 0 }).map(hex), [hex(expected)]);
  const bare: SyncEntry = { ...four, flags: 0x200 };
  assert.deepEqual(packed([bare], { version: 0 }).map(hex), [
    hex(rawOldMessage([rawOldEntry({ flags: 0x200, options: [new Uint8Array(24)] })])),
  ]);
  const packer = new SyncPacker({ ...sender, version: 0 }, () => assert.fail('nothing was to be sent'));
  assert.equal(packer.append(six), false);
  packer.flush();
});

test('connections of one packet are not announced', () => {
  const single = { ...four, flags: SyncFlag.onePacket };
  for (const version of [0, 1] as const) assert.deepEqual(packed([single], { version }), []);
});

test('nothing is sent before a message is full, or flushed', () => {
  const messages: Uint8Array[] = [];
  const packer = new SyncPacker({ ...sender, maxLength: 80 }, (message) => messages.push(message));
  packer.flush();
  for (const [waiting, sent] of [
    [1, 0],
    [2, 0],
    [1, 1],
  ] as const) {
    packer.append(four);
    assert.deepEqual([packer.waiting, messages.length], [waiting, sent]);
  }
  packer.flush();
  packer.flush();
  assert.deepEqual([packer.waiting, messages.length], [0, 2]);
});

test('what no entry can have is refused, and what waits is not harmed', () => {
  const messages: Uint8Array[] = [];
  const packer = new SyncPacker(sender, (message) => messages.push(message));
  packer.append(four);
  for (const wrong of [
    engine(0),
    engine(256),
    { ...engine(1), name: '' },
    { ...engine(1), name: 'n'.repeat(17) },
    { ...engine(1), name: 'sïp' },
  ]) {
    assert.throws(() => packer.append({ ...four, engine: wrong }), RangeError);
  }
  packer.flush();
  assert.deepEqual(messages.map(hex), [hex(rawMessage([rawEntry()]))]);
  for (const maxLength of [0, 65_536, Number.NaN]) assert.throws(() => new SyncPacker({ ...sender, maxLength }, () => {}), RangeError);
});

/** deepEqual sees prototypes. */
const usual = { noNullPrototype: true } as const;
const endpoint = (address: fc.Arbitrary<Address>) => fc.record({ address, port: half }, usual);
const shift = fc.record({ initial: word, delta: word, previousDelta: word }, usual);
const optional = <T>(name: string, value: fc.Arbitrary<T>) =>
  fc.option(value, { nil: undefined }).map((one) => (one === undefined ? {} : { [name]: one }));

const entryOfFamily = (family: 'inet' | 'inet6'): fc.Arbitrary<SyncEntry> => {
  const address = family === 'inet' ? ipv4 : ipv6;
  const fields = fc.record({
    family: fc.constant(family),
    // Those that a receiver skips have tests of their own.
    protocol: fc.constant(6),
    flags: word.map((flags) => (flags & ~(SyncFlag.onePacket | SyncFlag.template)) >>> 0),
    state: fc.nat(10),
    client: endpoint(address),
    virtual: endpoint(address),
    destination: endpoint(address),
    mark: word,
    timeout: word,
  });
  const data = fc.uint8Array({ minLength: 1, maxLength: 255 });
  const options = fc.tuple(
    optional('sequence', fc.record({ in: shift, out: shift }, usual)),
    optional(
      'engine',
      data.map((one) => ({ name: 'sip', data: one })),
    ),
  );
  return fc.tuple(fields, options).map(([entry, [shifts, call]]) => ({ ...entry, ...shifts, ...call }));
};

/** What is left of an entry in version 0. */
function old({ sequence: shifts, ...entry }: SyncEntry): SyncEntry {
  const flags = entry.flags & 0xffff;
  const none = { initial: 0, delta: 0, previousDelta: 0 };
  return { ...entry, flags, mark: 0, timeout: 0, ...(flags & 0x600 ? { sequence: shifts ?? { in: none, out: none } } : {}) };
}

test('any entries through messages of any size are the same entries', () => {
  const entries = fc.array(fc.oneof(entryOfFamily('inet'), entryOfFamily('inet6')), { maxLength: 40 });
  fc.assert(
    fc.property(entries, fc.integer({ min: 1, max: 3000 }), fc.constantFrom<SyncVersion>(0, 1), (list, maxLength, version) => {
      const messages = packed(list, { maxLength, version });
      const read = messages.map(decode);
      for (const [index, message] of read.entries()) {
        assert.deepEqual([message.version, message.syncId, message.unread, message.refused.size], [version, 5, 0, 0]);
        assert.ok((messages[index]?.length ?? 0) <= maxLength || message.entries.length === 1);
      }
      const expected = version === 1 ? list : list.filter(({ family, engine }) => family === 'inet' && engine === undefined).map(old);
      assert.deepEqual(
        read.flatMap((message) => message.entries),
        expected,
      );
    }),
  );
});
