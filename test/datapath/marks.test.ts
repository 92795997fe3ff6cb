// Services of firewall marks with living hosts: marks by iptables and by nft, NAT and DR, ports in one group, listings; what is made on the host
// for them, and that it goes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ENTRY, type Host, noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { asked, type Cluster, inCluster, ipvsadm, ok, running, serving, servingDirect, transfer, until, VIP } from './cluster.js';
import { station } from './live-child.js';

const skip = noNamespaces() || noTools('iptables', 'nft');

const four = (name: string): readonly string[] => [name, name, name, name];
const shell = (host: Host, line: string): string => ok(host.run(['sh', '-c', line]));
const rulesOf = (host: Host): readonly string[] =>
  host
    .ip('rule')
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/\s+/g, ' ').trim());
const KERNEL_RULES = ['0: from all lookup local', '32766: from all lookup main', '32767: from all lookup default'];
const markRule = (mark: number): string => `1: from all fwmark 0x${mark.toString(16)} lookup 2003134834`;
const FAR_RULES = ['0: from all iif weir1 lookup local', '0: from all iif weir1 lookup main'];
const withMarks = (...marks: readonly number[]): readonly string[] => [
  ...FAR_RULES,
  ...marks.map(markRule),
  '1: from all lookup local',
  ...KERNEL_RULES.slice(1),
];

/** A mark for each protocol and port of the VIP. */
function iptablesMarks(host: Host, marks: readonly (readonly [protocol: string, port: number, mark: number])[]): void {
  for (const [protocol, port, mark] of marks)
    for (const chain of ['PREROUTING', 'OUTPUT'])
      shell(host, `iptables -t mangle -A ${chain} -d ${VIP} -p ${protocol} --dport ${port} -j MARK --set-mark ${mark}`);
}

async function forwarding(work: (cluster: Cluster) => Promise<void>): Promise<void> {
  await inCluster(async (cluster) => {
    cluster.lvs.sysctl('net.ipv4.ip_forward', '1');
    await work(cluster);
  });
}

test('iptables and NAT: ports with one mark go to one server, TCP and UDP, also of clients on the director', { skip }, async () => {
  await forwarding(async (cluster) => {
    const { bed, client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) for (const port of [80, 443, 8080]) await serving(cluster, web, port);
    iptablesMarks(lvs, [
      ['tcp', 80, 3],
      ['tcp', 443, 3],
      ['udp', 443, 3],
    ]);
    ipvsadm(lvs, '-A -f 3 -s rr -p 300', '-a -f 3 -r 10.8.2.11 -m', '-a -f 3 -r 10.8.2.12 -m');
    for (const [protocol, port] of [
      ['tcp', 80],
      ['tcp', 443],
      ['udp', 443],
    ] as const)
      assert.deepEqual(asked(client, protocol, VIP, port, 4), four('web2'), `${protocol} ${port}`);
    assert.deepEqual(asked(client, 'tcp', VIP, 8080, 1), ['ECONNREFUSED'], 'without a mark: the director itself');
    assert.match(
      ipvsadm(lvs, '-Ln'),
      /^FWM {2}3 rr persistent 300\n {2}-> 10\.8\.2\.11:0 +Masq +1 +0 +0 +\n {2}-> 10\.8\.2\.12:0 +Masq +1 +\d+ +\d+/m,
    );
    assert.equal(ipvsadm(lvs, '-Sn'), '-A -f 3 -s rr -p 300\n-a -f 3 -r 10.8.2.11:0 -m -w 1\n-a -f 3 -r 10.8.2.12:0 -m -w 1\n');
    const connections = ipvsadm(lvs, '-Lcn');
    assert.match(connections, /^IP {2}0[45]:\d\d +ASSURED +10\.8\.1\.10:0 +0\.0\.0\.3:0 +10\.8\.2\.12:0$/m);
    assert.match(connections, /^UDP \d\d:\d\d +UDP +10\.8\.1\.10:\d+ +10\.8\.1\.100:443 +10\.8\.2\.12:443$/m);
    assert.match(connections, /^TCP \d\d:\d\d +TIME_WAIT +10\.8\.1\.10:\d+ +10\.8\.1\.100:80 +10\.8\.2\.12:80$/m);
    assert.match(ok(lvs.weir('proc ip_vs')), /^FWM {2}00000003 rr persistent \d+ FFFFFFFF$/m);
    assert.deepEqual(JSON.parse(ipvsadm(lvs, '-L --json')).services[0].fwmark, 3);
    assert.deepEqual(asked(lvs, 'tcp', VIP, 443, 4), four('web1'), 'a client on the director');
    assert.deepEqual(asked(lvs, 'udp', VIP, 443, 1), ['web1']);
    // What a mark's service does not take goes on: the director answers echoes, and resets what is no connection's.
    shell(lvs, `iptables -t mangle -I PREROUTING -d ${VIP} -j MARK --set-mark 3`);
    ok(client.run(['ping', '-c', '1', '-W', '5', VIP]));
    await transfer(bed, client, web2, VIP, 9000);
  });
});

