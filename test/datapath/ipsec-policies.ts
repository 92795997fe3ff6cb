// Policies of IPsec, which the kernel applies to the packets of VS/NAT: a test of requests and answers.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking } from '../support/probes.js';
import { asked, type Cluster, download, ipvsadm, ok, pollingFarEnds, serving, transfer } from './cluster.js';
import type { ClusterFamily } from './cluster-families.js';
import { station } from './live-child.js';

export const skip = noNamespaces() || noTools('ethtool', 'nft') || notWorking('xfrm', 'ip', 'xfrm', 'policy');
/** What has no keys, as here, then leaves as it is. */
const OPTIONAL = 'tmpl proto esp mode transport level use';
const PROTOCOLS = ['tcp', 'udp'] as const;

/** How many packets the kernel has dropped for its policies. */
const blocked = (host: Host): number => Number(/^XfrmOutPolBlock\s+(\d+)/m.exec(ok(host.run(['cat', '/proc/net/xfrm_stat'])))?.[1]);

/** Begins to count what the stack of a host forwards. */
export function countForwarded(host: Host): () => number {
  for (const line of [
    'add table inet seen',
    'add counter inet seen forwarded',
    'add chain inet seen through { type filter hook forward priority 0; }',
    'add rule inet seen through counter name forwarded',
  ])
    ok(host.run(['nft', line]));
  return () => Number(/packets (\d+)/.exec(ok(host.run(['nft', 'list counter inet seen forwarded'])))?.[1]);
}

/** Services of both protocols and of a sink, with one server. */
export async function setUp({ server, vip, at, any }: ClusterFamily, cluster: Cluster): Promise<void> {
  const { lvs, web1 } = cluster;
  await serving(cluster, web1, 80, any);
  const services = [
    ['t', 80, 80],
    ['u', 80, 80],
    ['t', 90, 9000],
    ['t', 91, 9001],
  ] as const;
  for (const [option, port, to] of services)
    ipvsadm(lvs, `-A -${option} ${at(vip, port)} -s rr`, `-a -${option} ${at(vip, port)} -r ${at(server(1), to)} -m`);
}

/** The kernel applies policies to requests and to answers. */
export function testPolicies(family: ClusterFamily, attach: 'tc' | 'xdp'): void {
  test(`${family.name} by ${attach}: the kernel applies policies to requests and to answers`, { skip }, () =>
    family.inCluster(async (cluster) => {
      const { bed, client, lvs, web1 } = cluster;
      const { vip, server, at } = family;
      if (attach === 'xdp') pollingFarEnds(cluster);
      ok(lvs.weir(`load --attach ${attach}`));
      await setUp(family, cluster);
      const forwarded = countForwarded(lvs);
      const answers = (): void => {
        for (const protocol of PROTOCOLS) assert.deepEqual(asked(client, protocol, vip, 80, 3), ['web1', 'web1', 'web1'], protocol);
      };
      const isLost = (): void => {
        const before = blocked(lvs);
        assert.notEqual(client.run(['timeout', '2', ...station('ask', 'tcp', vip, 80, 1, 0)]).status, 0);
        assert.ok(blocked(lvs) > before);
      };
      const known = (): string => ok(lvs.weir('load'));
      answers();
      assert.equal(forwarded(), 0);
      const [back, forth] = [`src ${vip} dst ${family.client} dir out`, `src ${family.client} dst ${server(1)} dir out`];

      lvs.ip(`xfrm policy add ${back} ${OPTIONAL}`);
      assert.match(known(), /^4 destinations: known that policies of IPsec are for its packets/m);
      answers();
      const first = forwarded();
      assert.ok(first >= 12, `answers alone: ${first}`);
      lvs.ip(`xfrm policy add ${forth} ${OPTIONAL}`);
      known();
      answers();
      assert.ok(forwarded() - first >= 1.5 * first, `answers and requests: ${forwarded() - first}`);
      // Clients on the director: what the stack is to forward has a route to this host.
      for (const protocol of PROTOCOLS)
        assert.deepEqual(asked(lvs, protocol, vip, 80, 2), ['web1', 'web1'], `${protocol}, from the director`);
      // The stack's errors about what is too large come to whoever sent it.
      lvs.ip('link set eth0 mtu 1400');
      await download(bed, client, web1, vip, 91, 1 << 20);
      lvs.ip('link set eth0 mtu 1500');
      lvs.ip('link set eth1 mtu 1400');
      await transfer(bed, client, web1, vip, 90, 1 << 20);
      lvs.ip('link set eth1 mtu 1500');

      // The mark is set: what the policy does now is the kernel's.
      lvs.ip(`xfrm policy update ${back} action block`);
      isLost();
      lvs.ip(`xfrm policy del ${back}`);
      answers();
      lvs.ip(`xfrm policy update ${forth} action block`);
      isLost();
      lvs.ip(`xfrm policy del ${forth}`);
      known();
      const last = forwarded();
      answers();
      assert.equal(forwarded(), last);

      // A destination that is added is known with its policies.
      ipvsadm(lvs, `-d -t ${at(vip, 80)} -r ${at(server(1), 80)}`);
      lvs.ip(`xfrm policy add ${back} action block`);
      ipvsadm(lvs, `-a -t ${at(vip, 80)} -r ${at(server(1), 80)} -m`);
      isLost();
    }),
  );
}
