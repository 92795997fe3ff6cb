// weir explain on a director with real neighbours: what it prints before a connection, during it, of its reply, and of what is not balanced.
import assert from 'node:assert/strict';
import type { Explanation } from '../../src/report/explain/explanation.js';
import { type Cluster, inCluster, ipvsadm, ok, running, serving, shared, until, VIP } from '../datapath/cluster.js';
import { CLIENT6, inCluster6, server6, VIP6 } from '../datapath/cluster6.js';
import { station } from '../datapath/live-child.js';
import { shell } from '../datapath/marked-cluster.js';
import { drain, killDrivers } from '../drain/drain-cluster.js';
import { breadth, test } from '../support/breadth.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';

const on = { skip: noNamespaces() };
const inSame = shared(inCluster);
const [WEB1, WEB2] = ['10.8.2.11', '10.8.2.12'] as const;
const CLIENT = '10.8.1.10';

const explained = ({ lvs }: Cluster, options: string): Explanation => JSON.parse(ok(lvs.weir(`explain --json ${options}`))) as Explanation;

const why = ({ scheduled }: Explanation): Readonly<Record<string, string>> =>
  Object.fromEntries((scheduled?.servers ?? []).map(({ server, why: text }) => [server, text]));

test('a new connection: the choice, why not the others, what leaves and by what', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, client, web1, web2, bed } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`, `-a -t ${VIP}:80 -r ${WEB2}:80 -m -w 0`);
    const begun = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    assert.deepEqual([begun.verdict, begun.reason, begun.service?.name, begun.connection], ['forwarded', null, `TCP ${VIP}:80`, null]);
    assert.deepEqual(why(begun), { [`${WEB1}:80`]: 'its turn', [`${WEB2}:80`]: 'weight 0' });
    assert.deepEqual(begun.becomes, { protocol: 'TCP', from: `${CLIENT}:5000`, to: `${WEB1}:80`, ttl: 63 });
    assert.deepEqual([begun.packet.device, begun.leaves?.device, begun.leaves?.neighbour], ['eth0', 'eth1', WEB1]);
    assert.equal(ipvsadm(lvs, '-Lnc').split('\n').length, 3, 'nothing was made');
    // A connection that there is, and its reply.
    const { lines } = running(bed, client, station('hold', VIP, 80));
    await until(
      () => lines[0],
      (line) => line === 'open',
    );
    const port = /TCP +\d\d:\d\d +ESTABLISHED +10\.8\.1\.10:(\d+)/.exec(ipvsadm(lvs, '-Lnc'))?.[1] ?? assert.fail('no connection');
    const known = explained(cluster, `--from ${CLIENT}:${port} --to ${VIP}:80`);
    assert.deepEqual(
      [known.verdict, known.connection?.use, known.connection?.state, known.scheduled],
      ['forwarded', 'goes on', 'ESTABLISHED', null],
    );
    assert.notEqual(known.leaves?.toMac, null, 'its server is a known neighbour');
    const reply = explained(cluster, `--from ${WEB1}:80 --to ${CLIENT}:${port}`);
    assert.deepEqual([reply.verdict, reply.connection?.use, reply.leaves?.device], ['forwarded', 'reply', 'eth0']);
    assert.deepEqual(reply.becomes, { protocol: 'TCP', from: `${VIP}:80`, to: `${CLIENT}:${port}`, ttl: 63 });
    const text = ok(lvs.weir(`explain --from ${CLIENT}:5000 --to ${VIP}:80`));
    assert.match(text, /^packet +TCP 10\.8\.1\.10:5000 -> 10\.8\.1\.100:80, a SYN, 40 bytes, TTL 64, by eth0\nverdict +forwarded\n/);
    assert.match(text, /^ {2}not +10\.8\.2\.12:80 +masq +weight 0, active 0, inactive 0: weight 0$/m);
    // A server that a drain holds.
    bed.undo(() => killDrivers(lvs));
    ipvsadm(lvs, `-e -t ${VIP}:80 -r ${WEB2}:80 -m -w 9`);
    const { seen } = drain(lvs, WEB2);
    const held = explained(cluster, `--begin --from ${CLIENT}:5000 --to ${VIP}:80`).scheduled?.servers.find(
      ({ server }) => server === `${WEB2}:80`,
    );
    assert.deepEqual(
      [held?.weight, held?.configuredWeight, held?.heldBy],
      [0, 9, [{ kind: 'drain', id: seen.id, target: WEB2, state: 'draining' }]],
    );
    const drained = ok(lvs.weir(`explain --begin --from ${CLIENT}:5000 --to ${VIP}:80`));
    assert.match(drained, new RegExp(`not +10\\.8\\.2\\.12:80 +masq +weight 0 \\(9 configured; drain ${seen.id}\\), active`));
    drain(lvs, `cancel ${seen.id}`);
  });
});

test('behind the packet filter: a rule that drops the packet is named, and one that drops others is not', {
  skip: on.skip || noTools('nft'),
}, async () => {
  await inSame((cluster) => {
    const { lvs, bed } = cluster;
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`);
    bed.undo(() => ok(lvs.weir('load --firewall auto')));
    bed.undo(() => shell(lvs, 'nft delete table inet guard'));
    const hook = 'type filter hook input priority 0; policy accept;';
    shell(lvs, `nft "table inet guard { chain in { ${hook} ip saddr ${CLIENT} tcp dport 80 reject with tcp reset; }; }"`);
    ok(lvs.weir('load --firewall honour'));
    const refused = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    const rule = `"ip saddr ${CLIENT} tcp dport 80 reject" (nft, inet guard in)`;
    assert.deepEqual([refused.verdict, refused.reason?.key, refused.accepted], ['dropped', 'firewall', null]);
    assert.deepEqual(refused.filter, { fate: 'dropped', rules: [rule], unread: null });
    const text = ok(lvs.weir(`explain --from ${CLIENT}:5000 --to ${VIP}:80`));
    assert.ok(text.includes(`\nverdict     dropped by the packet filter of this host (firewall)\n`), text);
    assert.ok(text.includes(`\nfilter      drops it: ${rule}\n`), text);
    const other = explained(cluster, `--from 10.8.1.11:5000 --to ${VIP}:80`);
    assert.deepEqual([other.verdict, other.filter?.fate, other.accepted?.verdict], ['passed', 'accepted', 'forwarded']);
    return Promise.resolve();
  });
});