test('nft, DR, and servers with a port of their own; an exact service beside', { skip }, async () => {
  await forwarding(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    await servingDirect(cluster, web2, '10.8.1.12');
    await serving(cluster, web1, 8080);
    shell(lvs, 'nft add table ip marks && nft add chain ip marks pre "{ type filter hook prerouting priority mangle; }"');
    for (const rule of ['meta l4proto {tcp,udp} th dport 80 meta mark set 5', 'tcp dport {81,82} meta mark set 0x80000006'])
      shell(lvs, `nft add rule ip marks pre ip daddr ${VIP} ${rule}`);
    ipvsadm(lvs, '-A -f 5 -s rr', '-a -f 5 -r 10.8.1.12 -g', '-A -f 2147483654 -s rr', '-a -f 2147483654 -r 10.8.2.11:8080 -m');
    for (const protocol of ['tcp', 'udp'] as const) assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['web2', 'web2'], protocol);
    assert.deepEqual([...asked(client, 'tcp', VIP, 81, 1), ...asked(client, 'tcp', VIP, 82, 1)], ['web1', 'web1']);
    assert.match(ipvsadm(lvs, '-Lcn'), /^TCP \d\d:\d\d +TIME_WAIT +10\.8\.1\.10:\d+ +10\.8\.1\.100:82 +10\.8\.2\.11:8080$/m);
    assert.match(ipvsadm(lvs, '-Ln'), /^FWM {2}5 rr\n {2}-> 10\.8\.1\.12:0 +Route +1 +\d+ +\d+/m);
    ipvsadm(lvs, `-A -t ${VIP}:81 -s rr`, `-a -t ${VIP}:81 -r 10.8.2.11:99 -m`);
    assert.deepEqual(asked(client, 'tcp', VIP, 81, 1), ['ECONNREFUSED'], 'the exact service comes first');
    ipvsadm(lvs, `-D -t ${VIP}:81`);
    assert.deepEqual(asked(client, 'tcp', VIP, 81, 1), ['web1'], 'and has gone');
    ipvsadm(lvs, '-d -f 2147483654 -r 10.8.2.11:8080');
    assert.deepEqual(asked(client, 'tcp', VIP, 82, 1), ['ECONNREFUSED'], 'no server');
  });
});

test('connections go on without the marks, through another size of the table', { skip }, async () => {
  await forwarding(async (cluster) => {
    const { bed, client, lvs, web1 } = cluster;
    await web1.serve(bed, station('echo', 80));
    iptablesMarks(lvs, [['tcp', 80, 9]]);
    ipvsadm(lvs, '-A -f 9 -s rr', '-a -f 9 -r 10.8.2.11 -m');
    const { child, lines } = running(bed, client, station('talk', VIP, 80, 4));
    await until(
      () => lines,
      (seen) => seen[0] === 'begun',
    );
    shell(lvs, 'iptables -t mangle -F');
    ipvsadm(lvs, '-E -f 9 -s wlc -p 60', '-e -f 9 -r 10.8.2.11 -m -w 0');
    assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`);
    child.kill('SIGTERM');
    await until(
      () => lines,
      (seen) => seen[1] === '4 of 4',
    );
  });
});

test('rules and route: made for the first mark, repaired by a command, and gone with the last one and with the datapath', {
  skip,
}, async () => {
  await forwarding(async ({ lvs }) => {
    const before = rulesOf(lvs);
    assert.deepEqual(before, KERNEL_RULES);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`);
    assert.deepEqual(rulesOf(lvs), before);
    ipvsadm(lvs, '-A -f 3 -s rr', '-A -f 4 -s rr');
    assert.deepEqual(rulesOf(lvs), withMarks(3, 4));
    assert.match(lvs.ip('route show table 2003134834'), /^default dev weir0 proto kernel scope link/);
    ipvsadm(lvs, '-D -f 3', '-A -f 3 -s wrr');
    assert.deepEqual(rulesOf(lvs), withMarks(4, 3));
    lvs.ip('rule del pref 1 fwmark 4');
    lvs.ip('rule add pref 0 lookup local');
    assert.match(ok(lvs.weir('load')), /^firewall marks: \d+ policy rules made or removed$/m);
    assert.deepEqual(rulesOf(lvs), withMarks(3, 4));
    lvs.ip('link del weir0');
    ok(lvs.weir('load'));
    assert.match(lvs.ip('route show table 2003134834'), /^default dev weir0/);
    assert.deepEqual(ok(lvs.weir('load')), '');
    const saved = ipvsadm(lvs, '-Sn');
    ipvsadm(lvs, '-C');
    assert.deepEqual(rulesOf(lvs), before);
    ok(lvs.run([process.execPath, ENTRY, 'ipvsadm-restore'], saved));
    assert.deepEqual(rulesOf(lvs).slice().sort(), withMarks(3, 4).slice().sort());
    ok(lvs.weir('unload'));
    assert.deepEqual(rulesOf(lvs), before);
  });
});
