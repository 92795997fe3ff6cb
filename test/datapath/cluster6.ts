// The cluster's hosts (cluster.ts) with addresses of IPv6 besides; the director forwards.
import { type Cluster, inCluster } from './cluster.js';

export const VIP6 = 'fd00:8:1::100';
export const [CLIENT6, FRONT6, BACK6] = ['fd00:8:1::10', 'fd00:8:1::1', 'fd00:8:2::1'];
export const server6 = (k: number): string => `fd00:8:2::1${k}`;

export async function inCluster6(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  await inCluster(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    client.ip(`addr add ${CLIENT6}/64 dev eth0 nodad`);
    lvs.ip(`addr add ${FRONT6}/64 dev eth0 nodad`);
    lvs.ip(`addr add ${VIP6}/128 dev eth0 nodad`);
    lvs.ip(`addr add ${BACK6}/64 dev eth1 nodad`);
    lvs.sysctl('net.ipv6.conf.all.forwarding', '1');
    for (const [k, web] of [web1, web2].entries()) {
      web.ip(`addr add ${server6(k + 1)}/64 dev eth0 nodad`);
      web.ip(`-6 route add default via ${BACK6}`);
    }
    await work(cluster);
  });
}
