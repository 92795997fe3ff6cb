// New connections and the host's packet filter (`weir load --firewall honour`) with living hosts, by each method and protocol: rules of INPUT refuse
// clients of persistence, SCTP, DR, FULLNAT and of servers behind tunnels, and those of firewall marks are FORWARD's, as ever.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { behindTunnel } from './behind-tunnel.js';
import { asked, type Cluster, ipvsadm, ok, serving, VIP } from './cluster.js';
import { type Family, FOUR, iptablesMarks, SIX, shell, skip } from './marked-cluster.js';
import { associated, PORT, servingSctp, unanswered } from './sctp-cluster.js';

const HONOURED = /new connections pass the packet filter of this host/;
const [LOCAL, MARK, GRE] = ['10.8.2.77', 3, 47];

/** For whose sake the rules go with the test. */
function honour({ bed, lvs }: Cluster, { iptables }: Family): void {
  bed.undo(() => shell(lvs, `${iptables} -F`));
  assert.match(ok(lvs.weir('load --firewall honour')), HONOURED);
}

const filtered = ({ lvs }: Cluster): string => ok(lvs.weir('stats drops'));

for (const family of [FOUR, SIX]) {
  const { name, vip, at, iptables, client: from, option } = family;

  test(`${name}: persistence, SCTP, DR and marks behind the packet filter`, { skip }, async () => {
    await family.inCluster(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      const direct = await family.servingDirect(cluster, web1);
      for (const port of [81, 90]) await serving(cluster, web2, port, family.any);
      await servingSctp(cluster, web2, 3905);
      iptablesMarks(cluster, family, [['tcp', 90, MARK]]);
      ipvsadm(
        lvs,
        `-A -t ${at(vip, 80)} -s rr`,
        `-a -t ${at(vip, 80)} -r ${at(direct, 80)} -g`,
        `-A -t ${at(vip, 81)} -s rr -p 300`,
        `-a -t ${at(vip, 81)} -r ${at(family.server(2), 81)} -m`,
        `-A --sctp-service ${at(vip, PORT)} -s rr`,
        `-a --sctp-service ${at(vip, PORT)} -r ${at(family.server(2), 3905)} -m`,
        `-A -f ${MARK}${option} -s rr`,
        `-a -f ${MARK}${option} -r ${at(family.server(2), 0)} -m`,
      );
      honour(cluster, family);
      const tcp = (port: number): string => asked(client, 'tcp', vip, port, 1).join();
      const served = { 80: 'web1', 81: 'web2', 90: 'web2' } as const;
      const all = (): Readonly<Record<number, string>> => ({ 80: tcp(80), 81: tcp(81), 90: tcp(90) });
      assert.deepEqual(all(), served, 'accepted');
      assert.deepEqual(associated(client, 2, { vip, own: from }), ['web2', 'web2']);
      assert.match(filtered(cluster), /firewall/);
      shell(lvs, `${iptables} -A INPUT -s ${from} -p tcp -j REJECT; ${iptables} -A INPUT -s ${from} -p sctp -j DROP`);
      assert.deepEqual(
        all(),
        { 80: 'ECONNREFUSED', 81: 'ECONNREFUSED', 90: 'web2' },
        'the template does not spare it, FORWARD has the mark',
      );
      unanswered(client, { vip, own: from });
      shell(lvs, `${iptables} -F; ${iptables} -A FORWARD -s ${from} -o weir0 -p tcp -j REJECT`);
      assert.deepEqual(all(), { 80: 'web1', 81: 'web2', 90: 'ECONNREFUSED' });
      assert.deepEqual(associated(client, 1, { vip, own: from }), ['web2']);
    });
  });
}

test('IPv4: FULLNAT and a server behind a tunnel, behind the packet filter', { skip }, async () => {
  await FOUR.inCluster(async (cluster) => {
    const { client, lvs, web2 } = cluster;
    ok(client.run(['ethtool', '-K', 'eth0', 'tx', 'off', 'tso', 'off', 'gso', 'off']));
    await behindTunnel(cluster, GRE, 0);
    lvs.ip(`addr add ${LOCAL}/24 dev eth1`);
    web2.run(['ip', 'route', 'del', 'default']);
    await serving(cluster, web2, 81);
    for (const protocol of ['t', 'u'])
      ipvsadm(
        lvs,
        `-A -${protocol} ${VIP}:80 -s rr`,
        `-a -${protocol} ${VIP}:80 -r 10.8.2.11:80 -i --tun-type gre`,
        `-A -${protocol} ${VIP}:81 -s rr`,
        `-a -${protocol} ${VIP}:81 -r 10.8.2.12:81 --fullnat --local-address ${LOCAL}`,
      );
    honour(cluster, FOUR);
    const both = (protocol: 'tcp' | 'udp'): readonly string[] => [80, 81].flatMap((port) => asked(client, protocol, VIP, port, 1));
    assert.deepEqual([...both('tcp'), ...both('udp')], ['web1', 'web2', 'web1', 'web2']);
    shell(lvs, `iptables -A INPUT -s 10.8.1.10 -p tcp -j REJECT`);
    assert.deepEqual([...both('tcp'), ...both('udp')], ['ECONNREFUSED', 'ECONNREFUSED', 'web1', 'web2']);
    // What takes weir's chain away makes them find a closed port; what the unit runs behind it brings them back.
    shell(lvs, 'nft flush ruleset');
    assert.deepEqual(both('tcp'), ['ECONNREFUSED', 'ECONNREFUSED']);
    assert.equal(ok(lvs.weir('load --if-loaded')), '');
    assert.deepEqual(both('tcp'), ['web1', 'web2']);
    assert.match(filtered(cluster), /firewall/);
  });
});
