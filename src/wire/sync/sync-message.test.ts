import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutate, randomBytes, randomFrom } from '../../../test/support/mutate.js';
import {
  type RawEntry,
  type RawHeader,
  rawEntry,
  rawMessage,
  rawOldEntry,
  rawOldMessage,
  rawOption,
  rawSequence,
} from '../../../test/support/sync-bytes.js';
import { recordedSyncDatagrams } from '../../../test/support/sync-datagrams.js';
import { staysInside, survivesGarbage } from '../../../test/support/wire-generators.js';
import { concat, viewOf } from '../bytes.js';
import { SYNC_METHODS, type SyncEntry, SyncFlag } from './sync-entry.js';
import { decodeSyncMessage, ENTRY_FAULTS, ENTRY_REFUSALS, MESSAGE_REFUSALS, type SyncMessage, type SyncRefusal } from './sync-message.js';

const receiver = { syncId: 5 };
const decode = (bytes: Uint8Array): SyncMessage => decodeSyncMessage(bytes, receiver);
const [TCP, UDP, SCTP, ESP, AH] = [6, 17, 132, 50, 51];
const [BEFORE, ODD, BEHIND] = [1, 2, 3];
const [ONE_PACKET, TEMPLATE, NO_CPORT, SEQUENCE] = [SyncFlag.onePacket, SyncFlag.template, SyncFlag.noClientPort, 0x600];
const numbers = [1, 2, 3, 0xfffffffe, 5, 6];
const sequence = { in: { initial: 1, delta: 2, previousDelta: 3 }, out: { initial: 0xfffffffe, delta: 5, previousDelta: 6 } };

const ports = ({ entries }: SyncMessage): readonly number[] => entries.map(({ client }) => client.port);
const only = (message: SyncMessage): SyncEntry => {
  assert.equal(message.entries.length, 1, [...message.refused].join());
  return message.entries[0] as SyncEntry;
};
const newer = (entry: RawEntry, header?: RawHeader): SyncMessage => decode(rawMessage([rawEntry(entry)], header));
const older = (entry: RawEntry, header?: RawHeader): SyncMessage => decode(rawOldMessage([rawOldEntry(entry)], header));

/** A good entry before an odd one, and one behind it. */
const newAround = (entry: RawEntry): SyncMessage =>
  decode(rawMessage([rawEntry({ port: BEFORE }), rawEntry({ ...entry, port: ODD }), rawEntry({ port: BEHIND })]));
const oldAround = (entry: RawEntry): SyncMessage =>
  decode(rawOldMessage([rawOldEntry({ port: BEFORE }), rawOldEntry({ ...entry, port: ODD }), rawOldEntry({ port: BEHIND })]));

function assertSkipped(message: SyncMessage, reason: SyncRefusal, name: string): void {
  assert.deepEqual([ports(message), [...message.refused], message.unread], [[BEFORE, BEHIND], [[reason, 1]], 0], name);
}

function assertStopped(message: SyncMessage, reason: SyncRefusal, name: string): void {
  assert.deepEqual([ports(message), [...message.refused], message.unread], [[BEFORE], [[reason, 1]], 2], name);
}

function assertTaken(message: SyncMessage, name: string): SyncEntry {
  assert.deepEqual([ports(message), [...message.refused], message.unread], [[BEFORE, ODD, BEHIND], [], 0], name);
  return message.entries[1] as SyncEntry;
}

test('every field of both versions and families', () => {
  const endpoint = (word: number, port: number) => ({ address: { family: 'inet', words: [word] }, port }) as const;
  const common = {
    family: 'inet',
    protocol: TCP,
    flags: 0x183,
    state: 4,
    client: endpoint(0x0a000114, 30_000),
    virtual: endpoint(0x0a000164, 80),
    destination: endpoint(0x0a00020b, 8080),
  } as const;
  const raw = { flags: 0x183, state: 4, mark: 0xfffffff0, timeout: 120 };
  assert.deepEqual(newer(raw), {
    version: 1,
    syncId: 5,
    entries: [{ ...common, mark: 0xfffffff0, timeout: 120 }],
    refused: new Map(),
    unread: 0,
  });
  assert.deepEqual(older(raw), { version: 0, syncId: 5, entries: [{ ...common, mark: 0, timeout: 0 }], refused: new Map(), unread: 0 });
  const six = only(newer({ type: 1, timeout: 0xffffffff }));
  const words = [six.client, six.virtual, six.destination].map(({ address }) => address.words.map((word) => word.toString(16)).join());
  assert.deepEqual(words, ['20010db8,1,0,12', '20010db8,1,0,100', '20010db8,2,0,11']);
  assert.deepEqual(
    [six.family, six.client.port, six.virtual.port, six.destination.port, six.timeout],
    ['inet6', 30_000, 80, 8080, 0xffffffff],
  );
});

