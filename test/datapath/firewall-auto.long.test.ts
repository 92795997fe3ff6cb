// Without a choice of the operator's, new connections pass the host's packet filter where a rule of it may drop packets for a service, with living
// hosts of both families; and what takes weir's rules away does not end that.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { ENTRY, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { RunningDaemon } from '../support/running-daemon.js';
import { asked, type Cluster, ipvsadm, ok, serving, shared, until } from './cluster.js';
import { CLUSTER4, CLUSTER6, type ClusterFamily } from './cluster-families.js';
import { shell } from './marked-cluster.js';

const skip = noNamespaces() || noTools('iptables', 'ip6tables', 'nft');
const FAMILIES = [
  { ...CLUSTER4, iptables: 'iptables', table: 'ip weir' },
  { ...CLUSTER6, iptables: 'ip6tables', table: 'ip6 weir' },
] as const;

const PASSES = /new connections pass the packet filter/;
const IN_FRONT = /new connections are balanced in front of the packet filter/;

for (const family of FAMILIES) {
  const { name, vip, at, iptables, table, client: from } = family;
  const inside: ClusterFamily['inCluster'] = shared(family.inCluster);

  /** TCP to web1. Rules, and the mode, go with the test. */
  async function begin(cluster: Cluster): Promise<void> {
    const { bed, lvs, web1 } = cluster;
    bed.undo(() => {
      shell(lvs, 'nft flush ruleset');
      ok(lvs.weir('load'));
    });
    await serving(cluster, web1, 80, family.any);
    ok(lvs.weir('load --firewall auto'));
    ipvsadm(lvs, `-A -t ${at(vip, 80)} -s rr`, `-a -t ${at(vip, 80)} -r ${at(family.server(1), 80)} -m`);
  }
  const ask = ({ client }: Cluster): readonly string[] => asked(client, 'tcp', vip, 80, 1);
  const edit = `-E -t ${at(vip, 80)} -s rr`;
  const tables = ({ lvs }: Cluster): string => shell(lvs, 'nft list tables');

  test(`${name}: a mark that a rule stores in the connection, and another one restores, leads past the exact service`, {
    skip,
  }, async () => {
    await inside(async (cluster) => {
      const { bed, lvs, web2 } = cluster;
      await begin(cluster);
      await serving(cluster, web2, 80, family.any);
      const { option } = family;
      bed.undo(() => assert.equal(lvs.ipvsadm(`-D -f 3${option}`).status, 0));
      ipvsadm(lvs, `-A -f 3${option} -s rr`, `-a -f 3${option} -r ${at(family.server(2), 80)} -m`);
      assert.deepEqual(ask(cluster), ['web1']);
      shell(lvs, `${iptables} -t mangle -A PREROUTING -d ${vip} -p tcp --dport 80 -j CONNMARK --set-mark 3`);
      assert.equal(ok(lvs.weir('load')), '', 'it stays in the connection');
      assert.deepEqual(ask(cluster), ['web1']);
      shell(lvs, `${iptables} -t mangle -A PREROUTING -j CONNMARK --restore-mark`);
      assert.match(ok(lvs.weir('load')), /new connections pass the packet filter.*--restore-mark/);
      assert.deepEqual(ask(cluster), ['web2'], 'the mark comes first');
    });
  });

  test(`${name}: a rule for a service puts its new connections behind the packet filter, one for others does not`, { skip }, async () => {
    await inside(async (cluster) => {
      const { lvs } = cluster;
      await begin(cluster);
      shell(lvs, `${iptables} -A INPUT -p tcp --dport 22 -j DROP; ${iptables} -A INPUT -p udp -s ${from} -j DROP`);
      assert.deepEqual(lvs.ipvsadm(edit), { status: 0, stdout: '', stderr: '' });
      assert.equal(ok(lvs.weir('load')), '');
      assert.ok(!tables(cluster).includes(table));
      assert.deepEqual(ask(cluster), ['web1']);
      shell(lvs, `${iptables} -A INPUT -s ${from} -p tcp -j REJECT`);
      assert.match(lvs.weir('doctor').stdout, /-j REJECT[^\n]* does not apply to TCP/);
      const { status, stderr } = lvs.ipvsadm(edit);
      assert.equal(status, 0);
      assert.match(stderr, PASSES);
      assert.ok(stderr.includes(`"-s ${from}/`) && stderr.trimEnd().split('\n').length === 1, stderr);
      assert.deepEqual(ask(cluster), ['ECONNREFUSED']);
      assert.match(lvs.weir('status').stdout, /^firewall +new connections pass it before they are balanced \(--firewall auto\)$/m);
      assert.deepEqual(lvs.ipvsadm(edit), { status: 0, stdout: '', stderr: '' }, 'nothing changes');
      assert.equal(ok(lvs.weir('load --if-loaded')), '');
      // A service that comes is behind it, too, and the last one that goes ends it.
      ipvsadm(lvs, `-A -t ${at(vip, 81)} -s rr`, `-a -t ${at(vip, 81)} -r ${at(family.server(1), 80)} -m`);
      assert.deepEqual(asked(cluster.client, 'tcp', vip, 81, 1), ['ECONNREFUSED']);
      shell(lvs, `${iptables} -D INPUT -s ${from} -p tcp -j REJECT`);
      assert.deepEqual(ask(cluster), ['web1'], 'by the packet filter');
      assert.match(ok(lvs.weir('load')), IN_FRONT);
      assert.ok(!tables(cluster).includes(table));
      assert.deepEqual(ask(cluster), ['web1']);
    });
  });

  test(`${name}: a policy of DROP counts, what is let in is served, and fast and honour are what they are`, { skip }, async () => {
    await inside(async (cluster) => {
      const { lvs } = cluster;
      await begin(cluster);
      shell(lvs, `nft 'add table inet t; add chain inet t in { type filter hook input priority 0; policy drop; }'`);
      shell(
        lvs,
        `nft 'add rule inet t in meta l4proto { icmp, ipv6-icmp } accept; add rule inet t in ct state new tcp dport { 80, 443 } accept'`,
      );
      assert.doesNotMatch(ok(lvs.weir('load')), /firewall/, 'what drops packets is not reached by those of the service');
      assert.match(lvs.ipvsadm(`-A -t ${at(vip, 81)} -s rr`).stderr, /policy drop[^\n]*inet t in/, 'another service is');
      assert.deepEqual(ask(cluster), ['web1']);
      ok(lvs.ipvsadm(`-a -t ${at(vip, 81)} -r ${at(family.server(1), 80)} -m`));
      assert.equal(shell(cluster.client, `timeout 2 bash -c 'echo > /dev/tcp/${vip}/81' 2>/dev/null; echo $?`).trim(), '124');
      assert.match(ok(lvs.weir('load --firewall fast')), /in front of the packet filter/);
      assert.deepEqual(asked(cluster.client, 'tcp', vip, 81, 1), ['web1']);
      assert.match(lvs.ipvsadm(edit.replace('80', '81')).stderr, /not applied to balanced connections: "policy drop/);
      assert.match(ok(lvs.weir('load --firewall auto')), PASSES);
      assert.match(lvs.ipvsadm(`-D -t ${at(vip, 81)}`).stderr, IN_FRONT);
      assert.deepEqual(ask(cluster), ['web1']);
    });
  });

  test(`${name}: a verdict map, a set without elements and a redirection count, and are named where fast was chosen`, {
    skip,
  }, async () => {
    await inside(async (cluster) => {
      const { bed, lvs } = cluster;
      await begin(cluster);
      await serving(cluster, lvs, 9999, family.any, 'local');
      bed.undo(() => shell(lvs, `${iptables} -t nat -F`));
      const saddr = name === 'IPv6' ? 'ip6 saddr' : 'ip saddr';
      const input = 'add table inet t; add chain inet t in { type filter hook input priority 0; }';
      const rules = [
        [
          `nft '${input}; add chain inet t x; add rule inet t x reject with tcp reset; add rule inet t in ${saddr} vmap { ${from} : jump x }'`,
          't x',
          'ECONNREFUSED',
        ],
        [
          `nft '${input}; add set inet t b { type ${name === 'IPv6' ? 'ipv6' : 'ipv4'}_addr; }; add rule inet t in ${saddr} @b drop'`,
          '@b',
          'web1',
        ],
        [`${iptables} -t nat -A PREROUTING -s ${from} -d ${vip} -p tcp --dport 80 -j REDIRECT --to-port 9999`, 'REDIRECT', 'local'],
      ] as const;
      for (const [command, named, answer] of rules) {
        shell(lvs, command);
        assert.match(ok(lvs.weir('load --firewall auto')), PASSES, command);
        assert.deepEqual(ask(cluster), [answer]);
        ok(lvs.weir('load --firewall fast'));
        assert.deepEqual(ask(cluster), ['web1']);
        assert.ok(lvs.ipvsadm(edit).stderr.includes(named), command);
        assert.match(lvs.weir('doctor').stdout, new RegExp(`${named}[^\\n]* does not apply to TCP`), command);
        shell(lvs, `nft flush ruleset; ${iptables} -t nat -F`);
        ok(lvs.weir('load --firewall auto'));
      }
    });
  });

  test(`${name}: rules that go with all others come back`, { skip }, async () => {
    await inside(async (cluster) => {
      const { lvs } = cluster;
      await begin(cluster);
      const rules = `${iptables} -A INPUT -p tcp -s ${from} -m multiport --dports 81,82 -j DROP; ${iptables} -A INPUT -p tcp -j REJECT`;
      shell(lvs, `${iptables} -A INPUT -p tcp -m multiport --dports 80,443 -m limit --limit 1000/s -j ACCEPT; ${rules}`);
      assert.match(ok(lvs.weir('load')), PASSES);
      const whole = shell(lvs, `nft list table ${table}`);
      assert.match(whole, /chain accepted/);
      for (const taken of ['nft flush ruleset', `nft flush table ${table}`, `nft delete table ${table}`]) {
        shell(lvs, taken);
        assert.match(lvs.weir('doctor').stdout, /firewall-cut|refused/, taken);
        ipvsadm(lvs, '-Ln');
        assert.equal(shell(lvs, `nft list table ${table}`), whole, taken);
        assert.deepEqual(ask(cluster), ['web1'], taken);
      }
      // iptables leaves tables of others alone.
      shell(
        lvs,
        `${iptables} -F; printf '*filter\\n:INPUT ACCEPT [0:0]\\n-A INPUT -p tcp --dport 80 -j REJECT\\nCOMMIT\\n' | ${iptables}-restore`,
      );
      assert.equal(shell(lvs, `nft list table ${table}`), whole);
      assert.deepEqual(ask(cluster), ['ECONNREFUSED']);
    });
  });

  test(`${name}: a daemon notices new rules, and what takes weir's away`, { skip }, async () => {
    await inside(async (cluster) => {
      const { bed, lvs } = cluster;
      await begin(cluster);
      const folder = mkdtempSync(join(tmpdir(), 'weir-firewall-'));
      bed.undo(() => rmSync(folder, { recursive: true }));
      writeFileSync(
        join(folder, 'conf'),
        'vrrp_instance V {\n  interface eth1\n  virtual_router_id 9\n  virtual_ipaddress {\n    10.8.2.9/32\n  }\n}\n',
      );
      const files = ['conf', 'p.pid', 'r.pid', 'c.pid'].flatMap((file) => [`-${file === 'conf' ? 'f' : file[0]}`, join(folder, file)]);
      const words = [process.execPath, ENTRY, 'keepalived', '-n', '-l', '-G', ...files];
      const daemon = new RunningDaemon(['ip', 'netns', 'exec', lvs.namespace, ...words]);
      try {
        await daemon.logged(/^Startup complete/);
        shell(lvs, `${iptables} -A INPUT -p tcp -s ${from} -j REJECT`);
        const has = (): boolean => tables(cluster).includes(table);
        await until(has, (seen) => seen);
        assert.deepEqual(ask(cluster), ['ECONNREFUSED']);
        // A ruleset in one transaction, as systemctl reload nftables has it.
        shell(
          lvs,
          `printf 'flush ruleset\\ntable inet t { chain in { type filter hook input priority 0; tcp dport 81 accept; tcp dport 80-90 ct state new limit rate over 900/second drop\\n}\\n}\\n' | nft -f -`,
        );
        await until(has, (seen) => seen);
        assert.deepEqual(ask(cluster), ['web1']);
        shell(lvs, 'nft delete table inet t');
        await until(has, (seen) => !seen);
        assert.deepEqual(ask(cluster), ['web1']);
      } finally {
        await daemon.stop();
      }
    });
  });
}
