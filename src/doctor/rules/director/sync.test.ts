import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director } from '../../../../test/support/doctor-facts.js';
import { daemonSettings } from '../../../model/sync-daemon.js';
import { diagnose } from '../../diagnose.js';
import type { SyncDaemonFact } from '../../facts.js';

const settings = daemonSettings({ role: 'backup', interface: 'eth1', syncId: 7 }, 1500);
const backup: SyncDaemonFact = { settings, isRunning: true, counts: { messages: 4, refused: {}, unbound: 0 }, silentSeconds: 3 };
const master: SyncDaemonFact = { settings: { ...settings, role: 'master' }, isRunning: true, counts: { messages: 4, lost: 0 } };

const found = (...syncDaemons: readonly SyncDaemonFact[]) => diagnose({ ...director, syncDaemons });
const codes = (...syncDaemons: readonly SyncDaemonFact[]) => found(...syncDaemons).map(({ severity, code }) => `${severity} ${code}`);

test('daemons that run and have each other: nothing', () => {
  assert.deepEqual(codes(), []);
  assert.deepEqual(codes(master, backup), []);
});

test('one that has ended is started by the command that is printed', () => {
  const [{ code, fix } = assert.fail()] = found({ ...backup, isRunning: false, silentSeconds: 999 });
  assert.equal(code, 'sync-ended');
  assert.equal(
    fix,
    'ipvsadm --start-daemon backup --mcast-interface eth1 --syncid 7 --sync-maxlen 1472 --mcast-group 224.0.0.81 --mcast-port 8848 --mcast-ttl 1',
  );
});

test('silence, other ids, damaged messages, other services, and what could not be sent', () => {
  assert.deepEqual(codes({ ...backup, silentSeconds: 151 }), ['warning sync-silent']);
  assert.deepEqual(codes({ ...backup, silentSeconds: 150 }), []);
  assert.deepEqual(codes({ ...backup, counts: { refused: { 'sync-id': 1 }, otherIds: { 8: 1 } } }), ['warning sync-id-differs']);
  assert.deepEqual(codes({ ...master, counts: { otherIds: { 8: 1 } } }), ['warning sync-id-differs']);
  assert.deepEqual(codes({ ...backup, counts: { overrun: 1 } }), ['warning sync-overrun']);
  assert.deepEqual(codes({ ...backup, counts: { dropped: 1 } }), ['warning sync-dropped']);
  assert.deepEqual(codes({ ...backup, counts: { refused: { 'message-size': 2 } } }), ['warning sync-refused']);
  assert.deepEqual(codes({ ...backup, counts: { refused: { sender: 2 } } }), ['warning sync-sender']);
  assert.deepEqual(codes({ ...master, counts: { refused: { sender: 1 } } }), ['warning sync-sender']);
  assert.deepEqual(codes({ ...backup, counts: { unbound: 1 } }), ['warning sync-unbound']);
  assert.deepEqual(codes({ ...master, counts: { lost: 1 } }), ['warning sync-unsent']);
  assert.deepEqual(codes({ ...master, silentSeconds: 999 }), []);
});

test('both roles with two ids: the ids of the pair are not reported, a third one is', () => {
  const other: SyncDaemonFact = { ...master, settings: { ...master.settings, syncId: 8 } };
  const receives = (id: number): SyncDaemonFact => ({ ...backup, counts: { otherIds: { [id]: 2 } } });
  assert.deepEqual(codes(other, receives(8)), []);
  const [{ code, what } = assert.fail()] = found(other, receives(9));
  assert.deepEqual([code, what], ['sync-id-differs', '2 messages for the backup came with the sync id 9, and it has 7']);
});
