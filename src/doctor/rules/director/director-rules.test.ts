// Each rule of a director: no finding on a healthy host, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, ip, LO, service, WAN } from '../../../../test/support/doctor-facts.js';
import type { RepairDue } from '../../../datapath/ebpf/observe/repairs-due.js';
import type { Finding } from '../../../model/finding.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts, FilterRule } from '../../facts.js';

/** What is found when these facts are other than on the healthy host. */
const found = (change: Partial<DirectorFacts>): readonly Finding[] => diagnose({ ...director, ...change });
const codes = (change: Partial<DirectorFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);
const settings = (values: Readonly<Record<string, string>>) => new Map([...director.settings, ...Object.entries(values)]);

test('a healthy director has no finding', () => {
  assert.deepEqual(found({}), []);
});

test('what weir load repairs: one finding for one fact', () => {
  const due = (...repairs: readonly RepairDue[]): Partial<DirectorFacts> => ({ datapath: { ...director.datapath, repairs } });
  const forwarding = { kind: 'pair-setting', path: 'net/ipv4/conf/weir0/forwarding', value: '0', expected: '1' } as const;
  const missing = { kind: 'pair-missing', name: 'weir0' } as const;
  const on = { settings: settings({ 'net/ipv4/ip_forward': '1' }) };
  const nat = { services: [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq')])], handovers: [] };
  assert.deepEqual(codes(due(forwarding, { kind: 'pair-down', name: 'weir1' })), ['error pair-changed']);
  assert.deepEqual(codes({ ...due(missing), ...on }), ['warning pair-changed', 'info forwarding-unneeded']);
  assert.deepEqual(codes({ ...due(forwarding), ...nat }), ['error forwarding-off', 'info nat-one-wire'], 'ip_forward is the cause of both');
  assert.deepEqual(codes({ ...due(missing), ...nat }), ['error pair-changed', 'warning forwarding-off', 'info nat-one-wire'], 'two facts');
  assert.deepEqual(codes(due({ kind: 'mac-changed', name: 'wan' })), ['error interface-changed']);
  assert.deepEqual(codes(due({ kind: 'flags-changed', name: 'wan' })), ['warning interface-changed']);
  assert.deepEqual(codes({ datapath: { ...director.datapath, change: {} } }), ['warning table-unfinished']);
  assert.deepEqual(codes({ datapath: { ...director.datapath, change: { holder: 812 } } }), ['info table-unfinished']);
});

test("another build's table is one finding, and no service is missed in it", () => {
  const datapath = { ...director.datapath, otherTables: '0123456789ab' };
  const [finding, ...others] = found({ datapath, services: [], connects: [], handovers: [], paths: [], holders: [] });
  assert.deepEqual([finding?.severity, finding?.code, others], ['warning', 'datapath-other-build', []]);
  assert.match(finding?.what ?? '', /0123456789ab/);
  assert.equal(finding?.fix, undefined, 'each way loses connections: a person decides');
});

test('datapath: absent, or not attached to an interface', () => {
  assert.deepEqual(codes({ datapath: { loaded: false, interfaces: [] }, services: [] }), ['error datapath-absent']);
  const covered = (attached: readonly string[], iface = WAN) => ({
    loaded: true,
    interfaces: [{ ifindex: iface.ifindex, name: iface.name, attached }],
  });
  assert.deepEqual(codes({ datapath: covered(['ingress']) }), ['error interface-uncovered'], 'the VIP is there');
  assert.match(found({ datapath: covered(['ingress']) })[0]?.cause ?? '', /nothing is attached at its egress,/);
  assert.deepEqual(codes({ datapath: covered([], LO) }), ['info interface-uncovered']);
  const other = { ...WAN, ifindex: 7, name: 'dmz' };
  assert.deepEqual(codes({ interfaces: [LO, WAN, other], datapath: covered([], other) }), ['warning interface-uncovered']);
});

test('table: empty, a service without servers, all quiesced, weights that do not count', () => {
  const of = (...weights: readonly number[]) => weights.map((weight) => destination('10.5.0.51', 80, 'route', weight));
  assert.deepEqual(codes({ services: [] }), ['warning table-empty']);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, [])] }), ['error service-empty']);
  const [zero] = found({ services: [service('10.5.0.9', 80, of(0, 0))] });
  assert.deepEqual([zero?.code, zero?.fix], ['weights-zero', 'ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.51:80 -g -w 1']);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, of(1, 2), 'rr')] }), ['info weights-ignored']);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, of(1, 2), 'wrr')] }), []);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, of(1, 0), 'rr')] }), [], 'quiescing is no difference of weights');
});

