// lvs_sync_daemon: the daemons of two hosts have the roles of their instances, or both.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { ok, until } from '../datapath/cluster.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';
import { graceLeft, instance, Node, settings } from './keepalived-node.js';
import { daemonProcess, daemonProcesses, noDaemonLeft } from './pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

test('with an instance: the roles follow its state, a reload changes the id, and the end stops the daemon', { skip }, async () => {
  const lan = bed.lan('lan');
  const [first, second] = ([200, 100] as const).map((priority, k) => {
    const host = bed.host(`node${k + 1}`);
    bed.cable(host, 'eth0', lan, `10.9.0.${k + 1}/24`);
    return new Node(bed, host, settings('lvs_sync_daemon eth0 VI_1', instance(priority)));
  }) as [Node, Node];
  for (const node of [first, second]) node.start();
  await first.run('master 51');
  await second.run('backup 51');
  await first.daemon.stop();
  await noDaemonLeft(first.host);
  await second.run('master 51');
  first.start();
  await first.run('master 51');
  await second.run('backup 51');
  const killed = daemonProcess(second.host);
  process.kill(killed, 'SIGKILL');
  await until(
    () => daemonProcesses(second.host),
    (pids) => pids.length === 1 && !pids.includes(killed),
    60,
  );
  await second.run('backup 51');
  ok(second.host.ipvsadm('--stop-daemon backup'));
  await pause(7000);
  assert.deepEqual(daemonProcesses(second.host), [], 'what an operator has stopped');
  second.configure(settings('lvs_sync_daemon eth0 VI_1 id 9', instance(100)));
  second.daemon.signal('SIGHUP');
  await second.run('backup 9');
  second.configure(settings('', instance(100)));
  second.daemon.signal('SIGHUP');
  await second.run('');
  for (const node of [first, second]) {
    await node.daemon.stop();
    await noDaemonLeft(node.host);
  }
});

test('a takeover begins a grace period, in which the backup goes on', { skip }, async () => {
  const lan = bed.lan('lan3');
  const host = bed.host('alone');
  bed.cable(host, 'eth0', lan, '10.9.0.1/24');
  // So long that both are seen on a busy machine, too.
  const node = new Node(bed, host, settings('lvs_sync_daemon eth0 VI_1\nlvs_sync_grace 40', instance(100)));
  ok(host.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
  node.start();
  await node.run('master 51, backup 51');
  const running = graceLeft(host);
  assert.ok(running > 0 && running <= 40, `${running} s`);
  await node.run('master 51');
  assert.equal(graceLeft(host), 0);
  await node.daemon.stop();
});
