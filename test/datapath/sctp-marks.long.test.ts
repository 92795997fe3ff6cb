// SCTP under a firewall mark with living hosts, of both families: marks by nft, NAT to other ports and DR, ports and protocols in one group.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, ipvsadm, ok, serving, shared } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { associated, lastPort, servingSctp, unanswered } from './sctp-cluster.js';

const skip = noNamespaces() || noTools('nft');

interface Family extends ClusterFamily {
  /** Of a host that serves by DR: its address in front. */
  readonly direct: string;
}

const FAMILIES: readonly Family[] = [
  { ...CLUSTER4, direct: '10.8.1.12' },
  { ...CLUSTER6, direct: 'fd00:8:1::12' },
];

/** What is for the VIP gets a mark by its protocol and port, also what the director itself sends. */
function mark({ bed, lvs }: Cluster, { nft, vip }: Family, rules: readonly string[]): void {
  bed.undo(() => ok(lvs.run(['nft', `delete table ${nft} marks`])));
  ok(lvs.run(['nft', `add table ${nft} marks`]));
  ok(lvs.run(['nft', `add chain ${nft} marks pre { type filter hook prerouting priority mangle; }`]));
  ok(lvs.run(['nft', `add chain ${nft} marks out { type route hook output priority mangle; }`]));
  for (const chain of ['pre', 'out'])
    for (const rule of rules) ok(lvs.run(['nft', `add rule ${nft} marks ${chain} ${nft} daddr ${vip} ${rule}`]));
}

for (const family of FAMILIES) {
  const { name, option, vip, client: own, back, at } = family;
  const server = (k: number, port = 0): string => at(family.server(k), port);
  const sctp = (host: Host, from: string, port: number, count: number): readonly string[] =>
    associated(host, count, { vip, own: from, port });
  const inside = shared(family.inCluster);

  test(`${name}: NAT to other ports in turn, states and counts, and a client on the director`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      const lines = await Promise.all([servingSctp(cluster, web1, 3905), servingSctp(cluster, web2, 3905)]);
      mark(cluster, family, ['meta l4proto sctp th dport { 2905, 3868 } meta mark set 3']);
      ipvsadm(lvs, `-A -f 3${option} -s rr`, ...[1, 2].map((k) => `-a -f 3${option} -r ${server(k, 3905)} -m`));
      assert.deepEqual([...sctp(client, own, 2905, 2), ...sctp(client, own, 3868, 2)], ['web2', 'web1', 'web2', 'web1']);
      const rows = ipvsadm(lvs, '-Lcn').split('\n');
      const ended = rows.find((row) => row.includes(at(own, lastPort()))) ?? '';
      assert.ok(ended.startsWith('SCTP 0') && ended.includes(' CLOSED ') && ended.includes(at(vip, 3868)), rows.join('\n'));
      assert.ok(ended.endsWith(` ${server(1, 3905)}`), ended);
      assert.match(ipvsadm(lvs, '-Ln'), /^FWM {2}3/m);
      assert.match(sctp(lvs, back, 2905, 1)[0] ?? '', /^web[12]$/, 'a client on the director');
      for (const each of lines) assert.ok(!each.includes('wrong'), each.join());
      ipvsadm(lvs, '-C');
      unanswered(client, { vip, own, port: 2905 });
    });
  });

  test(`${name}: with persistence SCTP and TCP of a client go to one server; DR`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) {
        await servingSctp(cluster, web, 2905);
        await serving(cluster, web, 80, family.any);
      }
      mark(cluster, family, ['meta l4proto sctp meta mark set 3', 'tcp dport 80 meta mark set 3']);
      ipvsadm(lvs, `-A -f 3${option} -s rr -p 300`, ...[1, 2].map((k) => `-a -f 3${option} -r ${server(k)} -m`));
      assert.deepEqual([...sctp(client, own, 2905, 2), ...asked(client, 'tcp', vip, 80, 2)], ['web2', 'web2', 'web2', 'web2']);
      assert.match(ipvsadm(lvs, '-Lcn'), /^IP +0[45]:\d\d +ASSURED /m);
      cluster.bed.cable(web2, 'eth1', cluster.front, '10.8.1.12/24');
      if (family.nft === 'ip') ok(web2.weir(`realserver start --vip ${vip}`));
      else {
        web2.ip(`addr add ${family.direct}/64 dev eth1 nodad`);
        web2.ip(`addr add ${vip}/128 dev lo nodad`);
      }
      ipvsadm(lvs, '-C', `-A -f 3${option} -s rr`, `-a -f 3${option} -r ${at(family.direct, 0)} -g`);
      assert.deepEqual(sctp(client, own, 2905, 2), ['web2', 'web2']);
    });
  });
}
