// AH and ESP with living hosts: ESP follows its key exchange to its server and back, by a service of UDP port 500 and by a mark.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { type Cluster, ipvsadm, ok, running, serving, until } from './cluster.js';
import type { ClusterFamily } from './cluster-families.js';
import { espStation } from './ipsec-child.js';
import { station } from './live-child.js';

const skip = noNamespaces() || noTools('nft');
const ISAKMP = 500;

/** A server of the key exchange and of ESP. */
async function servingBoth(cluster: Cluster, host: Host, any: string): Promise<void> {
  await serving(cluster, host, ISAKMP, any);
  const { lines } = running(cluster.bed, host, espStation('serve', host.name));
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
}

export function testEsp({ name, nft, option, vip, client: own, any, ping, server, at, inCluster: inside }: ClusterFamily): void {
  test(`${name}: ESP goes where its key exchange went, and its answers come from the virtual address`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) await servingBoth(cluster, web, any);
      // With a mark the first packet to a neighbour that the kernel does not know is lost: a datagram is not sent again.
      for (const k of [1, 2]) ok(lvs.run([...ping.split(' '), '-c', '1', '-W', '20', server(k)]));
      const exchanged = (): string => ok(client.run(station('ask', 'udp', vip, ISAKMP, 1, ISAKMP))).trim();
      const asked = (): string => ok(client.run(espStation('ask', vip, own))).trim();
      ipvsadm(lvs, `-A -u ${at(vip, ISAKMP)} -s rr`, ...[1, 2].map((k) => `-a -u ${at(vip, ISAKMP)} -r ${at(server(k), ISAKMP)} -m`));
      assert.deepEqual([exchanged(), asked()], ['web2', `web2 from ${vip}`]);
      ipvsadm(lvs, '-C');
      ok(lvs.run(['nft', `add table ${nft} marks`]));
      ok(lvs.run(['nft', `add chain ${nft} marks pre { type filter hook prerouting priority mangle; }`]));
      ok(lvs.run(['nft', `add rule ${nft} marks pre ${nft} daddr ${vip} meta l4proto { udp, esp } meta mark set 3`]));
      // What is left of the service that went is given up.
      ok(lvs.weir('sysctl -w net.ipv4.vs.expire_nodest_conn=1'));
      ipvsadm(lvs, `-A -f 3${option} -s rr`, `-a -f 3${option} -r ${at(server(1), 0)} -m`);
      assert.deepEqual([exchanged(), asked()], ['web1', `web1 from ${vip}`], 'by a mark');
      assert.match(ipvsadm(lvs, '-Lcn'), new RegExp(`^UDP +0[45]:\\d\\d +UDP .*${server(1)}.*:500$`, 'm'));
    });
  });
}
