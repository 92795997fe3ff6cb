// Synchronisation daemons of a host: which of them run, by what they wrote of themselves, and how a command ends them.
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { syncRecordText } from '../../src/host/sync/sync-record.js';
import { type DaemonRole, daemonSettings } from '../../src/model/sync-daemon.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { type Service, startChild, startTime } from '../../src/sys/processes/child.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

const FOLDER = '/run/weir/sync';

test('a daemon is listed while its process lives, in its namespace alone, and stopped once', { skip }, async () => {
  const [host, other] = [bed.host('director'), bed.host('other')];
  const cookie = using(Netns.byName(host.namespace), (namespace) => namespace.cookie);
  const pathOf = (role: DaemonRole): string => `${FOLDER}/${cookie}_${role}.json`;
  const started: Service[] = [];
  bed.atEnd(() => started.forEach((service) => service.signal('SIGKILL')));
  const runAs = async (role: DaemonRole): Promise<Service> => {
    const service = await startChild(['sleep', '1000'], {});
    started.push(service);
    const settings = daemonSettings({ role, interface: 'eth1', syncId: 5 }, 1500);
    mkdirSync(FOLDER, { recursive: true });
    writeFileSync(pathOf(role), syncRecordText({ settings, process: { pid: service.pid, started: startTime(service.pid) ?? '' } }));
    return service;
  };
  const [master, backup] = [await runAs('master'), await runAs('backup')];
  const line = (role: DaemonRole): string =>
    `${role} sync daemon (mcast=eth1, syncid=5, maxlen=1472, group=224.0.0.81, port=8848, ttl=1)\n`;
  assert.deepEqual(host.ipvsadm('-L --daemon'), { status: 0, stdout: line('master') + line('backup'), stderr: '' });
  assert.deepEqual(JSON.parse(host.ipvsadm('-L --daemon --json').stdout), {
    daemons: ['master', 'backup'].map((role) => ({
      ...{ role, interface: 'eth1', syncId: 5, maxLength: 1472, port: 8848, ttl: 1 },
      group: '224.0.0.81',
    })),
  });
  assert.deepEqual(other.ipvsadm('-L --daemon'), { status: 0, stdout: '', stderr: '' });
  const none = { status: 255, stdout: '', stderr: 'No daemon is running\n' };
  assert.deepEqual(other.ipvsadm('--stop-daemon master'), none);

  assert.deepEqual(host.ipvsadm('--stop-daemon master'), { status: 0, stdout: '', stderr: '' });
  assert.equal(await master.ended, 128 + 15);
  assert.equal(existsSync(pathOf('master')), false);
  assert.deepEqual(host.ipvsadm('--stop-daemon master'), none);
  await backup.stop('SIGKILL');
  assert.deepEqual(host.ipvsadm('-L --daemon'), { status: 0, stdout: '', stderr: '' });
  assert.deepEqual(host.ipvsadm('--stop-daemon backup'), none);
  assert.equal(existsSync(pathOf('backup')), false, 'what a killed daemon left is removed');
});

test('what a namespace leaves is swept when it is gone', { skip }, () => {
  const host = bed.host('sweeper');
  const short = new Bed();
  const gone = short.host('gone');
  mkdirSync(FOLDER, { recursive: true });
  const cookie = using(Netns.byName(gone.namespace), (namespace) => namespace.cookie);
  const path = `${FOLDER}/${cookie}_master.json`;
  writeFileSync(path, syncRecordText({ settings: daemonSettings({ role: 'master', interface: 'eth1', syncId: 0 }, 1500) }));
  host.ipvsadm('--stop-daemon master');
  assert.equal(existsSync(path), true, 'its namespace is there');
  short.close();
  host.ipvsadm('--stop-daemon master');
  assert.equal(existsSync(path), false);
});
