import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { daemonSettings } from '../../model/sync-daemon.js';
import { graceText, INCOMPLETE, syncStatusJson, syncStatusText } from './sync-status-text.js';

const backup = daemonSettings({ role: 'backup', interface: 'eth1', syncId: 7 }, 1500);

test('a daemon a paragraph; counts by reason without those that are 0', () => {
  assert.equal(syncStatusText([], 0), 'no synchronisation daemon runs\n');
  const counts = { messages: 3, lastAt: 100, entries: 5, refused: { 'sync-id': 2, 'message-short': 0 }, otherIds: { 8: 2 }, unbound: 1 };
  const lines = [
    'backup by eth1, id 7, group 224.0.0.81 port 8848, ttl 1, 1472 bytes',
    '  messages 3',
    '  last message 12 s ago',
    '  entries 5',
    '  refused sync-id 2',
    '  with another sync id: 8 2',
    '  unbound 1',
    `  ${INCOMPLETE.backup}`,
  ];
  assert.equal(syncStatusText([{ settings: backup, counts }], 112), `${lines.join('\n')}\n`);
  assert.equal(
    syncStatusText([{ settings: backup, counts: { messages: 0, lastAt: 5 } }], 9),
    `${lines[0]}\n  messages 0\n${lines.at(-1)}\n`,
  );
  const peers = { ...backup, role: 'master', peers: [ip('10.8.9.2'), ip('10.8.9.3')] } as const;
  const text = syncStatusText([{ settings: peers, counts: { refused: { sender: 4 } } }], 9).split('\n');
  assert.equal(text[0], 'master by eth1, id 7, group 224.0.0.81 port 8848, ttl 1, 1472 bytes, peers 10.8.9.2 10.8.9.3');
  assert.deepEqual(text.slice(2, 4), ['  refused sender 4', `  ${INCOMPLETE.master}`]);
});

test('as JSON: addresses as text, and how long ago the last message came', () => {
  const peers = { ...backup, peers: [ip('10.8.9.2')] };
  const [first, second] = syncStatusJson(
    [
      { settings: peers, counts: { messages: 3, lastAt: 100 } },
      { settings: { ...backup, role: 'master' }, counts: { messages: 2 } },
    ],
    112,
  );
  const settings = { role: 'backup', interface: 'eth1', syncId: 7, maxLength: 1472, port: 8848, ttl: 1, group: '224.0.0.81' };
  assert.deepEqual(first, {
    ...{ settings: { ...settings, peers: ['10.8.9.2'] }, counts: { messages: 3 }, silentSeconds: 12 },
    ...{ complete: null, why: INCOMPLETE.backup },
  });
  assert.deepEqual(second, {
    ...{ settings: { ...settings, role: 'master' }, counts: { messages: 2 }, silentSeconds: null },
    ...{ complete: null, why: INCOMPLETE.master },
  });
});

test('a grace period: how long it still runs, or nothing', () => {
  assert.equal(graceText(undefined), '');
  const text = 'grace period of 3 s: for 1.2 s more, packets of connections that are not known here are dropped\n';
  assert.equal(graceText({ seconds: 3, left: 1.24 }), text);
});
