// Services of firewall marks with living hosts, of either family and of both: marks by iptables and by nft, NAT and DR,
// ports in one group, listings; what is made on the host for them, and that it goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY, type Host } from '../support/netns-bed.js';
import { asked, ipvsadm, ok, serving, shared, transfer } from './cluster.js';
import { FRONT6 } from './cluster6.js';
import { type Family, FOUR, iptablesMarks, SIX, shell, skip } from './marked-cluster.js';

const four = (name: string): readonly string[] => [name, name, name, name];
/** For a regular expression. */
const plain = (text: string): string => text.replaceAll(/[.[\]:]/g, '\\$&');

const rulesOf = (host: Host, { option }: Family): readonly string[] =>
  host
    .ip(`${option} rule`.trim())
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
const withMarks = ({ kernelRules, pastRules }: Family, ...marks: readonly number[]): readonly string[] => [
  ...pastRules,
  ...marks.map((mark) => `1: from all fwmark 0x${mark.toString(16)} lookup 2003134834`),
  '1: from all lookup local',
  ...kernelRules.slice(1),
];

export function testBothFamilies(): void {
  test('both families have one mark: two services; IPv6 needs an address on weir’s own devices no more than IPv4', { skip }, async () => {
    await SIX.inCluster(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      lvs.sysctl('net.ipv4.ip_forward', '1');
      await serving(cluster, web1, 80);
      await serving(cluster, web2, 80, '::');
      for (const family of [FOUR, SIX]) iptablesMarks(cluster, family, [['tcp', 80, 3]]);
      ipvsadm(lvs, '-A -f 3 -s rr', `-a -f 3 -r ${FOUR.server(1)} -m`);
      assert.deepEqual(rulesOf(lvs, SIX), SIX.kernelRules, 'of IPv4 alone');
      ipvsadm(lvs, '-A -f 3 -6 -s rr', `-a -f 3 -6 -r ${SIX.at(SIX.server(2), 0)} -m`);
      assert.deepEqual(
        [...asked(client, 'tcp', FOUR.vip, 80, 2), ...asked(client, 'tcp', SIX.vip, 80, 2)],
        ['web1', 'web1', 'web2', 'web2'],
      );
      assert.equal(lvs.ip('-6 addr show dev weir0').trim(), '');
      ipvsadm(lvs, '-D -f 3');
      assert.deepEqual(rulesOf(lvs, FOUR), FOUR.kernelRules);
      assert.deepEqual(asked(client, 'tcp', SIX.vip, 80, 1), ['web2']);
      // Neighbours are found though all that is for the address has the mark.
      shell(lvs, `ip6tables -t mangle -I PREROUTING -j MARK --set-mark 3`);
      client.ip('neigh flush dev eth0');
      lvs.ip('neigh flush dev eth0');
      assert.deepEqual(asked(client, 'tcp', SIX.vip, 80, 1), ['web2']);
      shell(client, `ping -6 -c 1 -W 20 ${FRONT6}`);
    });
  });
}

type Inside = Family['inCluster'];
/** With a port, by default that of a service of marks. */
const serversOf =
  ({ at, server }: Family) =>
  (k: number, port = 0): string =>
    at(server(k), port);

