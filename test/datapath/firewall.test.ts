// New connections and the host's packet filter (`weir load --firewall honour`) with living hosts, of both families: rules of INPUT, raw and mangle
// refuse clients as they do for the kernel's IPVS, and established connections take the short way.
import assert from 'node:assert/strict';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, ipvsadm, ok, running, serving, shared, until } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { station } from './live-child.js';
import { shell } from './marked-cluster.js';

const skip = noNamespaces() || noTools('iptables', 'ip6tables', 'nft');
const FAMILIES = [
  { ...CLUSTER4, iptables: 'iptables', table: 'ip weir' },
  { ...CLUSTER6, iptables: 'ip6tables', table: 'ip6 weir' },
] as const;
type Tested = (typeof FAMILIES)[number];

const HONOURED = /new connections pass the packet filter of this host/;

/** Rules of INPUT, which go with the test. */
function inputRules({ bed, lvs }: Cluster, { iptables }: Tested, ...rules: readonly string[]): void {
  bed.undo(() => shell(lvs, `${iptables} -P INPUT ACCEPT; ${iptables} -F; ${iptables} -t raw -F; ${iptables} -t mangle -F`));
  for (const rule of rules) shell(lvs, `${iptables} ${rule}`);
}

const counts = ({ lvs }: Cluster): string => ok(lvs.weir('stats drops'));