test('all that a real master sent is taken', () => {
  for (const { heading, bytes } of recordedSyncDatagrams()) {
    const message = decodeSyncMessage(bytes, { syncId: 0 });
    assert.deepEqual([message.refused.size, message.unread], [0, 0], heading);
    assert.equal(message.entries.length, bytes[message.version === 1 ? 4 : 0], heading);
    assert.equal(message.syncId, bytes[1], heading);
  }
});

test('how packets go on, as recorded', () => {
  const expected = [
    ['TCP NAT, reset', 'masq'],
    ['TCP DR', 'route'],
    ['TCP TUN', 'tunnel'],
    ['IPv6 TCP NAT', 'masq'],
    ['IPv6 TCP DR', 'route'],
  ] as const;
  for (const [kind, method] of expected) {
    const datagrams = recordedSyncDatagrams().filter(({ heading }) => heading.replace(/^\d+\. /, '').startsWith(kind));
    const flags = datagrams.flatMap(({ bytes }) => decodeSyncMessage(bytes, { syncId: 0 }).entries).map((entry) => entry.flags);
    assert.deepEqual([...new Set(flags.map((bits) => SYNC_METHODS[bits & SyncFlag.method]))], [method], kind);
  }
});

test('a recorded template of a firewall mark, and one of a call', () => {
  const entries = recordedSyncDatagrams().flatMap(({ bytes }) => decodeSyncMessage(bytes, { syncId: 0 }).entries);
  const mark = entries.find(({ protocol, mark }) => protocol === 0 && mark === 6);
  assert.deepEqual([mark?.virtual, mark?.client.port, mark?.flags], [{ address: { family: 'inet', words: [6] }, port: 0 }, 0, 0x1100]);
  const call = entries.find(({ engine }) => engine !== undefined);
  assert.equal(call?.engine?.name, 'sip');
  assert.equal(Buffer.from(call?.engine?.data ?? []).toString(), 'abc123@host');
});

test('a message of another size, or with another sync id, is dropped', () => {
  const dropped = (message: SyncMessage, reason: SyncRefusal): void =>
    assert.deepEqual(message, { entries: [], refused: new Map([[reason, 1]]), unread: 0 });
  for (const make of [newer, older]) {
    for (const sizeError of [-1, 1, 256]) dropped(make({}, { sizeError }), 'message-size');
    dropped(make({}, { syncId: 6 }), 'sync-id');
    dropped(make({}, { syncId: 0 }), 'sync-id');
    only(make({}, { syncId: 5 }));
  }
  for (let length = 0; length < 4; length++) dropped(decode(Uint8Array.of(0, 5, 0, length).subarray(0, length)), 'message-short');
  for (const syncId of [0, 5, 255]) {
    only(decodeSyncMessage(rawMessage([rawEntry()], { syncId }), { syncId: 0 }));
    only(decodeSyncMessage(rawOldMessage([rawOldEntry()], { syncId }), { syncId: 0 }));
  }
  assert.deepEqual([...decodeSyncMessage(rawMessage([rawEntry()], { syncId: 1 }), { syncId: 257 }).refused.keys()], ['sync-id']);
});

test('a header counts too few entries, too many, or none', () => {
  const [three, threeOld] = [[1, 2, 3].map((port) => rawEntry({ port })), [1, 2, 3].map((port) => rawOldEntry({ port }))];
  const expected = [
    [-3, [], 0],
    [-1, [1, 2], 0],
    [0, [1, 2, 3], 0],
    [1, [1, 2, 3], 1],
    [7, [1, 2, 3], 7],
  ] as const;
  for (const [countError, taken, unread] of expected) {
    for (const message of [decode(rawMessage(three, { countError })), decode(rawOldMessage(threeOld, { countError }))]) {
      assert.deepEqual([ports(message), message.unread], [taken, unread], `${message.version}: ${countError}`);
      assert.deepEqual([...message.refused], unread === 0 ? [] : [['entry-beyond-end', 1]]);
    }
  }
  const trailer = new Uint8Array(7).fill(0xff);
  assert.equal(newer({}, { trailer }).entries.length, 1, 'what is behind the last entry is ignored');
  assert.equal(older({}, { trailer }).entries.length, 1, 'what is behind the last entry is ignored');
});

