// weir explain of what has a firewall mark agrees with what becomes of real packets, where the kernel forwards and where it does not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Explanation } from '../../src/report/explain/explanation.js';
import { type Cluster, ipvsadm, ok, serving } from '../datapath/cluster.js';
import { CLIENT6, inCluster6, server6, VIP6 } from '../datapath/cluster6.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() || noTools('nft', 'curl') };

const RULES = `table inet marks {
  chain pre {
    type filter hook prerouting priority -150;
    tcp dport 81 meta mark set 3
  }
}`;

interface Case {
  readonly client: string;
  /** An address of the director, and one that it routes to. */
  readonly targets: readonly string[];
  readonly server: string;
  readonly flag: string;
  /** The sysctl that the kernel looks at. */
  readonly looked: string;
}

const CASES: readonly Case[] = [
  {
    client: '10.8.1.10',
    targets: ['10.8.1.100', '203.0.113.9'],
    server: '10.8.2.11',
    flag: '',
    looked: 'net.ipv4.conf.eth0.forwarding',
  },
  {
    client: CLIENT6,
    targets: [VIP6, 'fd00:cc::9'],
    server: server6(1),
    flag: ' -6',
    looked: 'net.ipv6.conf.all.forwarding',
  },
];

const end = (address: string, port: number): string => (address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`);

function explained({ lvs }: Cluster, client: string, target: string): Explanation {
  return JSON.parse(ok(lvs.weir(`explain --json --begin --from ${end(client, 5000)} --to ${end(target, 81)} --mark 3`))) as Explanation;
}

const isServed = ({ client }: Cluster, target: string): boolean =>
  client.run(['curl', '-s', '--http0.9', '--max-time', '1', '--data', '?', `http://${end(target, 81)}/`]).stdout.includes('web1');

test('what a mark leads to weir is explained as the kernel forwards it', on, async () => {
  await inCluster6(async (cluster) => {
    const { lvs, client, web1 } = cluster;
    client.ip('route add default via 10.8.1.1');
    client.ip('-6 route add default via fd00:8:1::1');
    await serving(cluster, web1, 80, '::');
    ok(lvs.run(['nft', RULES]));
    for (const { client: from, targets, server, flag, looked } of CASES) {
      ipvsadm(lvs, `-A -f 3${flag} -s rr`);
      ipvsadm(lvs, `-a -f 3${flag} -r ${end(server, 80)} -m`);
      for (const forwards of ['0', '1']) {
        lvs.sysctl(looked, forwards);
        for (const target of targets) {
          const { verdict, settings, leaves, service } = explained(cluster, from, target);
          const settled = settings.filter(({ name }) => name === looked).map(({ value }) => value);
          const expected = forwards === '1' ? [true, 'forwarded', [], 'eth1'] : [false, 'dropped', ['0'], undefined];
          assert.deepEqual([isServed(cluster, target), verdict, settled, leaves?.device], expected, `${target}, ${looked}=${forwards}`);
          assert.equal(service?.name, `FWM 3${flag === '' ? '' : ' IPv6'}`);
        }
      }
      // The packet filter drops it on its way to weir's own device.
      ok(lvs.run(['nft', `table inet guard { chain onward { type filter hook forward priority 0; tcp dport 81 drop; }; }`]));
      const [target = ''] = targets;
      const { verdict, leaves, filter } = explained(cluster, from, target);
      const rules = ['"tcp dport 81 drop" (nft, inet guard onward)'];
      assert.deepEqual(
        [isServed(cluster, target), verdict, leaves, filter],
        [false, 'dropped', null, { fate: 'dropped', rules, unread: null }],
      );
      ok(lvs.run(['nft', 'delete table inet guard']));
    }
  });
});
