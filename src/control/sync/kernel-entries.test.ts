import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordedSyncDatagrams } from '../../../test/support/sync-datagrams.js';
import { isTemplate, type SyncEntry, SyncFlag } from '../../wire/sync-entry.js';
import { decodeSyncMessage } from '../../wire/sync-message.js';
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
  const templates = entries.filter((entry) => isTemplate(entry) && entry.engine === undefined);
  assert.ok(templates.length > 5, `${templates.length}`);
  for (const entry of templates) assert.deepEqual(templateEntry(templateOf(entry) ?? assert.fail('no template')), comparable(entry));
});

test('a template, and a connection past the servers, are no connections of servers', () => {
  const template = entries.find(isTemplate) ?? assert.fail('none was recorded');
  assert.equal(connectionOf(template), undefined);
  const [plain] = entries.filter((entry) => !isTemplate(entry));
  assert.ok(plain !== undefined);
  for (const method of [4, 5, 7]) assert.equal(connectionOf({ ...plain, flags: method }), undefined, `${method}`);
});

test('handshakes are not announced', () => {
  for (const state of [0, 2, 3, 8, 9, 10]) assert.equal(isAnnounced({ protocol: 6, state }), false, `${state}`);
  for (const state of [0, 1, 2, 7, 12]) assert.equal(isAnnounced({ protocol: 132, state }), false, `${state}`);
  assert.ok(isAnnounced({ protocol: 17, state: 0 }));
});

test('FULLNAT is masquerading to another director', () => {
  const entry = entries.find(({ flags }) => (flags & SyncFlag.method) === 0 && !isTemplate({ flags })) ?? assert.fail('none was recorded');
  const connection = connectionOf(entry) ?? assert.fail('no connection');
  assert.equal(entryOf({ ...connection, method: 'fullnat' }).flags, entryOf({ ...connection, method: 'masq' }).flags);
});
