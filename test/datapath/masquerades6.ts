// NAT of IPv6 on the real stack, by tc and by XDP, which its tests share.
import assert from 'node:assert/strict';
import { asked, type Cluster, ipvsadm, ok, pollingFarEnds, serving, transfer } from './cluster.js';
import { server6 as server, VIP6 as VIP } from './cluster6.js';

export const masqueraded = (lvs: Cluster['lvs'], port: number, serverPort: number): void => {
  for (const protocol of ['t', 'u']) {
    const service = `-${protocol} [${VIP}]:${port}`;
    ipvsadm(lvs, `-A ${service} -s rr`, ...[1, 2].map((k) => `-a ${service} -r [${server(k)}]:${serverPort} -m`));
  }
};

/** Packets that came by an interface of the director, and that XDP sent on. */
const redirected = (lvs: Cluster['lvs'], device: string): number =>
  [...ok(lvs.run(['ethtool', '-S', device])).matchAll(/rx_queue_\d+_xdp_redirect: (\d+)/g)].reduce(
    (sum, [, count]) => sum + Number(count),
    0,
  );

function getsAnotherSize(lvs: Cluster['lvs']): void {
  // Another size: the bridging programs of IPv4's table, and the plain ones after them, go on into IPv6's, whose table is the next one.
  const clients = (): readonly string[] =>
    ipvsadm(lvs, '-Lcn')
      .match(/^UDP .*\[fd00:8:1::10\]:\d+/gm)
      ?.map((row) => row.slice(-24))
      .sort() ?? [];
  const before = clients();
  assert.equal(before.length, 4);
  assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
  assert.deepEqual(clients(), before);
}

/** In a cluster of IPv6. `resized`: through another size of the table, too. */
export async function masquerades(cluster: Cluster, attach: 'tc' | 'xdp', resized = false): Promise<void> {
  const { bed, client, lvs, web1, web2 } = cluster;
  if (attach === 'xdp') pollingFarEnds(cluster);
  ok(lvs.weir(`load --attach ${attach}`));
  for (const web of [web1, web2]) await serving(cluster, web, 8080, '::');
  masqueraded(lvs, 80, 8080);
  for (const from of [client, lvs]) {
    assert.deepEqual(asked(from, 'tcp', VIP, 80, 4), ['web2', 'web1', 'web2', 'web1'], `TCP from ${from.name}`);
    assert.deepEqual(asked(from, 'udp', VIP, 80, 4), ['web2', 'web1', 'web2', 'web1'], `UDP from ${from.name}`);
  }
  assert.match(ipvsadm(lvs, '-Ln'), /TCP {2}\[fd00:8:1::100\]:80 rr\n {2}-> \[fd00:8:2::11\]:8080 +Masq +1 +0 +4/);
  const connections = ipvsadm(lvs, '-Lcn');
  assert.match(connections, /UDP \d\d:\d\d +UDP +\[fd00:8:1::10\]:\d+ +\[fd00:8:1::100\]:80 +\[fd00:8:2::1[12]\]:8080/);
  if (resized) getsAnotherSize(lvs);
  assert.deepEqual(asked(client, 'udp', VIP, 80, 2), ['web2', 'web1']);
  ipvsadm(lvs, `-A -t [${VIP}]:90 -s rr`, `-a -t [${VIP}]:90 -r [${server(1)}]:9000 -m`);
  await transfer(bed, client, web1, VIP, 90);
  if (attach === 'tc') return;
  for (const device of ['eth0', 'eth1']) assert.ok(redirected(lvs, device) > 100, `XDP sent on what came by ${device}`);
}