test('drop_packet at work: how many new connections it drops', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, bed } = cluster;
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`);
    bed.undo(() => ok(lvs.weir('sysctl -w net.ipv4.vs.drop_packet=0 net.ipv4.vs.am_droprate=10')));
    for (const [rate, text] of [
      [2, 'one in 2 new connections'],
      [1, 'every new connection'],
    ] as const) {
      ok(lvs.weir(`sysctl -w net.ipv4.vs.drop_packet=3 net.ipv4.vs.am_droprate=${rate}`));
      await until(
        () => explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`).uncertain,
        (uncertain) => uncertain.includes(`drop_packet is at work: each CPU drops ${text}`),
        10,
      );
    }
  });
});

test('refused, dropped, left to the stack: each with its reason and the settings that decided', on, async () => {
  await inSame((cluster) => {
    const { lvs } = cluster;
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`);
    const refused = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    assert.deepEqual([refused.verdict, refused.reason?.key], ['answered', 'no_destination']);
    const stray = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:81`);
    assert.deepEqual([stray.verdict, stray.reason, stray.service], ['passed', null, null]);
    const forged = explained(cluster, `--from ${VIP}:5000 --to ${VIP}:80 --dev eth0`);
    assert.deepEqual([forged.verdict, forged.reason?.key], ['dropped', 'martian']);
    lvs.sysctl('net.ipv4.conf.eth1.rp_filter', '1');
    ok(lvs.weir('load'));
    const elsewhere = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80 --dev eth1`);
    lvs.sysctl('net.ipv4.conf.eth1.rp_filter', '0');
    ok(lvs.weir('load'));
    assert.deepEqual([elsewhere.verdict, elsewhere.reason?.key], ['passed', 'reverse_path']);
    assert.deepEqual(
      elsewhere.settings.map(({ name, value }) => `${name}=${value}`),
      ['net.ipv4.conf.eth1.rp_filter=1'],
    );
    return Promise.resolve();
  });
});

test('too large: which MTU, and the size that the ICMP error names; a reply to a client here; a server as the client', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, web1, bed } = cluster;
    await serving(cluster, web1);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`);
    ipvsadm(lvs, `-A -t ${VIP}:81 -s rr`, `-a -t ${VIP}:81 -r ${WEB1}:81 -i --tun-type gre`);
    bed.undo(() => lvs.ip('link set eth1 mtu 1500'));
    lvs.ip('link set eth1 mtu 1400');
    lvs.run(['ping', '-c', '1', '-W', '1', WEB1]);
    const large = (port: number): Explanation['tooBig'] =>
      explained(cluster, `--begin --from ${CLIENT}:5000 --to ${VIP}:${port} --length 1450`).tooBig;
    const hop = { bytes: 1450, device: 'eth1', neighbour: WEB1, mtu: 1400 };
    assert.deepEqual(large(80), { ...hop, tunnel: null, named: 1400 });
    assert.deepEqual(large(81), { ...hop, tunnel: 'gre', named: 1376 });
    const small = explained(cluster, `--begin --from ${CLIENT}:5000 --to ${VIP}:80`);
    assert.deepEqual([small.tooBig, small.uncertain], [null, []]);
    const text = ok(lvs.weir(`explain --begin --from ${CLIENT}:5000 --to ${VIP}:80 --length 1450`));
    assert.match(text, /^too big +1450 bytes, by eth1 to 10\.8\.2\.11, MTU 1400: the ICMP error names 1400$/m);
    const own = explained(cluster, `--begin --from ${WEB1}:5000 --to ${VIP}:80`);
    assert.deepEqual([own.verdict, own.uncertain.length], ['forwarded', 1]);
    assert.match(own.uncertain.join(), /^the client is a server of this service: .* answers it past the director/);
    assert.equal(ok(lvs.run(station('ask', 'tcp', VIP, 80, 1))).trim(), 'web1');
    const port = /(?:10\.8\.1\.100|10\.8\.1\.1|10\.8\.2\.1):(\d+) +10\.8\.1\.100:80 /.exec(ipvsadm(lvs, '-Lnc'));
    const [client = ''] = (port?.[0] ?? '').split(' ');
    const reply = ok(lvs.weir(`explain --from ${WEB1}:80 --to ${client}`));
    assert.match(reply, /^verdict +delivered to the director's own stack, where the client is$/m);
  });
});