test('a message has up to 255 entries: the header of 256 counts none', () => {
  const of = (count: number) => Array.from({ length: count }, (_, port) => rawEntry({ port }));
  assert.equal(decode(rawMessage(of(255))).entries.length, 255);
  assert.deepEqual(decode(rawMessage(of(256))).entries, []);
  assert.deepEqual(decode(rawOldMessage(Array.from({ length: 256 }, () => rawOldEntry()))).entries, []);
});

test('what looks like version 1 but for a byte is version 0', () => {
  for (const header of [
    { first: 1 },
    { version: [0, 0, 0] },
    { version: [2, 0, 0] },
    { version: [1, 1, 0] },
    { version: [1, 0, 1] },
  ] as const) {
    assert.equal(newer({}, header).version, 0, JSON.stringify(header));
  }
  // One entry of protocol 1, from port 0, after a first byte of 0: no entries.
  assert.equal(decode(rawOldMessage([rawOldEntry({ protocol: 1, port: 0 })])).version, 0);
  for (let length = 4; length < 8; length++) {
    assert.deepEqual(
      decode(Uint8Array.of(0, 5, 0, length, 1, 1, 0).subarray(0, length)),
      { version: 0, syncId: 5, entries: [], refused: new Map(), unread: 0 },
      'the bytes that make a version are not there',
    );
  }
});

test('an entry with a fault ends the message: those before it are taken', () => {
  const half = rawSequence(...numbers.slice(0, 3));
  const cases: readonly (readonly [string, RawEntry, SyncRefusal])[] = [
    ['a size beyond the end', { size: 0xfff }, 'entry-beyond-end'],
    ['version 1', { version: 1 }, 'entry-version'],
    ['version 15', { version: 15 }, 'entry-version'],
    ['type 2', { type: 2 }, 'entry-type'],
    ['type 0x80', { type: 0x80 }, 'entry-type'],
    ['size 0', { size: 0 }, 'entry-size'],
    ['size 35', { size: 35 }, 'entry-size'],
    ['IPv6 of the size of IPv4', { type: 1, size: 36 }, 'entry-size'],
    ['IPv6 of size 71', { type: 1, size: 71 }, 'entry-size'],
    ['one byte of an option', { options: [Uint8Array.of(1)] }, 'option-length'],
    ['an option without data', { options: [rawOption(4, '')] }, 'option-length'],
    ['an option without data that may be ignored', { options: [rawOption(0x44, '')] }, 'option-length'],
    ['an option beyond the entry', { options: [Uint8Array.of(3, 4, 0x73, 0x69, 0x70)] }, 'option-length'],
    ['half of the sequence numbers', { options: [rawOption(1, half)] }, 'option-wrong'],
    [
      'sequence numbers twice',
      { options: [rawOption(1, rawSequence(...numbers)), rawOption(0x41, rawSequence(...numbers))] },
      'option-wrong',
    ],
    ["an engine's data twice", { options: [rawOption(2, 'a'), rawOption(0x42, 'a'), rawOption(3, 'sip')] }, 'option-wrong'],
    ["an engine's name twice", { options: [rawOption(2, 'a'), rawOption(3, 'sip'), rawOption(3, 'sip')] }, 'option-wrong'],
    ["an engine's name of 17 bytes", { options: [rawOption(2, 'a'), rawOption(3, 'a'.repeat(17))] }, 'option-wrong'],
  ];
  for (const [name, entry, reason] of cases) assertStopped(newAround(entry), reason, name);
  const seen = new Set(cases.map(([, , reason]) => reason));
  assert.deepEqual([...ENTRY_FAULTS].sort(), [...seen].sort(), 'a fault without a case');
});

