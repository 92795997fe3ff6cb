import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';
import { parseSyncRecord, type SyncRecord, syncRecordText } from './sync-record.js';

const settings: DaemonSettings = {
  role: 'master',
  interface: 'eth1',
  syncId: 5,
  maxLength: 1452,
  group: ip('ff02::81'),
  port: 8848,
  ttl: 1,
};
const running: SyncRecord = { settings, process: { pid: 7, started: '4711' } };

test('a record of a daemon that starts, and of one that runs', () => {
  for (const record of [{ settings }, running]) assert.deepEqual(parseSyncRecord(syncRecordText(record), 'master'), record);
  assert.deepEqual(JSON.parse(syncRecordText(running)), { format: 1, ...settings, group: 'ff02::81', pid: 7, started: '4711' });
});

test('peers of a daemon; a list that cannot be read is not taken for none', () => {
  const peers = [ip('fe80::1'), ip('fe80::2')];
  const text = syncRecordText({ settings: { ...settings, peers } });
  assert.deepEqual(parseSyncRecord(text, 'master')?.settings.peers, peers);
  for (const wrong of [null, [], 'fe80::1', ['x'], [7], {}])
    assert.equal(parseSyncRecord(JSON.stringify({ ...JSON.parse(text), peers: wrong }), 'master'), undefined, JSON.stringify(wrong));
});

test('what is no record of this role', () => {
  const text = syncRecordText(running);
  const fields = JSON.parse(text) as Readonly<Record<string, unknown>>;
  assert.equal(parseSyncRecord(undefined, 'master'), undefined);
  assert.equal(parseSyncRecord(text, 'backup'), undefined);
  for (const wrong of ['', '{', 'null', '[]', '7', text.slice(0, -5)]) assert.equal(parseSyncRecord(wrong, 'master'), undefined, wrong);
  for (const name of ['format', ...Object.keys(settings)]) {
    for (const value of [undefined, null, 'x', -0.5]) {
      if (name === 'interface' && value === 'x') continue;
      assert.equal(parseSyncRecord(JSON.stringify({ ...fields, [name]: value }), 'master'), undefined, `${name}: ${value}`);
    }
  }
  for (const name of ['pid', 'started']) {
    assert.deepEqual(parseSyncRecord(JSON.stringify({ ...fields, [name]: null }), 'master'), { settings }, name);
  }
});