export function testGroups(family: Family, inside: Inside): void {
  const { name, option, vip, at, iptables } = family;
  const server = serversOf(family);
  test(`${name}: iptables and NAT: ports with one mark go to one server, TCP and UDP, also of clients on the director`, {
    skip,
  }, async () => {
    await inside(async (cluster) => {
      const { bed, client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) for (const port of [80, 443, 8080]) await serving(cluster, web, port, family.any);
      iptablesMarks(cluster, family, [
        ['tcp', 80, 3],
        ['tcp', 443, 3],
        ['udp', 443, 3],
      ]);
      ipvsadm(lvs, `-A -f 3${option} -s rr -p 300`, ...[1, 2].map((k) => `-a -f 3${option} -r ${server(k)} -m`));
      for (const [protocol, port] of [
        ['tcp', 80],
        ['tcp', 443],
        ['udp', 443],
      ] as const)
        assert.deepEqual(asked(client, protocol, vip, port, 4), four('web2'), `${protocol} ${port}`);
      assert.deepEqual(asked(client, 'tcp', vip, 8080, 1), ['ECONNREFUSED'], 'without a mark: the director itself');
      const matches = (text: string, pattern: string): void => assert.match(text, new RegExp(pattern, 'm'));
      matches(
        ipvsadm(lvs, '-Ln'),
        `^FWM  3${family.listed} rr persistent 300\\n  -> ${plain(server(1))} +Masq +1 +0 +0 +\\n  -> ${plain(server(2))} +Masq +1 +\\d+ +\\d+`,
      );
      const saved = ipvsadm(lvs, '-Sn');
      assert.equal(saved, `-A -f 3${option} -s rr -p 300\n${[1, 2].map((k) => `-a -f 3${option} -r ${server(k)} -m -w 1\n`).join('')}`);
      const connections = ipvsadm(lvs, '-Lcn');
      const row = (state: string, virtual: string, to: string, port = '\\d+'): string =>
        `${state} +${plain(at(family.client, ''))}${port} +${plain(virtual)} +${plain(to)}$`;
      matches(connections, `^IP  0[45]:\\d\\d +${row('ASSURED', at(family.markAddress, 0), server(2), '0')}`);
      matches(connections, `^UDP \\d\\d:\\d\\d +${row('UDP', at(vip, 443), server(2, 443))}`);
      matches(connections, `^TCP \\d\\d:\\d\\d +${row('TIME_WAIT', at(vip, 80), server(2, 80))}`);
      matches(ok(lvs.weir('proc ip_vs')), `^FWM  00000003 rr persistent \\d+ ${family.maskInProc}$`);
      assert.deepEqual(JSON.parse(ipvsadm(lvs, '-L --json')).services[0].fwmark, 3);
      assert.deepEqual(asked(lvs, 'tcp', vip, 443, 4), four('web1'), 'a client on the director');
      assert.deepEqual(asked(lvs, 'udp', vip, 443, 1), ['web1']);
      // What a mark's service does not take goes on: the director answers echoes, and resets what is no connection's.
      shell(lvs, `${iptables} -t mangle -I PREROUTING -d ${vip} -j MARK --set-mark 3`);
      shell(client, `${family.ping} -c 1 -W 20 ${vip}`);
      await transfer(bed, client, web2, vip, 9000);
    });
  });
}

function testExactBeside(family: Family, inside: Inside): void {
  const { name, option, vip, at } = family;
  const server = serversOf(family);
  test(`${name}: nft, DR, and servers with a port of their own; an exact service beside`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      const direct = await family.servingDirect(cluster, web2);
      await serving(cluster, web1, 8080, family.any);
      const { nft } = family;
      cluster.bed.undo(() => shell(lvs, `nft delete table ${nft} marks`));
      shell(lvs, `nft add table ${nft} marks && nft add chain ${nft} marks pre "{ type filter hook prerouting priority mangle; }"`);
      for (const rule of ['meta l4proto {tcp,udp} th dport 80 meta mark set 5', 'tcp dport {81,82} meta mark set 0x80000006'])
        shell(lvs, `nft add rule ${nft} marks pre ${nft} daddr ${vip} ${rule}`);
      ipvsadm(lvs, `-A -f 5${option} -s rr`, `-a -f 5${option} -r ${at(direct, 0)} -g`);
      ipvsadm(lvs, `-A -f 2147483654${option} -s rr`, `-a -f 2147483654${option} -r ${server(1, 8080)} -m`);
      for (const protocol of ['tcp', 'udp'] as const) assert.deepEqual(asked(client, protocol, vip, 80, 2), ['web2', 'web2'], protocol);
      assert.deepEqual([...asked(client, 'tcp', vip, 81, 1), ...asked(client, 'tcp', vip, 82, 1)], ['web1', 'web1']);
      const listed = ipvsadm(lvs, '-Lcn');
      assert.ok(
        listed.split('\n').some((row) => row.includes(at(vip, 82)) && row.endsWith(` ${server(1, 8080)}`)),
        listed,
      );
      assert.match(ipvsadm(lvs, '-Ln'), new RegExp(`^FWM  5${family.listed} rr\\n  -> ${plain(at(direct, 0))} +Route +1 +\\d+ +\\d+`, 'm'));
      ipvsadm(lvs, `-A -t ${at(vip, 81)} -s rr`, `-a -t ${at(vip, 81)} -r ${server(1, 99)} -m`);
      assert.deepEqual(asked(client, 'tcp', vip, 81, 1), ['web1'], 'the mark comes first');
      ok(lvs.weir('load --firewall fast'));
      assert.deepEqual(asked(client, 'tcp', vip, 81, 1), ['ECONNREFUSED'], 'the exact service comes first');
      ipvsadm(lvs, `-D -t ${at(vip, 81)}`);
      assert.deepEqual(asked(client, 'tcp', vip, 81, 1), ['web1'], 'and has gone');
      ok(lvs.weir('load --firewall auto'));
      ipvsadm(lvs, `-d -f 2147483654${option} -r ${server(1, 8080)}`);
      assert.deepEqual(asked(client, 'tcp', vip, 82, 1), ['ECONNREFUSED'], 'no server');
    });
  });
}

