// SCTP over IPv6, and of all ports of an address by both families, with living hosts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noNamespaces } from '../support/netns-bed.js';
import { type Cluster, ipvsadm, ok, shared, VIP } from './cluster.js';
import { BACK6, CLIENT6, inCluster6, server6, VIP6 } from './cluster6.js';
import { associated, lastPort, PORT, servingSctp as serving, unanswered } from './sctp-cluster.js';

const skip = noNamespaces();
const inside = shared(inCluster6);
const SERVICE = `--sctp-service [${VIP6}]:${PORT}`;

const asked = (host: Cluster['client'], own: string, count: number, size = 100): readonly string[] =>
  associated(host, count, { vip: VIP6, own, size });

/** The connections, but for their times. */
const rows = (lvs: Cluster['lvs']): readonly string[] =>
  ipvsadm(lvs, '-Lcn')
    .split('\n')
    .filter((line) => line.startsWith('SCTP'))
    .map((line) => line.replace(/\d\d:\d\d/, '').replace(/ +/g, ' '));

/** They are there as before, but for those that ended: they live for a minute. */
function stayed(before: readonly string[], after: readonly string[]): void {
  assert.ok(after.length > 0, before.join('\n'));
  assert.deepEqual(after.toSorted(), before.filter((row) => after.includes(row)).toSorted());
}

test('NAT to other ports: every server in turn, right checksums, states, counts, listings, and what is saved is restored', {
  skip,
}, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    const lines = await Promise.all([serving(cluster, web1, 3905), serving(cluster, web2, 4905)]);
    ipvsadm(lvs, `-A ${SERVICE} -s rr`, `-a ${SERVICE} -r [${server6(1)}]:3905 -m`, `-a ${SERVICE} -r [${server6(2)}]:4905 -m`);
    assert.deepEqual(asked(client, CLIENT6, 4), ['web2', 'web1', 'web2', 'web1']);
    // The last one is still there: it lives for a minute.
    const ended = `^SCTP 0[01]:\\d\\d {2}CLOSED +\\[${CLIENT6}\\]:${lastPort()} +\\[${VIP6}\\]:2905 +\\[${server6(1)}\\]:3905$`;
    assert.match(ipvsadm(lvs, '-Lcn'), new RegExp(ended, 'm'));
    const hex = lastPort().toString(16).toUpperCase();
    assert.match(
      ok(lvs.weir('proc ip_vs_conn')),
      new RegExp(`^SCTP fd00:0008:0001:\\S+:0010 ${hex} fd00:\\S+:0100 0B59 fd00:\\S+:0011 0F41 CLOSED +\\d+ *$`, 'm'),
    );
    assert.match(ipvsadm(lvs, '-Ln'), /^SCTP \[fd00:8:1::100\]:2905 rr\n {2}-> \[fd00:8:2::11\]:3905 +Masq +1 +0 +[12] +\n/m);
    for (const size of [1, 2, 3, 1000, 1400]) assert.match(asked(client, CLIENT6, 1, size)[0] ?? '', /^web[12]$/, `${size} bytes`);
    assert.match(asked(lvs, BACK6, 1)[0] ?? '', /^web[12]$/, 'a client on the director');
    for (const each of lines) assert.ok(!each.includes('wrong'), each.join());
    assert.match(ipvsadm(lvs, '-Sn'), /^-A --sctp-service \[fd00:8:1::100\]:2905 -s rr\n-a --sctp-service \[fd00:8:1::100\]:2905 -r \[/m);
    assert.match(ok(lvs.weir('proc ip_vs')), /^SCTP {2}\[fd00:0008:0001:0000:0000:0000:0000:0100\]:0B59 rr *$/m);
    assert.match(ipvsadm(lvs, '-L --json'), /"protocol":"sctp"/);
    assert.ok(rows(lvs).length >= 5, rows(lvs).join('\n'));
    const saved = ipvsadm(lvs, '-Sn');
    ipvsadm(lvs, '-C');
    unanswered(client, { vip: VIP6, own: CLIENT6 });
    ipvsadm(lvs, ...saved.trimEnd().split('\n'));
    assert.equal(ipvsadm(lvs, '-Sn'), saved);
    assert.match(asked(client, CLIENT6, 1)[0] ?? '', /^web[12]$/);
  });
});

test('DR, persistence by the network of a client, and a server on the director', { skip }, async () => {
  await inside(async (cluster) => {
    const { bed, client, lvs, web1, web2, front } = cluster;
    for (const [k, web] of [web1, web2].entries()) {
      bed.cable(web, 'eth1', front, `10.8.1.1${k + 1}/24`);
      web.ip(`addr add fd00:8:1::1${k + 1}/64 dev eth1 nodad`);
      web.ip(`addr add ${VIP6}/128 dev lo nodad`);
      bed.undo(() => web.ip(`addr del ${VIP6}/128 dev lo`));
      await serving(cluster, web, PORT);
    }
    ipvsadm(lvs, `-A ${SERVICE} -s rr`, ...[1, 2].map((k) => `-a ${SERVICE} -r [fd00:8:1::1${k}]:${PORT} -g`));
    assert.deepEqual(asked(client, CLIENT6, 4), ['web2', 'web1', 'web2', 'web1']);
    ipvsadm(lvs, `-E ${SERVICE} -s rr -p 300 -M 64`);
    const [first, ...others] = asked(client, CLIENT6, 3);
    assert.deepEqual(others, [first, first]);
    assert.match(ipvsadm(lvs, '-Lcn'), /^SCTP 0[45]:\d\d {2}ASSURED +\[fd00:8:1::\]:0 +\[fd00:8:1::100\]:2905 +\[fd00:8:1::1[12]\]:2905$/m);
    await serving(cluster, lvs, 3905);
    ipvsadm(lvs, '-C', `-A ${SERVICE} -s rr`, `-a ${SERVICE} -r [${BACK6}]:3905 -m`);
    assert.deepEqual(asked(client, CLIENT6, 2), ['lvs', 'lvs'], 'a server on the director');
  });
});

