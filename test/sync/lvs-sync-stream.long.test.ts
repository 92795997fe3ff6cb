// lvs_sync_stream: the daemon starts, keeps, reloads and ends the process of weir's own stream, and VRRP waits for what it brings.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { ok, until } from '../datapath/cluster.js';
import { Bed, noNamespaces } from '../support/netns-bed.js';
import { instance, Node, settings } from './keepalived-node.js';
import { inStep, newKey, streamOf } from './stream-pair.js';

const skip = noNamespaces();
const bed = new Bed();
after(() => bed.close());

const block = (key: string, peer: number): string => `lvs_sync_stream {\nkey ${key}\nlisten 10.9.0.${3 - peer}\npeer 10.9.0.${peer}\n}`;

test('two daemons keep their tables the same, from the first moment to the last', { skip }, async () => {
  const lan = bed.lan('lan');
  const [low, high] = ([100, 200] as const).map((priority, k) => {
    const host = bed.host(`node${k + 1}`);
    bed.cable(host, 'eth0', lan, `10.9.0.${k + 1}/24`);
    ok(host.ipvsadm('-A -t 10.9.0.100:80 -s rr'));
    return new Node(bed, host, settings('', instance(priority)));
  }) as [Node, Node];
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