function testOnDirector(family: Family, inside: Inside): void {
  const { name, option, vip, at } = family;
  test(`${name}: a server on the director, also under rp_filter, for a client behind it and for one on it`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs } = cluster;
      await serving(cluster, lvs, 8080, family.back, 'lvs');
      if (family === FOUR) {
        lvs.sysctl('net.ipv4.conf.all.rp_filter', '1');
        cluster.bed.undo(() => lvs.sysctl('net.ipv4.conf.all.rp_filter', '0'));
      }
      iptablesMarks(cluster, family, [
        ['tcp', 80, 3],
        ['udp', 80, 3],
      ]);
      ipvsadm(lvs, `-A -f 3${option} -s rr`, `-a -f 3${option} -r ${at(family.back, 8080)} -m`);
      for (const host of [client, lvs])
        for (const protocol of ['tcp', 'udp'] as const)
          assert.deepEqual(asked(host, protocol, vip, 80, 2), ['lvs', 'lvs'], `${protocol} from ${host.name}`);
    });
  });
}

function testRules(family: Family, inside: Inside): void {
  const { name, option, vip, at } = family;
  // It unloads the programs.
  test(`${name}: rules and route: made for the first mark, repaired by a command, and gone with the last one and with the datapath`, {
    skip,
  }, async () => {
    await inside(async ({ lvs }) => {
      const table = (): string => lvs.ip(`${option} route show table 2003134834`.trim());
      const before = rulesOf(lvs, family);
      assert.deepEqual(before, family.kernelRules);
      ipvsadm(lvs, `-A -t ${at(vip, 80)} -s rr`);
      assert.deepEqual(rulesOf(lvs, family), before);
      ipvsadm(lvs, `-A -f 3${option} -s rr`, `-A -f 4${option} -s rr`);
      assert.deepEqual(rulesOf(lvs, family), withMarks(family, 3, 4));
      assert.match(table(), /^default dev weir0 proto kernel/m);
      ipvsadm(lvs, `-D -f 3${option}`, `-A -f 3${option} -s wrr`);
      assert.deepEqual(rulesOf(lvs, family), withMarks(family, 4, 3));
      lvs.ip(`${option} rule del pref 1 fwmark 4`.trim());
      lvs.ip(`${option} rule add pref 0 lookup local`.trim());
      assert.match(ok(lvs.weir('load')), /^firewall marks: \d+ policy rules made or removed$/m);
      assert.deepEqual(rulesOf(lvs, family), withMarks(family, 3, 4));
      lvs.ip('link del weir0');
      ok(lvs.weir('load'));
      assert.match(table(), /^default dev weir0/m);
      assert.deepEqual(ok(lvs.weir('load')), '');
      const saved = ipvsadm(lvs, '-Sn');
      ipvsadm(lvs, '-C');
      assert.deepEqual(rulesOf(lvs, family), before);
      ok(lvs.run([process.execPath, ENTRY, 'ipvsadm-restore'], saved));
      assert.deepEqual(rulesOf(lvs, family).slice().sort(), withMarks(family, 3, 4).slice().sort());
      ok(lvs.weir('unload'));
      assert.deepEqual(rulesOf(lvs, family), before);
      assert.equal(lvs.run(['ip', '-6', 'route', 'show', 'table', '2003134834']).stdout, '');
    });
  });
}

/** In one cluster of the family. `parts`: which of the tests. */
export function testMarks(family: Family, parts = [testGroups, testExactBeside, testOnDirector, testRules]): void {
  const inside = shared(family.inCluster);
  for (const each of parts) each(family, inside);
}
