import assert from 'node:assert/strict';
import { test } from 'node:test';
import { director, realServer, SERVER_MAC } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { diagnose } from '../../diagnose.js';
import type { AdvertFact, VrrpFacts, VrrpInstanceFact } from '../../vrrp-facts.js';
import { vrrpRule } from './vrrp.js';

const PEER_MAC = '02:00:00:00:00:99';
const instance: VrrpInstanceFact = {
  name: 'VI_1',
  file: '/etc/keepalived/keepalived.conf',
  family: 'inet',
  interfaceName: 'eth',
  ifindex: 2,
  version: 2,
  vrid: 51,
  priority: 100,
  authType: 1,
  interval: 1,
  vips: [ip('10.5.0.9')],
  destinations: [ip('224.0.0.18')],
  unicast: false,
  managed: [{ address: ip('10.5.0.9'), prefixLength: 24, interfaceName: 'eth' }],
  needs: ['eth'],
};
const advert: AdvertFact = {
  ifindex: 2,
  mac: PEER_MAC,
  source: ip('10.5.0.3'),
  destination: ip('224.0.0.18'),
  version: 2,
  vrid: 51,
  priority: 120,
  authType: 1,
  interval: 1,
  vips: [ip('10.5.0.9')],
};
const healthy: VrrpFacts = {
  instances: [instance],
  daemons: [],
  systemd: true,
  homeless: [],
  broken: [],
  virtualServers: [],
  addresses: [{ ifindex: 2, address: ip('10.5.0.2'), prefixLength: 24 }],
  adverts: [advert],
  paths: [{ to: ip('10.5.0.3'), kind: 'direct', ifindex: 2 }],
  holders: [],
  neighbours: [],
  blocks: [],
  listeners: [],
  settings: new Map([
    ['net/ipv4/ip_nonlocal_bind', '0'],
    ['net/ipv6/ip_nonlocal_bind', '0'],
  ]),
  notExamined: [],
};
const split: VrrpFacts = {
  ...healthy,
  addresses: [...healthy.addresses, { ifindex: 2, address: ip('10.5.0.9'), prefixLength: 24 }],
  holders: [{ ifindex: 2, address: ip('10.5.0.9'), mac: PEER_MAC }],
};
const block = {
  instance: 'VI_1',
  direction: 'in',
  source: ip('10.5.0.3'),
  destination: ip('224.0.0.18'),
  protocol: 'vrrp',
  by: { tool: 'nft', family: 'ip', table: 'filter', chain: 'INPUT', base: 'INPUT', text: 'ip daddr 224.0.0.18 drop' },
} as const;
const found = (facts: VrrpFacts) => vrrpRule(realServer, facts);
const cause = (facts: VrrpFacts) => found(facts).find(({ code }) => code === 'vrrp-split-brain')?.cause ?? '';

test('a healthy pair is not spoken of', () => assert.deepEqual(found(healthy), []));

test('a VIP held twice: who, and the rule that is to blame, with its fix', () => {
  assert.deepEqual(found({ ...split, blocks: [block] }), [
    {
      severity: 'error',
      code: 'vrrp-split-brain',
      what: `10.5.0.9 (VI_1, VRID 51) is here and 10.5.0.3 (${PEER_MAC}) answers for it, too, on eth`,
      cause: 'the rule "ip daddr 224.0.0.18 drop" (nft ip filter INPUT) drops adverts of 10.5.0.3 (protocol 112 to 224.0.0.18)',
      fix: 'iptables -I INPUT -p 112 -s 10.5.0.3 -d 224.0.0.18 -j ACCEPT',
    },
  ]);
});

test('a rule that blocks adverts is reported before both nodes are master', () => {
  assert.deepEqual(
    found({ ...healthy, blocks: [block] }).map(({ severity, code }) => [severity, code]),
    [['warning', 'vrrp-blocked']],
  );
});

test('the cause comes from the adverts', () => {
  const causeWith = (more: Partial<AdvertFact>, ours: Partial<VrrpInstanceFact> = {}) =>
    cause({ ...split, adverts: [{ ...advert, ...more }], instances: [{ ...instance, ...ours }] });
  assert.match(causeWith({}), /either it does not receive ours, .* or it refuses them/);
  assert.match(causeWith({ version: 3 }), /vrrp_version is 3 there and 2 here/);
  assert.match(causeWith({ authType: 0 }), /auth_type is none there and PASS here/);
  assert.match(causeWith({ interval: 2 }), /advert_int is 2 there and 1 here/);
  assert.match(
    causeWith({ vips: [ip('10.5.0.9'), ip('10.5.0.10')] }),
    /virtual_ipaddress is 10\.5\.0\.9, 10\.5\.0\.10 there and 10\.5\.0\.9 here/,
  );
  assert.match(causeWith({ destination: ip('10.5.0.2') }), /one of the two uses unicast_peer/);
  assert.match(causeWith({ vrid: 52 }), /it uses VRID 52 where this host uses 51/);
  assert.match(cause({ ...split, adverts: [] }), /no advert of it arrives on eth/);
});