test('VIP: on no interface, outside every subnet, on an interface that is down, on lo, twice, prefix too short', () => {
  const without = director.addresses.filter(({ label }) => label !== 'wan:0');
  const at = (ifindex: number, prefixLength: number) => [...without, { ifindex, address: ip('10.5.0.9'), prefixLength }];
  assert.equal(found({ addresses: without })[0]?.fix, 'weir vip add 10.5.0.9 --dev wan');
  assert.deepEqual(codes({ addresses: without }), ['error vip-absent']);
  const elsewhere = service('203.0.113.8', 80, director.services[0]?.destinations ?? []);
  assert.deepEqual(codes({ services: [elsewhere], handovers: [] }), ['warning vip-absent']);
  assert.deepEqual(codes({ interfaces: [LO, { ...WAN, flags: 0 }] }), ['error vip-down']);
  assert.deepEqual(codes({ addresses: at(1, 32) }), ['warning vip-on-lo']);
  assert.deepEqual(codes({ addresses: at(2, 16) }), ['warning vip-prefix']);
  assert.deepEqual(codes({ addresses: at(2, 24) }), [], 'the subnet’s own prefix is as good as /32');
  const third = { ...WAN, ifindex: 3, name: 'dmz' };
  assert.deepEqual(codes({ interfaces: [LO, WAN, third], addresses: [...director.addresses, ...at(3, 32).slice(-1)] }), [
    'warning vip-twice',
  ]);
});

test('VIP holders: a real server is named by its address, another host by its MAC', () => {
  const answered = (mac: string) => ({ holders: [...director.holders, { ifindex: 2, address: ip('10.5.0.9'), mac }] });
  const [server] = found(answered('02:00:00:00:00:51'));
  assert.equal(server?.what, 'real server 10.5.0.51 answers ARP for VIP 10.5.0.9 on wan (02:00:00:00:00:51)');
  const [other] = found(answered('02:00:00:00:00:99'));
  assert.equal(other?.code, 'vip-answered-by-other');
});

test('two hosts with one real server’s address', () => {
  const second = { ifindex: 2, address: ip('10.5.0.51'), mac: '02:00:00:00:00:52' };
  assert.deepEqual(codes({ holders: [...director.holders, second] }), ['error server-answered-twice']);
});

test('reach: a UDP server is not connected to, but the path to it is examined', () => {
  const key = { kind: 'address', protocol: 'udp', address: ip('10.5.0.9'), port: 53 } as const;
  const udp = { spec: { key, scheduler: 'wlc', schedFlags: 0, onePacket: false }, destinations: [destination('10.5.0.51', 53, 'route')] };
  const services = [udp];
  assert.deepEqual(codes({ services, connects: [], handovers: [] }), []);
  assert.deepEqual(codes({ services, connects: [], handovers: [], holders: [] }), ['error server-unreachable']);
  const unasked = [{ to: ip('10.5.0.51'), kind: 'direct', ifindex: 2, unasked: true } as const];
  assert.deepEqual(codes({ services, connects: [], handovers: [], holders: [], paths: unasked }), []);
});

test('reach: each connect error has its own cause', () => {
  const cause = (error: string, change: Partial<DirectorFacts> = {}) =>
    found({ connects: [{ address: ip('10.5.0.51'), port: 80, error }], handovers: [], ...change })[0]?.cause;
  assert.equal(cause('ECONNREFUSED'), 'no process listens on port 80 there');
  assert.equal(cause('ETIMEDOUT'), 'no answer: a firewall drops the packets, or the answers take another route');
  assert.match(cause('EHOSTUNREACH', { holders: [] }) ?? '', /^no host answers ARP for 10\.5\.0\.51 on wan/);
  assert.equal(cause('ENETUNREACH', { paths: [{ to: ip('10.5.0.51'), kind: 'none' }] }), 'this host has no route to 10.5.0.51');
  const nat = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq')])];
  const routed = { to: ip('10.5.0.51'), kind: 'routed', ifindex: 2, gateway: ip('10.5.0.1') } as const;
  assert.equal(cause('EHOSTUNREACH', { services: nat, paths: [routed] }), 'the router 10.5.0.1 on wan does not reach it');
  assert.equal(cause('EACCES'), 'EACCES');
});

test('reach: a VS/DR server must serve the VIP', () => {
  const [handed] = director.handovers;
  assert.ok(handed);
  const refused = [{ address: ip('10.5.0.51'), port: 80, error: 'ECONNREFUSED' }];
  assert.deepEqual(codes({ connects: refused }), [], 'a server may listen on the VIP alone');
  assert.deepEqual(codes({ handovers: [{ ...handed, answer: 'silent' }] }), ['error server-without-vip']);
  assert.deepEqual(codes({ handovers: [{ ...handed, answer: 'refused' }] }), ['error server-deaf-to-vip']);
  const quiesced = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route', 0), destination('10.5.0.52', 80, 'route')])];
  assert.deepEqual(codes({ services: quiesced, handovers: [{ ...handed, answer: 'silent' }] }), ['info server-without-vip']);
});

