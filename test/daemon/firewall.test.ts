// no_accept and use_vmac on the host: nft's tables, the macvlan, sysctls; everything as before after the stop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../support/ip.js';
import { noNamespaces } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { configuration, host, inBed, quick, testGlobal, type VrrpBed } from './vrrp-bed.js';

const noNft = noTools('nft');
const options = { skip: noNamespaces() || noNft };

const ruleset = (bed: VrrpBed): readonly string[] =>
  bed.here
    .run(['nft', 'list', 'ruleset'])
    .stdout.split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && line !== '}');

const answered = (bed: VrrpBed, where: string, seconds = 20): boolean =>
  bed.there.run(['ping', '-c', '1', '-W', String(seconds), where]).status === 0;
const refused = (bed: VrrpBed, where: string): boolean => !answered(bed, where, 3);

test('packets to a master that does not accept are dropped, neighbour discovery is not', options, () =>
  inBed(async (bed) => {
    const instance = { ...quick, accept: false, excludedAddresses: [host('fd00:99::100/64'), host('fe80::99:100')] };
    bed.there.ip('addr add fd00:99::2/64 dev v0 nodad');
    const daemon = bed.start(configuration([instance]));
    await daemon.logged(/setting firewall drop rule/);
    await daemon.logged(/Sending gratuitous ARP/);
    assert.deepEqual(ruleset(bed).slice(0, 8), [
      'table ip keepalived {',
      'set vips {',
      'type ipv4_addr',
      'elements = { 10.99.0.100 }',
      'chain out {',
      'type filter hook output priority filter - 1; policy accept;',
      'ip saddr @vips drop',
      'chain in {',
    ]);
    const six = ruleset(bed).slice(ruleset(bed).indexOf('table ip6 keepalived {'));
    for (const line of [
      'icmpv6 type @neighbor-discovery accept',
      'ip6 daddr fe80::/10 goto in_link_local',
      'ip6 daddr @vips drop',
      'elements = { fe80::99:100 . "v0" }',
      'ip6 daddr . iif @vips_link_local drop',
      'ip6 saddr . oif @vips_link_local drop',
    ]) {
      assert.ok(six.includes(line), `${line} in\n${six.join('\n')}`);
    }
    assert.ok(refused(bed, '10.99.0.100'));
    assert.ok(answered(bed, '10.99.0.1'));
    assert.ok(refused(bed, 'fd00:99::100'));
    assert.match(bed.there.ip('-6 neigh show fd00:99::100 dev v0'), /lladdr/);
    await daemon.stop();
    assert.deepEqual(ruleset(bed), []);
  }),
);

test('tables that a reload renames are made again, and nothing of the old ones is remembered', options, () =>
  inBed(async (bed) => {
    const instance = { ...quick, accept: false, excludedAddresses: [host('fd00:99::100/64')] };
    const before = configuration([instance]);
    const tables = (): string => [...bed.here.run(['nft', 'list', 'tables']).stdout.matchAll(/table (.*)/g)].map(([, name]) => name).join();
    const daemon = bed.start(before);
    await daemon.until('both tables', () => tables() === 'ip keepalived,ip6 keepalived');
    bed.write(
      configuration([instance], { global: { ...testGlobal, nftables: { table: 'other', priority: -1, counters: false, ifindex: false } } }),
    );
    daemon.signal('SIGHUP');
    await daemon.until('the others', () => tables() === 'ip other,ip6 other');
    await daemon.stop();
    assert.equal(tables(), '');
    const next = bed.start(before);
    await next.until('both tables', () => tables() === 'ip keepalived,ip6 keepalived');
    assert.deepEqual(
      next.lines.filter((line) => line.startsWith('Remembering what a run that was killed left')),
      [],
    );
    await next.stop();
  }),
);

const SETTINGS = ['all.rp_filter', 'default.rp_filter', 'v0.rp_filter', 'v0.arp_ignore', 'v0.arp_filter'] as const;

test('a virtual MAC: macvlan, settings, IGMP by the parent, and back', options, () =>
  inBed(async (bed) => {
    bed.here.sysctl('net.ipv4.conf.all.rp_filter', '1');
    const settings = (): readonly string[] => SETTINGS.map((key) => bed.here.sysctl(`net.ipv4.conf.${key}`));
    const before = settings();
    const virtualInterface = { kind: 'vmac' } as const;
    const six = { ...quick, name: 'VI_6', family: 'inet6' as const, multicastGroup: ip('ff02::12') };
    const instances = [
      { ...quick, virtualInterface },
      { ...six, addresses: [host('fe80::99:100')], virtualInterface },
    ];
    const daemon = bed.start(configuration(instances));
    await daemon.logged(/\(VI_1\): Success creating VMAC interface vrrp\.51/);
    await daemon.logged(/\(VI_1\) Entering MASTER STATE/);
    await daemon.logged(/\(VI_6\) Entering MASTER STATE/);
    await daemon.logged(/Sending unsolicited Neighbour Advert on vrrp6\.51/);
    const link = bed.here.ip('-d link show vrrp.51');
    assert.match(link, /00:00:5e:00:01:33[\s\S]*macvlan mode private[\s\S]*addrgenmode none/);
    // It logs before it sets addresses.
    await daemon.until('the address', () => /10\.99\.0\.100\/24/.test(bed.here.ip('-4 addr show vrrp.51')));
    assert.match(bed.here.ip('-d link show vrrp6.51'), /00:00:5e:00:02:33/);
    // It sends from a link-local address of its parent; which one is first there depends on the order they came in.
    const parents = [...bed.here.ip('-6 addr show v0').matchAll(/inet6 (fe80::[0-9a-f:]+)\/64/g)].map((found) => found[1]);
    const sender = /inet6 (fe80::[0-9a-f:]+)\/64 scope link nodad deprecated/.exec(bed.here.ip('-6 addr show vrrp6.51'))?.[1];
    assert.ok(parents.includes(sender), `${sender} is none of ${parents}`);
    assert.deepEqual(settings(), ['0', '1', '1', '1', '1']);
    const own = ['rp_filter', 'arp_ignore', 'accept_local', 'promote_secondaries'].map((key) =>
      bed.here.run(['cat', `/proc/sys/net/ipv4/conf/vrrp.51/${key}`]).stdout.trim(),
    );
    assert.deepEqual(own, ['0', '1', '1', '1']);
    const rules = ruleset(bed);
    assert.ok(rules.includes('elements = { "vrrp.51" : "v0" }'));
    assert.ok(rules.includes('ip protocol igmp meta oifkind "macvlan" dup to ip daddr device oif map @vmac_map drop'));
    assert.ok(rules.includes('icmpv6 type nd-router-solicit meta oifkind "macvlan" oif @vmac_set drop'));
    assert.ok(answered(bed, '10.99.0.100'));
    bed.write(configuration(instances, { global: { ...testGlobal, disableLocalIgmp: true } }));
    daemon.signal('SIGHUP');
    await daemon.until('no rule for IGMP', () => !ruleset(bed).join().includes('igmp'));
    assert.ok(ruleset(bed).includes('icmpv6 type nd-router-solicit meta oifkind "macvlan" oif @vmac_set drop'));
    await daemon.stop();
    assert.deepEqual([settings(), ruleset(bed)], [before, []]);
    assert.ok(!bed.here.ip('link show').includes('vrrp'));
  }),
);