test('a peer that sends nothing is named from the neighbour table, never by the VIP itself', () => {
  const neighbours = [
    { address: ip('fe80::3'), mac: PEER_MAC },
    { address: ip('10.5.0.9'), mac: PEER_MAC },
    { address: ip('10.5.0.3'), mac: PEER_MAC },
  ];
  assert.match(found({ ...split, adverts: [], neighbours })[0]?.what ?? '', /10\.5\.0\.3 \(02:/);
  assert.match(found({ ...split, adverts: [] })[0]?.what ?? '', /is here and 02:00:00:00:00:99 answers/);
});

test('another pair with our VRID and other addresses', () => {
  const [finding] = found({ ...healthy, adverts: [{ ...advert, vips: [ip('10.5.0.77')] }] });
  assert.equal(finding?.code, 'vrrp-vrid-shared');
  assert.match(finding?.what ?? '', /10\.5\.0\.3 uses VRID 51 on eth, too, for 10\.5\.0\.77/);
  assert.deepEqual(found({ ...healthy, adverts: [{ ...advert, vips: [ip('10.5.0.77')], destination: ip('224.0.0.50') }] }), []);
});

test('the same VRID in IPv6 does not conflict with IPv4', () => {
  const six = { ...advert, source: ip('fe80::3'), destination: ip('ff02::12'), version: 3, vips: [ip('fd00::77')] };
  assert.deepEqual(found({ ...healthy, adverts: [six] }), []);
  const ours = { ...instance, family: 'inet6', version: 3, authType: 0, vips: [ip('fd00::9')], destinations: [ip('ff02::12')] } as const;
  const [finding] = found({ ...healthy, instances: [ours], adverts: [six] });
  assert.deepEqual(
    [finding?.code, finding?.advice],
    ['vrrp-vrid-shared', 'give one pair another virtual_router_id, or a vrrp_mcast_group6 of its own'],
  );
});

const codes = (facts: VrrpFacts) => found(facts).map(({ severity, code }) => `${severity} ${code}`);

test('settings that differ are reported before both nodes are master; a fix for each', () => {
  const differs = (more: Partial<AdvertFact>, ours: Partial<VrrpInstanceFact> = {}) =>
    found({ ...healthy, adverts: [{ ...advert, ...more }], instances: [{ ...instance, ...ours }] })[0];
  assert.equal(differs({ interval: 2 })?.what, '10.5.0.3 has other settings than VI_1 (VRID 51) on eth');
  assert.match(differs({ interval: 2 })?.cause ?? '', /^advert_int is 2 there and 1 here: each refuses/);
  assert.match(differs({ interval: 2 })?.advice ?? '', /^the same advert_int on both nodes/);
  assert.match(differs({ version: 3 })?.advice ?? '', /^the same vrrp_version /);
  assert.match(differs({ authType: 0 })?.advice ?? '', /^the same authentication /);
  const secret = differs({ password: '2222' }, { password: '1111' });
  assert.match(secret?.cause ?? '', /^auth_pass differs: /);
  assert.ok(!JSON.stringify(secret).includes('2222') && !JSON.stringify(secret).includes('1111'), 'no password is printed');
  assert.equal(differs({ password: '1111' }, { password: '1111' }), undefined);
  const three = { version: 3, authType: 0, interval: 1 } as const;
  assert.deepEqual([differs({ version: 3, authType: 0, interval: 150 }, three)?.severity], ['info'], 'version 3 accepts it');
  assert.equal(differs({ version: 3, authType: 0, interval: 100 }, three), undefined);
  assert.equal(differs({ version: 3, authType: 0, interval: 0 }, { ...three, interval: 0.004 }), undefined, 'finer than the packet’s unit');
  // A difference that is the cause of a split is not reported twice.
  assert.deepEqual(codes({ ...split, adverts: [{ ...advert, interval: 2 }] }), ['error vrrp-split-brain']);
});

test('our VIP under another VRID', () => {
  const [finding] = found({ ...healthy, adverts: [{ ...advert, vrid: 52 }] });
  assert.equal(finding?.code, 'vrrp-other-vrid');
  assert.match(finding?.advice ?? '', /^virtual_router_id 52 in VI_1 of \/etc\/keepalived\/keepalived\.conf \(or 51 there\)/);
  assert.deepEqual(found({ ...healthy, adverts: [{ ...advert, vrid: 52, ifindex: 3 }] }), []);
});

test('with virtual MACs only adverts show two masters', () => {
  const vmac = { ...instance, vmac: 'vrrp.51' };
  const here = [...healthy.addresses, { ifindex: 7, address: ip('10.5.0.9'), prefixLength: 32 }];
  const settings = new Map([['net/ipv4/conf/eth/arp_ignore', '1']]);
  const facts = { ...healthy, instances: [vmac], settings };
  assert.deepEqual(codes({ ...facts, addresses: here }), ['error vrrp-split-brain']);
  assert.deepEqual(codes(facts), [], 'a backup');
  assert.deepEqual(codes({ ...facts, addresses: here, adverts: [{ ...advert, priority: 0 }] }), [], 'a goodbye');
});

test('reverse-path filters that drop adverts', () => {
  const strict = new Map([['net/ipv4/conf/all/rp_filter', '1']]);
  const other = [{ to: ip('10.5.0.3'), kind: 'routed', ifindex: 3 } as const];
  assert.deepEqual(codes({ ...healthy, settings: strict }), []);
  const [finding] = found({ ...healthy, settings: strict, paths: other });
  assert.deepEqual([finding?.code, finding?.fix], ['vrrp-reverse-path', 'sysctl -w net.ipv4.conf.eth.rp_filter=2']);
  const loose = new Map([['net/ipv4/conf/eth/rp_filter', '2']]);
  assert.deepEqual(codes({ ...healthy, settings: loose, paths: other }), []);
  const [lost] = found({ ...healthy, settings: loose, paths: [{ to: ip('10.5.0.3'), kind: 'none' }] });
  assert.equal(lost?.fix, 'ip route add 10.5.0.3 dev eth');
});

test('settings below and on a virtual MAC', () => {
  const facts = (...settings: readonly (readonly [string, string])[]) => ({
    ...healthy,
    instances: [{ ...instance, vmac: 'vrrp.51' }],
    settings: new Map(settings.map(([key, value]) => [`net/ipv4/conf/${key}`, value] as const)),
  });
  assert.deepEqual(codes(facts(['eth/arp_ignore', '1'])), []);
  const fixes = found(facts(['all/rp_filter', '1'], ['all/arp_ignore', '0'])).map(({ code, fix }) => [code, fix]);
  assert.deepEqual(fixes, [
    ['vrrp-vmac-reverse-path', 'sysctl -w net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.eth.rp_filter=1 net.ipv4.conf.vrrp/51.rp_filter=0'],
    ['vrrp-vmac-arp', 'sysctl -w net.ipv4.conf.eth.arp_ignore=1'],
  ]);
  assert.deepEqual(codes(facts(['all/arp_ignore', '8'])), ['error vrrp-vmac-arp']);
});

test('a service that listens on a VIP alone', () => {
  const listeners = [
    { protocol: 'tcp', address: ip('10.5.0.9'), port: 80 },
    { protocol: 'udp', address: ip('10.5.0.2'), port: 53 },
  ] as const;
  const [finding] = found({ ...healthy, listeners });
  assert.deepEqual(
    [finding?.what, finding?.fix],
    ['a service listens on tcp 10.5.0.9:80, VIP of VI_1', 'sysctl -w net.ipv4.ip_nonlocal_bind=1'],
  );
  assert.deepEqual(found({ ...healthy, listeners, settings: new Map([['net/ipv4/ip_nonlocal_bind', '1']]) }), []);
});

test('two daemons: what both serve', () => {
  const second = { ...instance, file: '/root/other.conf', vips: [ip('10.5.0.77')] };
  const daemons = [
    { pid: 100, file: instance.file },
    { pid: 200, file: second.file },
  ];
  const [finding] = found({ ...healthy, daemons, instances: [instance, second] });
  assert.equal(finding?.what, 'two keepalived run here: pid 100 (/etc/keepalived/keepalived.conf) and pid 200 (/root/other.conf)');
  assert.match(finding?.cause ?? '', /^both serve VRID 51 on eth: /);
  assert.equal(finding?.fix, 'kill 200; timeout 30 tail --pid=200 -f /dev/null', 'the VIPs are removed before it ends');
  const apart = { ...second, vrid: 52 };
  assert.deepEqual(found({ ...healthy, adverts: [], daemons, instances: [instance, apart] }), []);
  const [same] = found({ ...healthy, adverts: [], daemons, instances: [instance, { ...apart, vips: instance.vips }] });
  assert.match(same?.cause ?? '', /^both serve 10\.5\.0\.9: /);
});

const here = (facts: VrrpFacts): VrrpFacts => ({
  ...facts,
  addresses: [...facts.addresses, { ifindex: 2, address: ip('10.5.0.9'), prefixLength: 24 }],
});
const runs = (running: boolean): VrrpFacts => ({ ...healthy, instances: [{ ...instance, running }] });
const pairsOf = (facts: VrrpFacts) => found(facts).map(({ code, fix }) => [code, fix]);

test('a standby and a master, each with its daemon, are healthy', () => {
  assert.deepEqual(found(runs(true)), []);
  assert.deepEqual(found({ ...runs(true), holders: split.holders }), [], 'the peer may answer for the VIP that is not here');
  assert.deepEqual(found(here({ ...runs(true), adverts: [] })), []);
});

test('no daemon: the VIP that it left, the standby that is none, and the VIP that no node has', () => {
  assert.deepEqual(pairsOf(here({ ...runs(false), adverts: [] })), [['vrrp-vip-left', 'systemctl start keepalived']]);
  assert.deepEqual(pairsOf(here(runs(false))), [['vrrp-vip-left', 'ip addr del 10.5.0.9/24 dev eth']], 'the other node has it, too');
  assert.deepEqual(pairsOf(runs(false)), [['vrrp-not-running', 'systemctl start keepalived']]);
  assert.deepEqual(pairsOf({ ...runs(false), adverts: [] }), [['vrrp-vip-nowhere', 'systemctl start keepalived']]);
  const bare = { ...runs(false), systemd: false };
  assert.deepEqual(pairsOf(bare), [['vrrp-not-running', 'keepalived -f /etc/keepalived/keepalived.conf']]);
});

test('a daemon that is not master while no other node is, and a master that lost an address', () => {
  assert.deepEqual(pairsOf({ ...runs(true), adverts: [] }), [['vrrp-vip-nowhere', undefined]]);
  const two = {
    ...instance,
    running: true,
    managed: [...instance.managed, { address: ip('10.5.0.10'), prefixLength: 32, interfaceName: 'eth' }],
  };
  assert.deepEqual(pairsOf(here({ ...healthy, adverts: [], instances: [two] })), [['vrrp-vip-lost', 'ip addr add 10.5.0.10/32 dev eth']]);
});

test('what keeps an instance in FAULT: an interface that is missing, another that is tracked, the source address', () => {
  const needs = (...names: readonly string[]) => ({ ...healthy, instances: [{ ...instance, running: true, needs: names }] });
  assert.match(found(needs('eth', 'gone'))[0]?.cause ?? '', /^it needs gone, which does not exist here$/);
  const source = { ...healthy, instances: [{ ...instance, running: true, sourceAddress: ip('10.5.0.77') }] };
  assert.match(found(source)[0]?.cause ?? '', /^its source address 10\.5\.0\.77 is not on this host$/);
  const homeless = { ...healthy, instances: [], homeless: [{ name: 'VI_9', file: 'a.conf', interfaceName: 'eth9' }] };
  assert.match(found(homeless)[0]?.cause ?? '', /^its interface eth9 does not exist; here are lo, eth$/);
});

test('a real server that answers for the VIP is not taken for the other node', () => {
  const vrrp = [{ address: ip('10.5.0.9'), ifindex: 2, file: instance.file }];
  const holders = [...director.holders, { ifindex: 2, address: ip('10.5.0.9'), mac: SERVER_MAC }];
  const answering: VrrpFacts = {
    ...here({ ...runs(true), adverts: [] }),
    holders: [{ ifindex: 2, address: ip('10.5.0.9'), mac: SERVER_MAC }],
  };
  const host = { ...director, vrrp, holders };
  assert.deepEqual(vrrpRule(host, { ...answering, instances: [{ ...instance, running: true, needs: ['wan'] }] }), []);
  assert.deepEqual(
    diagnose(host).map(({ code }) => code),
    ['vip-answered-by-server'],
  );
  const standby = { ...director, vrrp, addresses: director.addresses.filter(({ label }) => label !== 'wan:0') };
  assert.deepEqual(diagnose({ ...standby, holders: [...director.holders, { ifindex: 2, address: ip('10.5.0.9'), mac: PEER_MAC }] }), []);
});
