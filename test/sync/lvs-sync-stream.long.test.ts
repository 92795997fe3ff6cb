// lvs_sync_stream: the daemon starts, keeps, reloads and ends the process of weir's own stream, and VRRP waits for what it brings.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { Bed, type Host, noNamespaces } from '../support/netns-bed.js';
import { instance, Node, pairOnLan, settings } from './keepalived-node.js';
import { inStep, newKey, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

const block = (key: string, peer: number): string => `lvs_sync_stream {\nkey ${key}\nlisten 10.9.0.${3 - peer}\npeer 10.9.0.${peer}\n}`;

test('two daemons keep their tables the same, from the first moment to the last', { skip }, async () => {
  const [low, high] = pairOnLan(bed);
  const key = newKey({ bed, lvs: low.host }).file;
  const nodes = [low, high] as const;
  for (const [k, node] of nodes.entries()) node.configure(settings(block(key, 2 - k), instance((k + 1) * 100)));

  low.start();
  const child = await low.daemon.logged(/Starting Synchronisation child process, pid=\d+/);
  await low.daemon.logged(/\(VI_1\) Entering MASTER STATE/);
  high.start();
  await high.daemon.logged(/\(VI_1\) Entering MASTER STATE/);
  await inStep(low.host, high.host);
  const grace = JSON.parse(ok(high.host.weir('sync grace --json'))) as { readonly seconds: number } | null;
  assert.ok(grace === null || grace.seconds === 3, 'a takeover begins one');

  process.kill(Number(/\d+$/.exec(child)?.[0]), 'SIGKILL');
  await low.daemon.until('another process', () => low.daemon.count(/Starting Synchronisation child process/) === 2);
  await inStep(low.host, high.host);

  const none = () =>
    until(
      () => streamOf(low.host),
      (answer) => answer === undefined,
      60,
    );
  low.configure(settings(block('/none', 2), instance(100)));
  low.daemon.signal('SIGHUP');
  await low.daemon.logged(/synchronisation does not run, and is tried again: .*\/none/);
  await none();
  low.configure(settings(block(key, 2), instance(100)));
  low.daemon.signal('SIGHUP');
  await inStep(low.host, high.host);
  low.configure(settings('', instance(100)));
  low.daemon.signal('SIGHUP');
  await none();
  for (const node of nodes) await node.daemon.stop();
  assert.equal(streamOf(high.host), undefined);
});

test('lvs_sync_daemon runs beside a stream while a peer has no session, and for as long', { skip }, async () => {
  const lan = bed.lan('lan2');
  const both = (key: string, peer: number): string => `lvs_sync_daemon eth0 VI_1\n${block(key, peer)}`;
  const hosts = [1, 2].map((k) => {
    const host = bed.host(`both${k}`);
    bed.cable(host, 'eth0', lan, `10.9.0.${k}/24`);
    ok(host.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
    return host;
  }) as [Host, Host];
  const key = newKey({ bed, lvs: hosts[0] }).file;
  const nodes = hosts.map((host, k) => new Node(bed, host, settings(both(key, 2 - k), instance((2 - k) * 100)))) as [Node, Node];
  const [first, second] = nodes;
  for (const node of nodes) node.start();
  await inStep(...hosts);
  for (const node of nodes) await node.run('');

  // As a director that has the kernel's IPVS would.
  second.configure(settings('lvs_sync_daemon eth0 VI_1', instance(100)));
  second.daemon.signal('SIGHUP');
  await second.run('backup 51');
  await first.run('master 51');
  assert.match(ok(first.host.weir('sync status')), /^master by eth0, id 51, .*, peers 10\.9\.0\.2$/m);
  assert.match(ok(second.host.weir('sync status')), /^backup by eth0, id 51, .* bytes$/m, 'without a stream: from any');
  await first.daemon.logged(/the kernel’s protocol is needed: no session of the stream with 10\.9\.0\.2$/m);

  second.configure(settings(both(key, 1), instance(100)));
  second.daemon.signal('SIGHUP');
  await inStep(...hosts);
  for (const node of nodes) {
    await node.run('');
    await node.daemon.logged(/the kernel’s protocol is not needed: all peers have a session of the stream$/m);
  }
  for (const node of nodes) await node.daemon.stop();
});

test('without an instance it is the checker that looks', { skip }, async () => {
  const host = bed.host('alone');
  const lan = bed.lan('lan3');
  bed.cable(host, 'eth0', lan, '10.9.0.1/24');
  const key = newKey({ bed, lvs: host }).file;
  const service = 'virtual_server 10.9.0.100 80 {\nlvs_sched rr\nlvs_method NAT\nprotocol TCP\nreal_server 10.9.0.7 80 {\n}\n}';
  const node = new Node(bed, host, settings(`lvs_sync_daemon eth0 id 9\n${block(key, 2)}`, service));
  node.start();
  await node.run('master 9, backup 9');
  await node.daemon.stop();
});