for (const family of FAMILIES) {
  const { name, vip, at, iptables, table } = family;
  const inside: ClusterFamily['inCluster'] = shared(family.inCluster);

  async function balanced(cluster: Cluster, ...lines: readonly string[]): Promise<void> {
    const { web1, web2 } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web, 80, family.any);
    ipvsadm(cluster.lvs, ...lines);
  }
  const service = (protocol: 't' | 'u', k: number): readonly string[] => [
    `-A -${protocol} ${at(vip, 80)} -s rr`,
    `-a -${protocol} ${at(vip, 80)} -r ${at(family.server(k), 80)} -m`,
  ];

  (family === FAMILIES[0] ? test : breadth)(
    `${name}: a client that INPUT drops is refused, its established connection goes on, and others are served`,
    { skip },
    async () => {
      await inside(async (cluster) => {
        const { bed, client, lvs, web1 } = cluster;
        await web1.serve(bed, station('echo', 8080, family.any));
        await balanced(cluster, ...service('t', 1), ...service('u', 2));
        ipvsadm(lvs, `-A -t ${at(vip, 81)} -s rr`, `-a -t ${at(vip, 81)} -r ${at(family.server(1), 8080)} -m`);
        assert.match(ok(lvs.weir('load --firewall honour')), HONOURED);
        bed.undo(() => lvs.weir('load --firewall fast'));
        assert.deepEqual([...asked(client, 'tcp', vip, 80, 2), ...asked(client, 'udp', vip, 80, 2)], ['web1', 'web1', 'web2', 'web2']);
        const talk = running(bed, client, station('talk', vip, 81, 2));
        await until(
          () => talk.lines,
          (seen) => seen[0] === 'begun',
        );
        inputRules(cluster, family, `-A INPUT -s ${family.client} -j REJECT`);
        assert.deepEqual(asked(client, 'tcp', vip, 80, 1), ['ECONNREFUSED']);
        shell(lvs, `${iptables} -F; ${iptables} -t raw -A PREROUTING -s ${family.client} -p tcp --dport 80 -j DROP`);
        assert.deepEqual(shell(client, `timeout 3 bash -c 'echo > /dev/tcp/${vip}/80' 2>/dev/null; echo $?`).trim(), '124');
        shell(lvs, `${iptables} -t raw -F; ${iptables} -A INPUT -s ${family.client} -p tcp -j REJECT --reject-with tcp-reset`);
        assert.deepEqual(asked(client, 'tcp', vip, 80, 1), ['ECONNREFUSED']);
        talk.child.kill('SIGTERM');
        await until(
          () => talk.lines,
          (seen) => seen[1] === '2 of 2',
        );
        assert.match(counts(cluster), /firewall/);
        // Of the director's own clients there is no INPUT.
        assert.deepEqual(asked(lvs, 'tcp', vip, 80, 1), ['web1']);
        assert.equal(
          ok(lvs.weir('load --firewall fast')),
          'firewall: new connections are balanced in front of the packet filter of this host\n',
        );
        assert.doesNotMatch(ok(lvs.weir('status')), /repairs? due/);
        assert.equal(ok(lvs.weir('load')), 'weir1: detached from tc ingress\n', 'by the command after it: what had been accepted has come');
        assert.equal(ok(lvs.weir('load')), '');
        assert.deepEqual(asked(client, 'tcp', vip, 80, 1), ['web1']);
        assert.doesNotMatch(shell(lvs, 'nft list tables'), new RegExp(table));
        const edited = lvs.ipvsadm(`-E -t ${at(vip, 80)} -s rr`);
        assert.equal(edited.status, 0);
        assert.match(edited.stderr, new RegExp(`not applied to balanced connections: "-s ${family.client}/\\d+ -p tcp -j REJECT`));
        assert.match(lvs.weir('doctor').stdout, /-j REJECT[^\n]* does not apply to TCP/);
      });
    },
  );

  (family === FAMILIES[0] ? test : breadth)(
    `${name}: a ruleset with states, accepted ports and a final REJECT lets in what it names`,
    { skip },
    async () => {
      await inside(async (cluster) => {
        const { bed, client, lvs, web1 } = cluster;
        await balanced(cluster, ...service('t', 1));
        await serving(cluster, web1, 8081, family.any);
        ipvsadm(lvs, `-A -t ${at(vip, 8081)} -s rr`, `-a -t ${at(vip, 8081)} -r ${at(family.server(1), 8081)} -m`);
        inputRules(
          cluster,
          family,
          '-A INPUT -i lo -j ACCEPT',
          '-A INPUT -m conntrack --ctstate ESTABLISHED,RELATED -j ACCEPT',
          '-A INPUT -m conntrack --ctstate INVALID -j DROP',
          ...(iptables === 'iptables' ? ['-A INPUT -p icmp -j ACCEPT'] : ['-A INPUT -p icmpv6 -j ACCEPT']),
          '-A INPUT -i eth0 -p tcp -m conntrack --ctstate NEW -m multiport --dports 22,80,443 -j ACCEPT',
          '-A INPUT -j REJECT',
        );
        ok(lvs.weir('load --firewall honour'));
        bed.undo(() => lvs.weir('load --firewall fast'));
        assert.deepEqual(asked(client, 'tcp', vip, 80, 3), ['web1', 'web1', 'web1']);
        assert.deepEqual(asked(client, 'tcp', vip, 8081, 1), ['ECONNREFUSED']);
        // A service that comes later is behind the filter, too, and so is one of all ports.
        ipvsadm(lvs, ...service('u', 2), `-A -t ${at(vip, 0)} -s rr -p 60`, `-a -t ${at(vip, 0)} -r ${at(family.server(1), 0)} -m`);
        ipvsadm(lvs, `-D -t ${at(vip, 8081)}`, `-D -t ${at(vip, 80)}`);
        await serving(cluster, web1, 443, family.any);
        assert.deepEqual([...asked(client, 'tcp', vip, 443, 2), ...asked(client, 'tcp', vip, 8081, 1)], ['web1', 'web1', 'ECONNREFUSED']);
        // What `nft flush ruleset` takes away comes back with the next command.
        shell(lvs, `nft delete table ${table}`);
        ipvsadm(lvs, '-Ln');
        assert.deepEqual(asked(client, 'tcp', vip, 443, 1), ['web1']);
        shell(lvs, `nft delete table ${table}`);
        assert.match(ok(lvs.weir('load')), /^firewall: the way back from the packet filter .* was gone, and is there again\n$/);
        assert.equal(ok(lvs.weir('load')), '');
        // And so does the way by weir's pair, where this was down, or was made again.
        for (const lost of ['link set weir0 down', 'link del weir0']) {
          lvs.ip(lost);
          ipvsadm(lvs, '-Ln');
          assert.deepEqual(asked(client, 'tcp', vip, 443, 1), ['web1'], lost);
        }
      });
    },
  );

  (family === FAMILIES[0] ? test : breadth)(
    `${name}: with honour and no service left for a new connection the client gets the error`,
    { skip },
    async () => {
      await inside(async (cluster) => {
        const { bed, client, lvs } = cluster;
        ipvsadm(lvs, `-A -t ${at(vip, 80)} -s rr`);
        ok(lvs.weir('load --firewall honour'));
        bed.undo(() => lvs.weir('load --firewall fast'));
        assert.deepEqual(asked(client, 'tcp', vip, 80, 1), ['ECONNREFUSED']);
      });
    },
  );
}
