// Policies of IPsec for services of firewall marks. The kernel's stack has their packets by weir's own devices: rp_filter must let them in there, and
// a rule that marks packets of any address must not lead those that are translated to the service once more.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools, notWorking } from '../support/probes.js';
import { asked, ipvsadm, ok, running, serving, until } from './cluster.js';
import type { ClusterFamily } from './cluster-families.js';
import { station } from './live-child.js';

const skip = noNamespaces() || noTools('nft') || notWorking('xfrm', 'ip', 'xfrm', 'policy');
/** What has no keys, as here, then leaves as it is. */
const OPTIONAL = 'tmpl proto esp mode transport level use';
const PROTOCOLS = ['tcp', 'udp'] as const;
const BOTH = ['web1', 'web1', 'web2', 'web2'];

/** How many packets the kernel has dropped for its policies. */
const blocked = (host: Host): number => Number(/^XfrmOutPolBlock\s+(\d+)/m.exec(ok(host.run(['cat', '/proc/net/xfrm_stat'])))?.[1]);

export type MarkedPackets = 'of the service' | 'of any address';

/** `filter`: rp_filter of all interfaces. */
export function testPolicedMarks(family: ClusterFamily, which: MarkedPackets, filter: '0' | '1' | '2'): void {
  const { name, nft, option, vip, server, at } = family;
  const marks = `${which === 'of any address' ? '' : `${nft} daddr ${vip} `}meta l4proto { tcp, udp }`;

  test(`${name}: marks for packets ${which}, rp_filter ${filter}: the kernel applies policies to requests and to answers`, { skip }, () =>
    family.inCluster(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      // A rule for packets of any address marks those of the exact service, too, and the mark comes first: its servers get them at their own port.
      for (const web of [web1, web2]) for (const port of [80, 81]) await serving(cluster, web, port, family.any);
      for (const key of ['all', 'default']) lvs.sysctl(`net.ipv4.conf.${key}.rp_filter`, filter);
      // With a mark the first packet to a neighbour that the kernel does not know is lost: a datagram is not sent again.
      for (const k of [1, 2]) ok(lvs.run([...family.ping.split(' '), '-c', '1', '-W', '20', server(k)]));
      ok(lvs.run(['nft', `add table ${nft} marks`]));
      ok(lvs.run(['nft', `add chain ${nft} marks pre { type filter hook prerouting priority mangle; }`]));
      ok(lvs.run(['nft', `add rule ${nft} marks pre ${marks} meta mark set 3`]));
      ipvsadm(lvs, `-A -f 3${option} -s rr`, ...[1, 2].map((k) => `-a -f 3${option} -r ${at(server(k), 0)} -m`));
      ipvsadm(lvs, `-A -t ${at(vip, 81)} -s rr`, ...[1, 2].map((k) => `-a -t ${at(vip, 81)} -r ${at(server(k), 80)} -m`));
      const answers = (): void => {
        for (const protocol of PROTOCOLS) assert.deepEqual([...asked(client, protocol, vip, 80, 4)].sort(), BOTH, protocol);
        assert.deepEqual([...asked(client, 'tcp', vip, 81, 4)].sort(), BOTH, 'an exact service beside');
      };
      const areLost = async (): Promise<void> => {
        for (const port of [80, 81]) {
          const before = blocked(lvs);
          const { child, lines } = running(cluster.bed, client, station('ask', 'tcp', vip, port, 1, 0));
          await until(
            () => blocked(lvs),
            // The SYN, and one that was sent again.
            (now) => now > before + 1,
          );
          assert.deepEqual(lines, [], `port ${port}`);
          child.kill();
        }
      };
      answers();
      const forth = [1, 2].map((k) => `src ${family.client} dst ${server(k)} dir out`);
      for (const policies of [forth, [`src ${vip} dst ${family.client} dir out`]]) {
        for (const policy of policies) lvs.ip(`xfrm policy add ${policy} ${OPTIONAL}`);
        ok(lvs.weir('load'));
        answers();
        for (const policy of policies) lvs.ip(`xfrm policy update ${policy} action block`);
        await areLost();
        for (const policy of policies) lvs.ip(`xfrm policy update ${policy} ${OPTIONAL}`);
      }
      answers();
      assert.deepEqual([...asked(lvs, 'tcp', vip, 81, 4)].sort(), BOTH, 'from the director');
    }),
  );
}
