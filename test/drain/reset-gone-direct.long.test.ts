// The end of a drain by reset where the client's host answers no more and the server answers it directly, by DR and by a tunnel: the server is reset where
// its answers reach the director, and keeps its connections where they do not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { behindTunnel } from '../datapath/behind-tunnel.js';
import { type Cluster, inCluster, ipvsadm, ok, until, VIP } from '../datapath/cluster.js';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { withDrains } from './drain-cluster.js';
import { connected, type Ends, resetLeft, serverReset } from './reset-ends.js';

const skip = noNamespaces() || noTools('ss', 'iptables', 'ethtool');
const COUNT = 5;
const [WEB1, DIRECT] = ['10.8.2.11', '10.8.1.11'] as const;
/** Nothing is sent on such a connection any more, so its server's kernel has no timer for it: time for what would end it by mistake. */
const STAYS_MS = 5_000;

const established = (host: Host, port: number): number =>
  ok(host.run(['ss', '-Htn', 'state', 'established', 'sport', '=', `:${port}`]))
    .split('\n')
    .filter((line) => line !== '').length;

/** The connections that the director has. */
const known = ({ lvs }: Cluster): string => ok(lvs.weir('conns'));

/** By both methods, web1 answers its clients by an interface on their network. */
async function directAndTunnelled(cluster: Cluster): Promise<readonly [direct: Ends, tunnelled: Ends]> {
  const { lvs, client, web1 } = cluster;
  // The tunnel's end would get packets that no device has cut and summed yet.
  ok(client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
  await behindTunnel(cluster, 4, 0);
  ipvsadm(
    lvs,
    ...[91, 92].map((port) => `-A -t ${VIP}:${port} -s rr`),
    `-a -t ${VIP}:91 -r ${DIRECT}:91 -g`,
    `-a -t ${VIP}:92 -r ${WEB1}:92 -i`,
  );
  const common = { server: web1, vip: VIP, count: COUNT, address: VIP };
  const direct = await connected(cluster, { ...common, port: 91 });
  const tunnelled = await connected(cluster, { ...common, port: 92 });
  return [direct, tunnelled];
}

/** It answers nothing, and its host sends no reset either; its neighbours find it still. */
const silenced = ({ client }: Cluster): void => {
  for (const chain of ['INPUT', 'OUTPUT']) ok(client.run(['iptables', '-A', chain, '-p', 'tcp', '-j', 'DROP']));
};

/** It has lost its address. */
const forgotten = ({ client }: Cluster): string => client.ip('addr flush dev eth0');

for (const [how, goes] of [
  ['silenced', silenced],
  ['forgotten', forgotten],
] as const)
  test(`DR and a tunnel, of a client that is ${how}: the director's connections end, the server's stay`, { skip }, async () => {
    await withDrains(inCluster, async (cluster) => {
      const { web1 } = cluster;
      const ends = await directAndTunnelled(cluster);
      assert.equal(known(cluster).match(/ESTABLISHED/g)?.length, 2 * COUNT);
      goes(cluster);
      for (const target of [DIRECT, `${WEB1}:92`]) resetLeft(cluster, target);
      assert.doesNotMatch(known(cluster), /ESTABLISHED/);
      await delay(STAYS_MS);
      for (const [port, { server }] of [
        [91, ends[0]],
        [92, ends[1]],
      ] as const)
        assert.deepEqual([established(web1, port), server], [COUNT, []], `port ${port}`);
      ok(web1.run(['ss', '-Ktn', 'state', 'established', 'src', VIP]));
      await until(
        () => [91, 92].map((port) => established(web1, port)),
        ([direct, tunnelled]) => direct === 0 && tunnelled === 0,
        10,
      );
    });
  });

test('DR and a tunnel, of a client that is unplugged: the switch sends the server’s answers to all its ports', { skip }, async () => {
  await withDrains(inCluster, async (cluster) => {
    const [direct, tunnelled] = await directAndTunnelled(cluster);
    cluster.client.ip('link set eth0 down');
    for (const [target, ends] of [
      [DIRECT, direct],
      [`${WEB1}:92`, tunnelled],
    ] as const) {
      resetLeft(cluster, target);
      await serverReset(ends, COUNT, target);
    }
    assert.doesNotMatch(known(cluster), /ESTABLISHED/);
  });
});

test('DR, the director being the server’s way to its clients: of a client that is silenced the server is reset', { skip }, async () => {
  await withDrains(inCluster, async (cluster) => {
    const { lvs, web1 } = cluster;
    ok(web1.weir(`realserver start --vip ${VIP}`));
    // The director sends on what comes from its own address.
    lvs.sysctl('net.ipv4.ip_forward', '1');
    for (const device of ['all', 'eth1']) lvs.sysctl(`net.ipv4.conf.${device}.rp_filter`, '0');
    lvs.sysctl('net.ipv4.conf.eth1.accept_local', '1');
    ipvsadm(lvs, `-A -t ${VIP}:91 -s rr`, `-a -t ${VIP}:91 -r ${WEB1}:91 -g`);
    const ends = await connected(cluster, { server: web1, port: 91, address: VIP, vip: VIP, count: COUNT });
    silenced(cluster);
    resetLeft(cluster, WEB1);
    await serverReset(ends, COUNT, 'DR by the director');
    assert.equal(established(web1, 91), 0);
    assert.doesNotMatch(known(cluster), /ESTABLISHED/);
  });
});