/** Of all ports of an address. */
interface AllPorts {
  readonly family: 'IPv4' | 'IPv6';
  readonly vip: string;
  readonly own: string;
  readonly first: string;
  readonly second: string;
  at(address: string): string;
}

const ALL_PORTS: readonly AllPorts[] = [
  { family: 'IPv4', vip: VIP, own: '10.8.1.10', first: '10.8.2.11', second: '10.8.2.12', at: (address) => address },
  { family: 'IPv6', vip: VIP6, own: CLIENT6, first: server6(1), second: server6(2), at: (address) => `[${address}]` },
];

const serviceOf = ({ vip, at }: AllPorts, port: number): string => `--sctp-service ${at(vip)}:${port}`;

/** Persistent, with both servers. */
function addAllPorts(lvs: Cluster['lvs'], each: AllPorts): void {
  const all = serviceOf(each, 0);
  ipvsadm(lvs, `-A ${all} -s rr -p 300`, ...[each.first, each.second].map((address) => `-a ${all} -r ${each.at(address)}:0 -m`));
}

for (const each of ALL_PORTS) {
  const { family, vip, own, first, second, at } = each;
  test(`${family}: all ports of a client go to one server, beside an exact service`, { skip }, async () => {
    await inside(async (cluster) => {
      const { client, lvs, web1, web2 } = cluster;
      for (const web of [web1, web2]) for (const port of [PORT, 3868]) await serving(cluster, web, port);
      addAllPorts(lvs, each);
      const by = (port: number): readonly string[] => associated(client, 2, { vip, own, port });
      for (const port of [PORT, 3868]) assert.deepEqual(by(port), ['web2', 'web2'], `port ${port}`);
      assert.match(ipvsadm(lvs, '-Ln'), /^SCTP (10\.8\.1\.100|\[fd00:8:1::100\]):0 rr persistent 300$/m);
      const seen = rows(lvs);
      assert.ok(seen.includes(`SCTP ASSURED ${at(own)}:0 ${at(vip)}:0 ${at(second)}:0`), seen.join('\n'));
      assert.ok(seen.includes(`SCTP CLOSED ${at(own)}:${lastPort()} ${at(vip)}:3868 ${at(second)}:3868`), seen.join('\n'));
      const exact = serviceOf(each, PORT);
      ipvsadm(lvs, `-A ${exact} -s rr`, `-a ${exact} -r ${at(first)}:${PORT} -m`);
      assert.deepEqual(by(PORT), ['web1', 'web1'], 'the exact service comes first');
      assert.deepEqual(by(3868), ['web2', 'web2'], 'other ports go on');
      ipvsadm(lvs, `-D ${exact}`);
      assert.deepEqual(by(PORT), ['web2', 'web2'], 'and has gone');
      const saved = ipvsadm(lvs, '-Sn');
      assert.match(saved, /^-A --sctp-service \S+:0 -s rr -p 300$/m);
      ipvsadm(lvs, '-C', ...saved.trimEnd().split('\n'));
      assert.equal(ipvsadm(lvs, '-Sn'), saved);
    });
  });
}

test('another size of the tables: connections stay in each, and clients with their servers', { skip }, async () => {
  await inside(async (cluster) => {
    const { client, lvs, web1, web2 } = cluster;
    for (const web of [web1, web2]) for (const port of [PORT, 3868]) await serving(cluster, web, port);
    ipvsadm(lvs, `-A ${SERVICE} -s rr`, ...[1, 2].map((k) => `-a ${SERVICE} -r [${server6(k)}]:${PORT} -m`));
    for (const each of ALL_PORTS) addAllPorts(lvs, each);
    const all = (): readonly (readonly string[])[] => ALL_PORTS.map(({ vip, own }) => associated(client, 2, { vip, own, port: 3868 }));
    const begun = all();
    for (const [one, other] of begun) assert.equal(one, other);
    asked(client, CLIENT6, 2);
    const before = rows(lvs);
    assert.ok(before.length >= 8, before.join('\n'));
    // One table after the other: the bridging programs of each, and the plain ones after them, go on into those behind it.
    assert.match(ok(lvs.weir('load --connections 100000')), /room for 131072 connections/);
    stayed(before, rows(lvs));
    assert.match(asked(client, CLIENT6, 1)[0] ?? '', /^web[12]$/);
    assert.deepEqual(all(), begun, 'all ports');
  });
});