breadth('a grace period drops what has no connection: how long ago it began, and that a SYN goes on', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, web1 } = cluster;
    await serving(cluster, web1);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`);
    ok(lvs.weir('sync grace 60'));
    for (const ends of [`--from ${CLIENT}:5000 --to ${VIP}:80`, `--from ${WEB1}:80 --to ${CLIENT}:5000`]) {
      const held = explained(cluster, ends);
      assert.deepEqual([held.verdict, held.reason?.key, held.packet.what], ['dropped', 'grace', 'a segment']);
      assert.match(
        held.settings.find(({ name }) => name === 'weir sync grace')?.effect ?? '',
        /^a takeover was \d+\.\d s ago: for 5\d\.\d s more/,
      );
    }
    assert.equal(explained(cluster, `--begin --from ${CLIENT}:5000 --to ${VIP}:80`).verdict, 'forwarded');
    ok(lvs.weir('sync grace 0'));
    assert.equal(explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`).packet.what, 'a SYN');
  });
});

breadth('a template leads, whatever the scheduler would do', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, client, web1, web2 } = cluster;
    for (const web of [web1, web2]) await serving(cluster, web);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr -p 300`, ...[WEB1, WEB2].map((web) => `-a -t ${VIP}:80 -r ${web}:80 -m`));
    const [name] = ok(client.run(station('ask', 'tcp', VIP, 80, 1))).split('\n');
    const led = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    const server = name === 'web1' ? WEB1 : WEB2;
    assert.deepEqual(
      [led.template?.leads, led.template?.server, led.scheduled, led.service?.persistence],
      [true, `${server}:80`, null, 300],
    );
    assert.equal(led.becomes?.to, `${server}:80`);
  });
});

breadth('a mark leads where the address has no live service, beside one that was removed, too', on, async () => {
  await inSame(async (cluster) => {
    const { lvs, client, web1, bed } = cluster;
    await serving(cluster, web1);
    bed.undo(() => lvs.sysctl('net.ipv4.ip_forward', '0'));
    lvs.sysctl('net.ipv4.ip_forward', '1');
    ipvsadm(lvs, '-A -f 3 -s rr', `-a -f 3 -r ${WEB1} -m`);
    const marked = (): Explanation => explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80 --mark 3`);
    const facts = ({ verdict, service, becomes }: Explanation): readonly unknown[] => [verdict, service?.name, becomes?.to, becomes?.ttl];
    const led = ['forwarded', 'FWM 3', `${WEB1}:80`, 63];
    assert.deepEqual(facts(marked()), led);
    ipvsadm(lvs, `-A -t ${VIP}:80 -s rr`, `-a -t ${VIP}:80 -r ${WEB1}:80 -m`);
    ok(client.run(station('ask', 'tcp', VIP, 80, 1)));
    assert.deepEqual(facts(marked()), ['forwarded', `TCP ${VIP}:80`, `${WEB1}:80`, 63], 'the address comes first');
    ipvsadm(lvs, `-D -t ${VIP}:80`);
    const unmarked = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80`);
    assert.deepEqual(facts(unmarked), ['passed', `TCP ${VIP}:80`, undefined, undefined], 'its connection keeps the service');
    assert.match(unmarked.uncertain.join(), /a firewall mark, .*: explain it with --mark 3$/);
    const other = explained(cluster, `--from ${CLIENT}:5000 --to ${VIP}:80 --mark 9`);
    assert.deepEqual(facts(other), facts(unmarked), 'a mark of no service leads nowhere');
    assert.deepEqual(other.uncertain, []);
    assert.deepEqual(facts(marked()), led);
  });
});

test('NAT to a server without a route: the stack answers', on, async () => {
  await inSame(async ({ lvs, ...cluster }) => {
    ipvsadm(lvs, `-A -u ${VIP}:95 -s rr`, `-a -u ${VIP}:95 -r 192.0.2.7:95 -m`);
    const { verdict, reason, why: because, becomes, leaves } = explained({ lvs, ...cluster }, `--udp --from ${CLIENT}:5000 --to ${VIP}:95`);
    assert.deepEqual([verdict, reason, becomes, leaves], ['answered', null, null, null]);
    assert.match(because, /no route to the server/);
    ipvsadm(lvs, `-a -u ${VIP}:95 -r 10.8.2.1:95 -m`, `-d -u ${VIP}:95 -r 192.0.2.7:95`);
    assert.equal(
      explained({ lvs, ...cluster }, `--udp --from ${CLIENT}:5000 --to ${VIP}:95`).verdict,
      'delivered',
      'a server on the director',
    );
  });
});

breadth('IPv6 without forwarding: the interface is that of the route of the host, and the packet is refused', on, async () => {
  await inCluster6((cluster) => {
    const { lvs } = cluster;
    ipvsadm(lvs, `-A -t [${VIP6}]:80 -s rr`, `-a -t [${VIP6}]:80 -r [${server6(1)}]:80 -m`);
    lvs.sysctl('net.ipv6.conf.all.forwarding', '0');
    const lost = explained(cluster, `--from [${CLIENT6}]:5000 --to [${VIP6}]:80`);
    assert.deepEqual([lost.packet.device, lost.verdict, lost.reason?.key], ['eth0', 'answered', 'no_route']);
    assert.deepEqual(
      lost.settings.map(({ name, value }) => `${name}=${value}`),
      ['net.ipv6.conf.eth0.forwarding=0'],
    );
    return Promise.resolve();
  });
});

test('what cannot be asked', on, async () => {
  await inSame((cluster) => {
    const wrong = (options: string): string => cluster.lvs.weir(`explain ${options}`).stderr;
    assert.match(wrong('--from 10.0.0.1:1'), /--to is missing/);
    assert.match(wrong('--from 10.0.0.1 --to 10.0.0.2:80'), /--from takes ADDRESS:PORT/);
    assert.match(wrong('--from 10.0.0.1:1 --to [::1]:80'), /an address of --from's family/);
    assert.match(wrong(`--from ${CLIENT}:1 --to ${VIP}:80 --dev nothing0`), /no such interface: nothing0/);
    assert.match(wrong(`--from 203.0.113.1:1 --to ${VIP}:80`), /no route leads back/);
    assert.match(wrong(`--from ${CLIENT}:1 --to ${VIP}:80 --tcp --udp`), /only one of --tcp, --udp/);
    return Promise.resolve();
  });
});