test('reach: the answers of a VS/NAT server must come back to the director', () => {
  const services = [service('10.5.0.9', 80, [destination('10.6.0.51', 8080, 'masq')])];
  const nat = { services, settings: settings({ 'net/ipv4/ip_forward': '1' }), connects: [{ address: ip('10.6.0.51'), port: 8080 }] };
  const handed = { method: 'masq', vip: ip('10.5.0.9'), port: 8080, realServer: ip('10.6.0.51') } as const;
  assert.deepEqual(codes({ ...nat, handovers: [{ ...handed, answer: 'accepted' }] }), []);
  assert.deepEqual(codes({ ...nat, handovers: [{ ...handed, answer: 'silent' }] }), ['error server-answers-elsewhere']);
  assert.deepEqual(codes({ ...nat, handovers: [] }), [], 'a test that was not done gives no finding');
});

test('method: VS/DR through a router is an error; VS/NAT within one subnet is reported', () => {
  const routed = { to: ip('10.5.0.51'), kind: 'routed', ifindex: 2, gateway: ip('10.5.0.1') } as const;
  assert.deepEqual(codes({ paths: [routed] }), ['error direct-route-behind-router']);
  const nat = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'masq')])];
  assert.deepEqual(codes({ services: nat, settings: settings({ 'net/ipv4/ip_forward': '1' }) }), ['info nat-one-wire']);
});

test('forwarding: needed for Masq only', () => {
  const nat = [service('10.5.0.9', 80, [destination('10.6.0.51', 80, 'masq')])];
  assert.deepEqual(codes({ services: nat }), ['warning forwarding-off']);
  assert.deepEqual(codes({ services: nat, settings: settings({ 'net/ipv4/ip_forward': '1' }) }), []);
  assert.deepEqual(codes({ settings: settings({ 'net/ipv4/ip_forward': '1' }) }), ['info forwarding-unneeded']);
});

test('rp_filter: strict mode matters where the route back uses another interface', () => {
  const strict = { settings: settings({ 'net/ipv4/conf/all/rp_filter': '1' }) };
  assert.deepEqual(codes(strict), []);
  assert.deepEqual(codes({ ...strict, defaultRoutes: [{ ifindex: 9, gateway: ip('10.8.0.1') }] }), ['warning reverse-path-strict']);
  const loose = settings({ 'net/ipv4/conf/all/rp_filter': '1', 'net/ipv4/conf/wan/rp_filter': '2' });
  assert.deepEqual(codes({ settings: loose, defaultRoutes: [{ ifindex: 9 }] }), [], 'the larger value counts, and 2 is loose');
});

test('offloads: LRO breaks, missing GRO is slow on a card', () => {
  assert.deepEqual(codes({ offloads: [{ ifindex: 2, active: ['rx-gro', 'rx-lro'] }] }), ['error lro-on']);
  assert.deepEqual(codes({ offloads: [{ ifindex: 2, active: [] }] }), ['info gro-off']);
  assert.deepEqual(codes({ offloads: [{ ifindex: 2, active: [] }], interfaces: [LO, { ...WAN, kind: 'veth' }] }), []);
  assert.deepEqual(codes({ offloads: [] }), [], 'unknown offloads give no finding');
});

test('filters: a rule for the VIP or its port is reported, others are not', () => {
  const rule: FilterRule = { tool: 'nft', place: 'ip t c', text: 'x', verdict: 'drop', destinations: [], ports: [], protocol: 'tcp' };
  const with_ = (change: Partial<FilterRule>) => codes({ filters: [{ ...rule, ...change }] });
  const vip = [{ address: ip('10.5.0.0'), prefixLength: 28 }];
  assert.deepEqual(with_({ destinations: vip }), ['warning filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 79, to: 81 }] }), ['warning filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 80, to: 80 }], verdict: 'accept' }), ['info filter-bypassed']);
  assert.deepEqual(with_({ ports: [{ from: 81, to: 90 }] }), []);
  assert.deepEqual(with_({ destinations: vip, ports: [{ from: 22, to: 22 }] }), []);
  assert.deepEqual(with_({ destinations: [{ address: ip('10.6.0.0'), prefixLength: 16 }] }), []);
  assert.deepEqual(with_({ destinations: vip, protocol: 'udp' }), []);
});

test('what could not be examined is reported', () => {
  assert.deepEqual(found({ notExamined: [{ what: 'rules of nft were not examined', cause: 'no permission' }] }), [
    { severity: 'info', code: 'not-looked-at', what: 'rules of nft were not examined', cause: 'no permission' },
  ]);
});