test('the last entry is cut off', () => {
  const whole = rawEntry({ port: ODD, options: [rawOption(0x44, 'x')] });
  for (const [length, reason] of [
    [0, 'entry-beyond-end'],
    [35, 'entry-beyond-end'],
    [38, 'entry-beyond-end'],
  ] as const) {
    const message = decode(rawMessage([rawEntry({ port: BEFORE }), whole.subarray(0, length)]));
    assert.deepEqual([ports(message), [...message.refused], message.unread], [[BEFORE], [[reason, 1]], 1], String(length));
  }
  for (const [flags, cut] of [
    [0, 23],
    [SEQUENCE, 24],
    [SEQUENCE, 47],
  ] as const) {
    const entry = rawOldEntry({ flags, options: flags === 0 ? [] : [rawSequence(...numbers)] }).subarray(0, cut);
    const message = decode(rawOldMessage([rawOldEntry({ port: BEFORE }), entry]));
    assert.deepEqual([ports(message), [...message.refused], message.unread], [[BEFORE], [['entry-beyond-end', 1]], 1]);
  }
});

test('an entry that cannot be used is skipped, and counted', () => {
  const both: readonly (readonly [string, RawEntry, SyncRefusal])[] = [
    ['ICMP', { protocol: 1 }, 'protocol-unknown'],
    ['no protocol', { protocol: 0 }, 'protocol-unknown'],
    ['a 12th state of TCP', { state: 11 }, 'state-unknown'],
    ['a 15th state of SCTP', { protocol: SCTP, state: 14 }, 'state-unknown'],
    ['a second state of UDP', { protocol: UDP, state: 1 }, 'state-unknown'],
    ['a second state of ESP', { protocol: ESP, state: 1 }, 'state-unknown'],
    ['state 65535', { state: 0xffff }, 'state-unknown'],
    ['a template of state 2', { flags: TEMPLATE, state: 2 }, 'state-unknown'],
    ['one packet', { flags: ONE_PACKET }, 'one-packet'],
    ['a template of one packet', { flags: ONE_PACKET | TEMPLATE }, 'one-packet'],
    ['a template without the port', { flags: TEMPLATE | NO_CPORT }, 'template-without-client-port'],
  ];
  for (const [name, entry, reason] of both) {
    assertSkipped(newAround(entry), reason, name);
    assertSkipped(oldAround(entry), reason, `${name}, version 0`);
    assertSkipped(newAround({ ...entry, type: 1 }), reason, `${name}, IPv6`);
  }
  const options: readonly (readonly [string, readonly Uint8Array[], SyncRefusal])[] = [
    ['an unknown option', [rawOption(4, 'x')], 'option-unknown'],
    ['an unknown option, then a wrong one', [rawOption(4, 'x'), Uint8Array.of(1, 9)], 'option-unknown'],
    ['option 0', [rawOption(0, 'x')], 'option-unknown'],
    ['option 0x81', [rawOption(0x81, 'x')], 'option-unknown'],
    ["an engine's data without its name", [rawOption(2, 'x')], 'engine-unknown'],
    ['an engine that is not there', [rawOption(2, 'x'), rawOption(3, 'pop')], 'engine-unknown'],
    ['a name that begins with NUL', [rawOption(2, 'x'), rawOption(3, '\0sip')], 'engine-unknown'],
  ];
  for (const [name, list, reason] of options) assertSkipped(newAround({ options: list, flags: TEMPLATE }), reason, name);
  const seen = new Set([...both, ...options].map(([, , reason]) => reason));
  assert.deepEqual([...ENTRY_REFUSALS].sort(), [...seen].sort(), 'a refusal without a case');
});

test('states that are there are taken', () => {
  const last = [
    [TCP, 10],
    [UDP, 0],
    [SCTP, 13],
    [ESP, 0],
    [AH, 0],
  ] as const;
  for (const [protocol, state] of last) {
    assertTaken(newAround({ protocol, state }), String(protocol));
    assertTaken(oldAround({ protocol, state }), String(protocol));
  }
  for (const protocol of [0, 1, TCP]) {
    assertTaken(newAround({ protocol, state: 1, flags: TEMPLATE }), `template ${protocol}`);
    assertTaken(oldAround({ protocol, state: 1, flags: TEMPLATE }), `template ${protocol}`);
  }
  assertTaken(newAround({ flags: NO_CPORT }), 'a connection whose port is unknown');
  for (const type of [1, 3, 0x81]) assert.equal(assertTaken(newAround({ type }), `type ${type}`).family, 'inet6');
});

