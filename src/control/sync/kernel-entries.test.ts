import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedSyncDatagrams } from '../../../test/support/sync-datagrams.js';
import { isTemplate, type SyncEntry, SyncFlag } from '../../wire/sync/sync-entry.js';
import { decodeSyncMessage } from '../../wire/sync/sync-message.js';
import { SyncPacker } from '../../wire/sync/sync-packer.js';
import { connectionOf, entryOf, isAnnounced, templateEntry, templateOf } from './kernel-entries.js';

const messages = recordedSyncDatagrams().map(({ bytes }) => decodeSyncMessage(bytes, { syncId: 0 }));
const entries = messages.filter(({ version }) => version === 1).flatMap((message) => message.entries);

/** What goes with the sender's netfilter, and of what was synchronised itself. */
const OWN_FLAGS = SyncFlag.synced | SyncFlag.conntrack;
const comparable = (entry: SyncEntry): SyncEntry => ({ ...entry, flags: entry.flags & ~OWN_FLAGS });

test('what the kernel announces of connections is what would be announced of the same ones here', () => {
  const connections = entries.filter((entry) => !isTemplate(entry));
  assert.ok(connections.length > 40, `${connections.length}`);
  for (const entry of connections) {
    const connection = connectionOf(entry) ?? assert.fail('no connection');
    assert.ok(isAnnounced(connection), JSON.stringify(entry));
    assert.deepEqual(entryOf(connection), comparable(entry));
  }
});

test('what the kernel announces of templates is what would be announced of the same ones here', () => {
  const templates = entries.filter((entry) => isTemplate(entry));
  assert.ok(templates.length > 5, `${templates.length}`);
  assert.ok(templates.some(({ engine }) => engine !== undefined));
  for (const entry of templates) assert.deepEqual(templateEntry(templateOf(entry) ?? assert.fail('no template')), comparable(entry));
});

test('no director has connections of AH or ESP: by the stream, a peer would refuse all that comes with them', () => {
  const [plain] = entries.filter((entry) => !isTemplate(entry));
  assert.ok(plain !== undefined);
  for (const protocol of [50, 51]) assert.equal(connectionOf({ ...plain, protocol, state: 0, mark: 5 }), undefined);
});

test('a template, and a connection past the servers, are no connections of servers', () => {
  const template = entries.find(isTemplate) ?? assert.fail('none was recorded');
  assert.equal(connectionOf(template), undefined);
  const [plain] = entries.filter((entry) => !isTemplate(entry));
  assert.ok(plain !== undefined);
  for (const method of [4, 5, 7]) assert.equal(connectionOf({ ...plain, flags: method }), undefined, `${method}`);
});

test('handshakes are not announced, nor what is about to end', () => {
  for (const state of [0, 2, 3, 8, 9, 10]) assert.equal(isAnnounced({ protocol: 6, state, seconds: 60 }), false, `${state}`);
  for (const state of [0, 1, 2, 7, 12]) assert.equal(isAnnounced({ protocol: 132, state, seconds: 60 }), false, `${state}`);
  assert.deepEqual(
    [isAnnounced({ protocol: 17, state: 0, seconds: 1 }), isAnnounced({ protocol: 17, state: 0, seconds: 0 })],
    [true, false],
  );
});

test("the state's time is announced right after a packet, as the kernel does, and then no more than is left", () => {
  const [plain] = entries.flatMap((entry) => connectionOf(entry) ?? []);
  assert.ok(plain !== undefined);
  assert.deepEqual(
    [900, 899, 898, 14].map((seconds) => entryOf({ ...plain, timeout: 900, seconds }).timeout),
    [900, 900, 898, 14],
  );
});

test('shifted numbers: a way counts where its flag is set, and goes with it', () => {
  const plain = entries.find(({ flags }) => (flags & SyncFlag.method) === 0 && !isTemplate({ flags })) ?? assert.fail('none was recorded');
  const shift = (initial: number, delta: number, previousDelta: number) => ({ initial, delta, previousDelta });
  const [still, out, of] = [shift(0, 0, 0), shift(0xfffffffe, 0xfffffffd, 2), shift(7, 0, 3)];
  for (const [flags, sequence] of [
    [SyncFlag.outSequence, { in: still, out }],
    [SyncFlag.inSequence, { in: of, out: still }],
    [SyncFlag.inSequence | SyncFlag.outSequence, { in: of, out }],
  ] as const) {
    const entry = { ...comparable(plain), flags: comparable(plain).flags | flags, sequence };
    const sent: SyncEntry[] = [];
    const packer = new SyncPacker({ version: 1, syncId: 3, maxLength: 1472 }, (bytes) => {
      const words = [sequence.in, sequence.out].flatMap(({ initial, delta, previousDelta }) => [initial, delta, previousDelta]);
      const option = Buffer.alloc(26);
      option.set([1, 24]);
      words.forEach((word, k) => option.writeUInt32BE(word, 2 + 4 * k));
      assert.equal(Buffer.from(bytes.subarray(8 + 36)).toString('hex'), option.toString('hex'));
      sent.push(...decodeSyncMessage(bytes, { syncId: 3 }).entries);
    });
    packer.append(entryOf(connectionOf(entry) ?? assert.fail('no connection')));
    packer.flush();
    assert.deepEqual(sent, [entry]);
    const unflagged = connectionOf({ ...entry, flags: comparable(plain).flags });
    assert.equal(unflagged?.shifts, undefined);
    assert.deepEqual(entryOf({ ...(unflagged ?? assert.fail('no connection')), shifts: [1, 0, 0, 2, 0, 0] }), comparable(plain));
  }
});

test('a call of the kernel’s may have any bytes, and none goes without them', () => {
  const entry = entries.find(({ engine }) => engine !== undefined) ?? assert.fail('none was recorded');
  const data = Uint8Array.from({ length: 255 }, (_, k) => 255 - k);
  const template = templateOf({ ...entry, engine: { name: 'sip', data } });
  assert.deepEqual(templateEntry(template ?? assert.fail('no template')).engine?.data, data);
  assert.equal(templateOf({ ...entry, engine: { name: 'other', data } }), undefined);
  const packer = new SyncPacker({ version: 0, syncId: 3, maxLength: 1472 }, () => assert.fail('a message'));
  assert.equal(packer.append(entry), false);
});

test('FULLNAT is masquerading to another director', () => {
  const entry = entries.find(({ flags }) => (flags & SyncFlag.method) === 0 && !isTemplate({ flags })) ?? assert.fail('none was recorded');
  const connection = connectionOf(entry) ?? assert.fail('no connection');
  assert.equal(entryOf({ ...connection, method: 'fullnat' }).flags, entryOf({ ...connection, method: 'masq' }).flags);
});
