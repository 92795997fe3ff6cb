// The end of a drain by reset: by every method, of both families, by tc and by XDP, and with data on the way.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindTunnel } from '../datapath/behind-tunnel.js';
import { asked, inCluster, ipvsadm, ok, pollingFarEnds, serving, VIP } from '../datapath/cluster.js';
import { inCluster6, server6, VIP6 } from '../datapath/cluster6.js';
import { noNamespaces } from '../support/netns-bed.js';
import { withDrains } from './drain-cluster.js';
import { bothReset, connected, resetLeft } from './reset-ends.js';

const skip = noNamespaces();
const COUNT = 5;
const [WEB1, WEB2, DIRECT, LOCAL] = ['10.8.2.11', '10.8.2.12', '10.8.1.11', '10.8.2.77'] as const;

for (const busy of [false, true]) {
  const how = busy ? 'with data on the way' : 'idle';
  test(`DR, a tunnel and FULLNAT, ${how}`, { skip }, async () => {
    await withDrains(inCluster, async (cluster) => {
      const { lvs, client, web1, web2 } = cluster;
      // The tunnel's end would get packets that no device has cut and summed yet.
      ok(client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
      await behindTunnel(cluster, 4, 0);
      lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
      ipvsadm(
        lvs,
        ...[91, 92, 94, 95].map((port) => `-A -t ${VIP}:${port} -s rr`),
        `-a -t ${VIP}:91 -r ${DIRECT}:91 -g`,
        `-a -t ${VIP}:92 -r ${WEB1}:92 -i`,
        `-a -t ${VIP}:94 -r ${WEB2}:9494 --fullnat --local-address ${LOCAL}`,
        `-a -t ${VIP}:95 -r ${WEB2}:95 -m`,
      );
      const common = { vip: VIP, count: COUNT, busy };
      const direct = await connected(cluster, { ...common, server: web1, port: 91, address: VIP });
      const tunnelled = await connected(cluster, { ...common, server: web1, port: 92, address: VIP });
      const localised = await connected(cluster, { ...common, server: web2, port: 9494, vport: 94, address: '0.0.0.0' });
      const masqueraded = await connected(cluster, { ...common, server: web2, port: 95, address: '0.0.0.0' });
      for (const [target, ends] of [
        [DIRECT, direct],
        [`${WEB1}:92`, tunnelled],
        [`${WEB2}:9494`, localised],
        [`${WEB2}:95`, masqueraded],
      ] as const) {
        resetLeft(cluster, target);
        await bothReset(ends, COUNT, target, busy);
      }
    });
  });
}

test('IPv6, by NAT', { skip }, async () => {
  await withDrains(inCluster6, async (cluster) => {
    const { lvs, web1 } = cluster;
    ipvsadm(lvs, `-A -t [${VIP6}]:90 -s rr`, `-a -t [${VIP6}]:90 -r [${server6(1)}]:9090 -m`);
    const ends = await connected(cluster, { server: web1, port: 9090, vport: 90, address: '::', vip: VIP6, count: COUNT });
    resetLeft(cluster, `[${server6(1)}]:9090`);
    await bothReset(ends, COUNT, 'IPv6');
  });
});

test('XDP, of both families: what it would send on passes where the answers are seen', { skip }, async () => {
  await withDrains(inCluster6, async (cluster) => {
    const { lvs, web1, web2 } = cluster;
    pollingFarEnds(cluster);
    ok(lvs.weir('load --attach xdp'));
    ipvsadm(
      lvs,
      `-A -t ${VIP}:90 -s rr`,
      `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`,
      `-A -t [${VIP6}]:90 -s rr`,
      `-a -t [${VIP6}]:90 -r [${server6(2)}]:9090 -m`,
    );
    const ends = await connected(cluster, { server: web1, port: 9090, vport: 90, address: '0.0.0.0', vip: VIP, count: COUNT, busy: true });
    const ends6 = await connected(cluster, { server: web2, port: 9090, vport: 90, address: '::', vip: VIP6, count: COUNT });
    resetLeft(cluster, `${WEB1}:9090`);
    resetLeft(cluster, `[${server6(2)}]:9090`);
    await bothReset(ends, COUNT, 'XDP', true);
    await bothReset(ends6, COUNT, 'XDP, IPv6');
  });
});

test('UDP ends in the table alone', { skip }, async () => {
  await withDrains(inCluster, async (cluster) => {
    const { lvs, client, web1 } = cluster;
    await serving(cluster, web1);
    ipvsadm(
      lvs,
      `-A -t ${VIP}:90 -s rr`,
      `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`,
      `-A -u ${VIP}:80 -s rr`,
      `-a -u ${VIP}:80 -r ${WEB1}:80 -m`,
    );
    assert.deepEqual(asked(client, 'udp', VIP, 80, 3), ['web1', 'web1', 'web1']);
    const ends = await connected(cluster, { server: web1, port: 9090, vport: 90, address: '0.0.0.0', vip: VIP, count: COUNT });
    resetLeft(cluster, WEB1);
    await bothReset(ends, COUNT, 'beside UDP');
    assert.doesNotMatch(ok(lvs.ipvsadm('-Lcn')), /^UDP/m);
  });
});