test('sequence numbers, with the flags and without', () => {
  const option = (type: number) => [rawOption(type, rawSequence(...numbers))];
  for (const type of [0x01, 0x41]) {
    for (const flags of [0, SEQUENCE]) {
      assert.deepEqual(assertTaken(newAround({ flags, options: option(type) }), `${type}`).sequence, sequence);
    }
  }
  assert.equal('sequence' in assertTaken(newAround({ flags: SEQUENCE }), 'flags alone'), false);
  const little = concat(...numbers.map((number) => rawSequence(number).reverse()));
  for (const flags of [0x200, 0x400, SEQUENCE]) {
    assert.deepEqual(assertTaken(oldAround({ flags, options: [little] }), 'version 0').sequence, sequence);
  }
  const none = oldAround({ flags: 0, options: [little] });
  assert.equal(none.entries[1]?.sequence, undefined, 'without the flags they are the next entry');
});

test('options that may be ignored are, and an engine may be of any length', () => {
  const ignored = assertTaken(newAround({ options: [rawOption(0x44, 'x'), rawOption(0x7f, 'xyz')] }), 'ignored');
  assert.deepEqual([ignored.sequence, ignored.engine], [undefined, undefined]);
  for (const length of [1, 2, 3, 4, 5, 6, 7, 8, 255]) {
    for (const [dataType, nameType] of [
      [2, 3],
      [0x42, 0x43],
    ] as const) {
      const data = 'd'.repeat(length);
      const options = [rawOption(dataType, data), rawOption(nameType, 'sip')];
      const { engine } = assertTaken(newAround({ flags: TEMPLATE, options }), `${length} bytes`);
      assert.deepEqual([engine?.name, Buffer.from(engine?.data ?? []).toString()], ['sip', data]);
    }
  }
  const named = assertTaken(newAround({ options: [rawOption(3, 'pop')] }), 'a name without data');
  assert.equal(named.engine, undefined);
  const text = assertTaken(newAround({ options: [rawOption(3, 'sip\0\0'), rawOption(2, 'x')] }), 'a name up to its NUL').engine;
  assert.equal(text?.name, 'sip');
});

test('the data of an engine outlives the buffer that it came in', () => {
  const bytes = rawMessage([rawEntry({ flags: TEMPLATE, options: [rawOption(2, 'abc'), rawOption(3, 'sip')] })]);
  const { engine } = only(decode(bytes));
  bytes.fill(0);
  assert.equal(Buffer.from(engine?.data ?? []).toString(), 'abc');
});

/** All reasons after which no further entry is read. */
const endings: ReadonlySet<SyncRefusal> = new Set([...MESSAGE_REFUSALS, ...ENTRY_FAULTS]);

test('any bytes: each entry that the header counts is taken, refused or unread', () => {
  const decodeAny = (bytes: Uint8Array): SyncMessage => decodeSyncMessage(bytes, { syncId: 0 });
  const odd = [rawOption(2, 'x'), rawOption(3, 'sip'), rawOption(1, rawSequence(...numbers)), rawOption(0x44, 'x')];
  const samples = [
    ...recordedSyncDatagrams().map(({ bytes }) => bytes),
    rawMessage([rawEntry({ options: odd }), rawEntry({ type: 1, options: odd }), rawEntry()]),
    rawOldMessage([rawOldEntry({ flags: 0x600, options: [rawSequence(...numbers)] }), rawOldEntry()]),
  ];
  const random = randomFrom(8848);
  const met = new Set<SyncRefusal>();
  for (const sample of samples) {
    staysInside(decodeAny, sample);
    for (let round = 0; round < 400; round++) {
      const bytes = round % 8 === 0 ? randomBytes(random, random(200)) : mutate(sample, random, random(2) * 4);
      // Most changes of a length are found by the size already, so it is put right.
      if (round % 4 !== 0 && bytes.length >= 4) viewOf(bytes).setUint16(2, bytes.length);
      const { version, entries, refused, unread } = decodeAny(bytes);
      const skipped = [...refused].reduce((sum, [reason, count]) => sum + (endings.has(reason) ? 0 : count), 0);
      const announced = version === undefined ? 0 : (bytes[version === 1 ? 4 : 0] ?? 0);
      assert.equal(entries.length + skipped + unread, announced, Buffer.from(bytes).toString('hex'));
      for (const reason of refused.keys()) met.add(reason);
    }
  }
  assert.ok(met.size > 10, [...met].join());
  survivesGarbage(decodeAny, rawMessage([rawEntry({ options: odd }), rawEntry()]));
});
