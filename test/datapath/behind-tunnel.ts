// A living server behind a tunnel: it takes the packets out itself, so that no tunnel device of the kernel is needed.
import assert from 'node:assert/strict';
import { type Cluster, running, serving, until, VIP } from './cluster.js';
import { DECAPSULATE } from './decapsulate.js';

/** web1 answers from the VIP, by an interface on its clients' network. */
export async function behindTunnel(cluster: Cluster, protocol: number, port: number): Promise<void> {
  const { bed, web1, front } = cluster;
  const { child, lines } = running(bed, web1, ['perl', '-e', DECAPSULATE, String(protocol), String(port)]);
  await until(
    () => lines,
    (seen) => seen[0] === 'ready',
  );
  assert.equal(child.exitCode, null);
  web1.sysctl('net.ipv4.conf.all.arp_ignore', '1');
  web1.sysctl('net.ipv4.conf.all.arp_announce', '2');
  bed.cable(web1, 'eth1', front, '10.8.1.11/24');
  web1.ip(`addr add ${VIP}/32 dev tun0`);
  web1.ip('link set tun0 up');
  for (const device of ['all', 'tun0', 'eth0']) web1.sysctl(`net.ipv4.conf.${device}.rp_filter`, '0');
  await serving(cluster, web1, 80, VIP);
  // Its own neighbours are known then: what it sends first would wait for them.
  web1.run(['ping', '-c', '1', '-W', '2', '10.8.1.10']);
}
