// The end of a drain by reset where the client's host answers no more: the server's end is reset wherever its answers pass the director.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Cluster, inCluster, ipvsadm, ok, pollingFarEnds, VIP } from '../datapath/cluster.js';
import { CLUSTER4 } from '../datapath/cluster-families.js';
import { inCluster6, server6, VIP6 } from '../datapath/cluster6.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { withDrains } from './drain-cluster.js';
import { bothReset, connected, resetLeft, serverReset } from './reset-ends.js';

const skip = noNamespaces() || noTools('iptables');
const [COUNT, MANY] = [5, 600] as const;
const [WEB1, WEB2, LOCAL] = ['10.8.2.11', '10.8.2.12', '10.8.2.77'] as const;

/** Its link is down: the director still knows its neighbour. */
const unplugged = ({ client }: Cluster): string => client.ip('link set eth0 down');

/** It has lost its addresses, and the director its neighbour: what is sent to it waits until no host answers for it. */
function forgotten({ client, lvs }: Cluster): void {
  client.ip('addr flush dev eth0');
  lvs.ip('neigh flush dev eth0');
}

const noneEstablished = ({ lvs }: Cluster): void => assert.doesNotMatch(ok(lvs.ipvsadm('-Lcn')), /ESTABLISHED/);

for (const [how, goes] of [
  ['unplugged', unplugged],
  ['forgotten', forgotten],
] as const)
  test(`NAT and FULLNAT, of a client that is ${how}: the server's end is reset`, { skip }, async () => {
    await withDrains(inCluster, async (cluster) => {
      const { lvs, web1, web2 } = cluster;
      lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
      ipvsadm(
        lvs,
        ...[90, 94].map((port) => `-A -t ${VIP}:${port} -s rr`),
        `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`,
        `-a -t ${VIP}:94 -r ${WEB2}:9494 --fullnat --local-address ${LOCAL}`,
      );
      const common = { vip: VIP, count: COUNT, address: '0.0.0.0' };
      const masqueraded = await connected(cluster, { ...common, server: web1, port: 9090, vport: 90 });
      const localised = await connected(cluster, { ...common, server: web2, port: 9494, vport: 94 });
      goes(cluster);
      resetLeft(cluster, WEB1);
      await serverReset(masqueraded, COUNT, 'NAT');
      resetLeft(cluster, WEB2);
      await serverReset(localised, COUNT, 'FULLNAT');
      noneEstablished(cluster);
    });
  });

test('hundreds of connections of a client that is forgotten: what waits for it holds no reset of a server up', { skip }, async () => {
  await withDrains(inCluster, async (cluster) => {
    const { lvs, web1 } = cluster;
    ipvsadm(lvs, `-A -t ${VIP}:90 -s rr`, `-a -t ${VIP}:90 -r ${WEB1}:9090 -m`);
    const ends = await connected(cluster, { server: web1, port: 9090, vport: 90, address: '0.0.0.0', vip: VIP, count: MANY });
    forgotten(cluster);
    resetLeft(cluster, WEB1);
    await serverReset(ends, MANY, 'many');
    noneEstablished(cluster);
  });
});

test('IPv6, by tc and by XDP', { skip }, async () => {
  for (const mode of ['tc', 'xdp'] as const)
    await withDrains(inCluster6, async (cluster) => {
      const { lvs, web1 } = cluster;
      if (mode === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${mode}`));
      ipvsadm(lvs, `-A -t [${VIP6}]:90 -s rr`, `-a -t [${VIP6}]:90 -r [${server6(1)}]:9090 -m`);
      const ends = await connected(cluster, { server: web1, port: 9090, vport: 90, address: '::', vip: VIP6, count: COUNT });
      forgotten(cluster);
      lvs.ip('-6 neigh flush dev eth0');
      resetLeft(cluster, `[${server6(1)}]:9090`);
      await serverReset(ends, COUNT, `IPv6 by ${mode}`);
    });
});

test('a service of a firewall mark: both ends, and the server alone where the client is gone', { skip }, async () => {
  await withDrains(CLUSTER4.inCluster, async (cluster) => {
    const { lvs, web1, web2 } = cluster;
    ok(lvs.run(['iptables', '-t', 'mangle', '-A', 'PREROUTING', '-d', VIP, '-p', 'tcp', '--dport', '93', '-j', 'MARK', '--set-mark', '7']));
    ipvsadm(lvs, '-A -f 7 -s rr', `-a -f 7 -r ${WEB1} -m`);
    const common = { vip: VIP, count: COUNT, address: '0.0.0.0' };
    const living = await connected(cluster, { ...common, server: web1, port: 93 });
    resetLeft(cluster, 'mark:7');
    await bothReset(living, COUNT, 'mark');
    ipvsadm(lvs, `-d -f 7 -r ${WEB1}`);
    ipvsadm(lvs, `-a -f 7 -r ${WEB2} -m`);
    const ends = await connected(cluster, { ...common, server: web2, port: 93 });
    unplugged(cluster);
    resetLeft(cluster, 'mark:7');
    await serverReset(ends, COUNT, 'mark, of a client that is gone');
    noneEstablished(cluster);
  });
});
