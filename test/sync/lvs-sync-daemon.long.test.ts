// lvs_sync_daemon without an instance, where the interface comes later, and with a network namespace of the director's own.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';
import { daemons, graceLeft, instance, Node, settings } from './keepalived-node.js';
import { daemonProcesses, endDaemons, noDaemonLeft } from './pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

test('without an instance both run as long as the checker does', { skip }, async () => {
  const lan = bed.lan('lan2');
  const host = bed.host('both');
  bed.cable(host, 'eth0', lan, '10.9.0.1/24');
  const service = 'virtual_server 10.9.0.100 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.9.0.7 80 {\n}\n}';
  const node = new Node(bed, host, settings('lvs_sync_daemon eth0 id 3', service));
  node.start();
  await node.run('master 3, backup 3');
  node.configure(settings('lvs_sync_daemon eth0 id 4', service));
  node.daemon.signal('SIGHUP');
  await node.run('master 4, backup 4');
  await node.daemon.stop();
  await noDaemonLeft(host);
});

test('an interface that comes later: the failure is logged, and the daemon starts then', { skip }, async () => {
  const lan = bed.lan('lan3');
  const host = bed.host('late');
  bed.cable(host, 'eth1', lan, '10.9.0.1/24');
  const node = new Node(bed, host, settings('lvs_sync_daemon eth0 VI_1', instance(100).replace('eth0', 'eth1')));
  node.start();
  await node.daemon.until('the failure', () => node.daemon.lines.some((line) => /synchronisation: \w+ not started: /.test(line)));
  bed.cable(host, 'eth0', lan, '10.9.1.1/24');
  await node.run('master 51');
  await node.daemon.stop();
});

test('net_namespace_ipvs: the daemon runs where the director is', { skip }, async () => {
  const lan = bed.lan('lan4');
  const [host, director] = [bed.host('vrrp'), bed.host('director')];
  bed.cable(host, 'eth1', lan, '10.9.0.1/24');
  bed.cable(director, 'eth0', lan, '10.9.1.1/24');
  bed.atEnd(() => director.weir('unload'));
  bed.atEnd(() => endDaemons(director));
  const text = settings('lvs_sync_daemon eth0 VI_1', instance(100).replace('eth0', 'eth1'));
  const node = new Node(bed, host, `net_namespace_ipvs ${director.namespace}\n${text}`);
  node.start();
  await until(
    () => daemons(director),
    (seen) => seen === 'master 51',
    60,
  );
  assert.deepEqual(daemonProcesses(host), []);
  await node.daemon.stop();
  assert.deepEqual(daemonProcesses(director), []);
});

test('a grace period that an operator has begun for longer stays, and with 0 a takeover begins none', { skip }, async () => {
  const lan = bed.lan('lan5');
  const host = bed.host('alone');
  bed.cable(host, 'eth0', lan, '10.9.0.1/24');
  const node = new Node(bed, host, settings('lvs_sync_daemon eth0 VI_1\nlvs_sync_grace 1', instance(100)));
  ok(host.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
  ok(host.weir('sync grace 60'));
  node.start();
  await node.run('master 51');
  assert.ok(graceLeft(host) > 1);
  node.configure(settings('lvs_sync_daemon eth0 VI_1\nlvs_sync_grace 0', instance(100)));
  await node.daemon.stop();
  ok(host.weir('sync grace 0'));
  node.start();
  await node.run('master 51');
  assert.equal(graceLeft(host), 0);
  await node.daemon.stop();
});
