import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemorySyncHost } from '../../../test/support/sync-host.js';
import type { ErrorCode } from '../../model/errors/error-table.js';
import { isWeirError, WeirError } from '../../model/errors/weir-error.js';
import { daemonSettings } from '../../model/sync-daemon.js';
import { HostSyncDaemons } from './host-sync-daemons.js';

const master = { role: 'master', interface: 'eth1', syncId: 5 } as const;
const backup = { role: 'backup', interface: 'eth2', syncId: 7 } as const;
const newHost = () => new MemorySyncHost({ eth1: { mtu: 1500, isUp: true }, eth2: { mtu: 9000, isUp: false } });

const refuses = (work: () => void, code: ErrorCode): void => assert.throws(work, (error) => isWeirError(error, code));

test('one of each role, the master first, until it is stopped', () => {
  const host = newHost();
  const daemons = new HostSyncDaemons(host);
  assert.deepEqual(daemons.daemons(), []);
  daemons.startDaemon(backup);
  daemons.startDaemon(master);
  assert.deepEqual(daemons.daemons(), [daemonSettings(master, 1500), daemonSettings(backup, 9000)]);
  refuses(() => daemons.startDaemon({ ...master, interface: 'eth2' }), 'sync-daemon-exists');
  refuses(() => daemons.startDaemon({ ...master, interface: 'eth9' }), 'interface-unknown');
  daemons.stopDaemon('backup');
  refuses(() => daemons.stopDaemon('backup'), 'sync-daemon-missing');
  assert.deepEqual(daemons.daemons(), [daemonSettings(master, 1500)]);
  daemons.stopDaemon('master');
  assert.deepEqual([host.done, host.found.size], [['start backup', 'start master', 'stop 1', 'stop 2'], 0]);
  daemons.startDaemon(master);
  assert.equal(daemons.daemons().length, 1);
});

test('a daemon that was killed does not run: its record is of no account', () => {
  const host = newHost();
  const daemons = new HostSyncDaemons(host);
  daemons.startDaemon(master);
  host.alive.clear();
  assert.deepEqual(daemons.daemons(), []);
  refuses(() => daemons.stopDaemon('master'), 'sync-daemon-missing');
  assert.deepEqual([host.found.size, host.done], [0, ['start master']]);
  daemons.startDaemon(master);
  host.alive.clear();
  daemons.startDaemon(master);
  assert.equal(daemons.daemons().length, 1);
});

test('a daemon that does not come up leaves no record, and one that is being started is not listed', () => {
  const host = newHost();
  const daemons = new HostSyncDaemons(host);
  host.failure = new WeirError('sync-daemon-unreachable', { name: 'eth1' });
  refuses(() => daemons.startDaemon(master), 'sync-daemon-unreachable');
  assert.equal(host.found.size, 0);
  host.records.write({ settings: daemonSettings(master, 1500) });
  assert.deepEqual(daemons.daemons(), []);
  host.failure = undefined;
  daemons.startDaemon(master);
  assert.equal(daemons.daemons().length, 1);
});
