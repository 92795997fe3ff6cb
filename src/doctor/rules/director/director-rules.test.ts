// Each rule of a director: no finding on a healthy host, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, LO, service, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { RepairDue } from '../../../datapath/ebpf/observe/repairs-due.js';
import type { Family } from '../../../model/address.js';
import type { Finding } from '../../../model/finding.js';
import type { TcAlone } from '../../../model/tc-alone.js';
import { LinkFlag } from '../../../wire/rtnetlink-link.js';
import { diagnose } from '../../diagnose.js';
import type { ClientFact, DirectorFacts, MarkDenial, PathFact } from '../../facts.js';
import type { ConnectionFacts } from '../../table-facts.js';

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
  assert.deepEqual(codes({ datapath: { ...director.datapath, unrecorded: ['wan', 'lan'] } }), ['warning interface-unrecorded']);
  const alone = (...tcAlone: readonly TcAlone[]): Partial<DirectorFacts> => ({ datapath: { ...director.datapath, tcAlone } });
  assert.deepEqual(codes(alone({ what: 'IPv6', why: 'EINVAL' })), ['info xdp-refused']);
  const busy = { what: 'wan', why: 'another XDP program is attached there (number 7)', obstacle: 'foreign' } as const;
  assert.deepEqual(codes(alone(busy, { what: 'lan', why: 'EINVAL', obstacle: 'driver' })), [
    'info xdp-not-attached',
    'info xdp-not-attached',
  ]);
  const [{ what, cause, advice } = assert.fail()] = found(alone(busy));
  assert.deepEqual([what, cause], ['wan goes by tc alone, without XDP', busy.why]);
  assert.match(advice ?? '', /ip link set dev wan xdp off/);
  const vlans = { what: 'wan', why: 'it has VLANs on top (wan.5)', obstacle: 'vlan' } as const;
  assert.match(found(alone(vlans))[0]?.advice ?? '', /cost more processor time; nothing has to be done$/);
  const path = (name: string, forbids: boolean) => ({ kind: 'reverse-path-changed', name, forbids }) as const;
  assert.deepEqual(codes(due(path('wan', false), path('lo', false))), ['info reverse-path-changed']);
  assert.deepEqual(codes(due(path('wan', false), path('lan', true))), ['warning reverse-path-changed']);
  assert.deepEqual(codes(due({ kind: 'accept-local-changed', name: 'lan' })), ['info accept-local-changed']);
  assert.deepEqual(codes(due({ kind: 'mark-rules', missing: true })), ['error mark-rules-changed']);
  assert.deepEqual(codes(due({ kind: 'mark-rules', missing: false })), ['info mark-rules-changed']);
  const source = (family: Family, present: boolean) => ({ kind: 'source-rules', family, present }) as const;
  const two = { services: ['10.5.0.9', '10.5.0.10'].map((vip) => service(vip, 80, [destination('10.5.0.51', 80, 'masq')])) };
  const ofRules = (change: Partial<DirectorFacts>) => codes(change).filter((code) => code.endsWith('source-rules-changed'));
  assert.deepEqual(ofRules({ ...due(source('inet', true), source('inet6', false)), ...two }), ['warning source-rules-changed']);
  assert.deepEqual(ofRules({ ...due(source('inet6', true)), ...two }), ['info source-rules-changed'], 'another family');
  assert.deepEqual(ofRules({ ...due(source('inet', false)), ...two }), ['info source-rules-changed']);
  assert.deepEqual(ofRules(due(source('inet', true))), ['info source-rules-changed'], 'one virtual address');
  assert.deepEqual(codes({ datapath: { ...director.datapath, change: {} } }), ['warning table-unfinished']);
  assert.deepEqual(codes({ datapath: { ...director.datapath, change: { holder: 812 } } }), ['info table-unfinished']);
});

test('IPv6 services, and interfaces that do not forward IPv6', () => {
  const services = [service('2001:db8::9', 80, [destination('2001:db8::51', 80, 'route')])];
  const six = (value: string): Partial<DirectorFacts> => ({ settings: settings({ 'net/ipv6/conf/wan/forwarding': value }) });
  const ofIpv6 = (change: Partial<DirectorFacts>) => codes(change).filter((code) => code.includes('ipv6'));
  assert.deepEqual(ofIpv6({ services, ...six('0') }), ['error ipv6-forwarding-off']);
  assert.deepEqual(ofIpv6({ services, ...six('1') }), []);
  assert.deepEqual(ofIpv6(six('0')), [], 'no IPv6 service needs it');
  const key = { kind: 'fwmark', family: 'inet6', mark: 3 } as const;
  const marks = services.map((one) => ({ ...one, spec: { ...one.spec, key } }));
  const paths = (all: string) => settings({ 'net/ipv6/conf/wan/forwarding': '1', 'net/ipv6/conf/all/forwarding': all });
  const ofMarks = (change: Partial<DirectorFacts>) => codes(change).filter((code) => /mark|ipv6/.test(code));
  assert.deepEqual(ofMarks({ services: marks, settings: paths('0') }), ['error mark-forwarding-off']);
  assert.deepEqual(ofMarks({ services: marks, settings: paths('1') }), []);
  assert.deepEqual(ofMarks({ services: marks, ...six('0') }), ['error ipv6-forwarding-off'], 'one remedy for both');
});

test('half of the weir pair: one finding, and no weir load before the interface has its name again', () => {
  const fixes = (repair: RepairDue) =>
    found({ datapath: { ...director.datapath, repairs: [repair] } }).map(({ code, fix }) => `${code}: ${fix}`);
  assert.deepEqual(fixes({ kind: 'pair-renamed', name: 'weir0', now: 'up link' }), [
    "pair-changed: ip link set 'up link' down && ip link set 'up link' name weir0 && weir load",
  ]);
  assert.deepEqual(fixes({ kind: 'pair-broken', present: 'weir1', missing: 'weir0' }), ['pair-changed: ip link del weir1 && weir load']);
});

test("another build's table is one finding, and no service is missed in it", () => {
  const datapath = {
    ...director.datapath,
    otherTables: { build: '0123456789ab', maps: ['conns', 'dests'], layout: 'other-build' },
  } as const;
  const [finding, ...others] = found({ datapath, services: [], connects: [], handovers: [], paths: [], holders: [] });
  assert.deepEqual([finding?.severity, finding?.code, others], ['warning', 'datapath-other-build', []]);
  assert.match(finding?.what ?? '', /0123456789ab/);
  assert.match(finding?.cause ?? '', /^maps conns and dests have other layouts: it goes on/);
  assert.equal(finding?.fix, undefined, 'each way loses connections: a person decides');
  const before = { ...director.datapath, otherTables: { build: '0123456789ab', maps: ['conns'], layout: 'before' } } as const;
  assert.equal(found({ datapath: before })[0]?.fix, 'weir load', 'it takes them over');
  const taken = { ...director.datapath, otherTables: { build: 'unknown', maps: [], layout: 'taken-over' } } as const;
  assert.match(found({ datapath: taken })[0]?.advice ?? '', /^weir load of the build that has begun/);
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
  const shaped = { ifindex: WAN.ifindex, name: WAN.name, attached: ['ingress'], ingressAlone: true } as const;
  const [finding] = found({ datapath: { loaded: true, interfaces: [shaped] } });
  assert.deepEqual([finding?.severity, finding?.code], ['warning', 'egress-uncovered']);
  assert.equal(finding?.fix, undefined, 'it removes filters of others');
  assert.match(finding?.advice ?? '', /^tc qdisc del dev wan ingress; tc qdisc add dev wan clsact; weir load\. /);
});

test('table: empty, a service without servers, all quiesced, weights that do not count', () => {
  const of = (...weights: readonly number[]) => weights.map((weight) => destination('10.5.0.51', 80, 'route', weight));
  assert.deepEqual(codes({ services: [] }), ['warning table-empty']);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, [])] }), ['error service-empty']);
  const [zero] = found({ services: [service('10.5.0.9', 80, of(0, 0))] });
  const edit = 'ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.51:80 -g -w 1';
  assert.deepEqual([zero?.code, zero?.fix], ['weights-zero', `${edit} && ${edit}`], 'all of them');
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, of(1, 2), 'rr')] }), ['info weights-ignored']);
  assert.deepEqual(codes({ services: [service('10.5.0.9', 80, of(1, 2), 'wrr')] }), []);
  const quiesced = codes({ services: [service('10.5.0.9', 80, of(1, 0), 'rr')] });
  assert.deepEqual(quiesced, ['info destination-quiesced'], 'quiescing is no difference of weights');
});

test('VIP: on no interface, outside every subnet, on an interface that is down, on lo, twice, prefix too short', () => {
  const without = director.addresses.filter(({ label }) => label !== 'wan:0');
  const at = (ifindex: number, prefixLength: number) => [...without, { ifindex, address: ip('10.5.0.9'), prefixLength }];
  assert.equal(found({ addresses: without })[0]?.fix, 'weir vip add 10.5.0.9 --dev wan');
  assert.deepEqual(codes({ addresses: without }), ['error vip-absent']);
  const elsewhere = service('203.0.113.8', 80, director.services[0]?.destinations ?? []);
  assert.deepEqual(codes({ services: [elsewhere], handovers: [] }), ['warning vip-absent']);
  assert.deepEqual(codes({ interfaces: [LO, { ...WAN, flags: 0 }] }), ['error interface-down'], 'and not the servers behind it');
  assert.deepEqual(codes({ addresses: at(1, 32) }), ['info vip-on-lo'], 'ARP requests on wan are answered for it');
  const ignore = (value: string) => ({ settings: settings({ 'net/ipv4/conf/all/arp_ignore': value }) });
  assert.deepEqual(codes({ addresses: at(1, 32), ...ignore('1') }), ['error vip-on-lo']);
  assert.deepEqual(codes(ignore('1')), []);
  assert.equal(found(ignore('8'))[0]?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=0');
  assert.deepEqual(codes({ addresses: at(2, 16) }), ['warning vip-prefix']);
  assert.deepEqual(codes({ addresses: at(2, 24) }), [], 'the subnet’s own prefix is as good as /32');
  const third = { ...WAN, ifindex: 3, name: 'dmz' };
  assert.deepEqual(codes({ interfaces: [LO, WAN, third], addresses: [...director.addresses, ...at(3, 32).slice(-1)] }), [
    'warning vip-twice',
  ]);
  const away = { interfaces: [LO, WAN, third], addresses: at(3, 32) };
  assert.deepEqual(codes(away), ['info vip-wrong-interface']);
  const [silent] = found({ ...away, ...ignore('2') });
  assert.equal(silent?.severity, 'error');
  assert.equal(silent?.fix, 'ip addr del 10.5.0.9/32 dev dmz; weir vip add 10.5.0.9 --dev wan');
});

test('a VIP that is not here, but elsewhere, or under another address', () => {
  const without = director.addresses.filter(({ label }) => label !== 'wan:0');
  const rival = { ifindex: 2, address: ip('10.5.0.9'), mac: '02:00:00:00:00:99' };
  const all = found({ addresses: without, holders: [...director.holders, rival] });
  assert.deepEqual([all.length, all[0]?.cause, all[0]?.fix], [1, '02:00:00:00:00:99 answers ARP for it on wan', undefined]);
  const other = { ifindex: 2, address: ip('10.5.0.8'), prefixLength: 32 };
  const [moved] = found({ addresses: [...without, other] });
  const move = 'ipvsadm -A -t 10.5.0.8:80 -s wlc && ipvsadm -a -t 10.5.0.8:80 -r 10.5.0.51:80 -g -w 1 && ipvsadm -D -t 10.5.0.9:80';
  assert.equal(moved?.fix, undefined, 'which of the two is right, a person knows');
  assert.equal(moved?.advice, `if 10.5.0.9 is right: weir vip add 10.5.0.9 --dev wan; if 10.5.0.8 is: ${move}`);
  const [second] = found({ addresses: [...without, { ...other, prefixLength: 24 }] });
  assert.match(second?.cause ?? '', /this host has 10\.5\.0\.8, which no service has/, 'an alias with the prefix of its subnet, too');
});

test('interfaces: down, without carrier, without ARP, each once for all that it leads to', () => {
  const with_ = (flags: number) => ({ interfaces: [LO, { ...WAN, flags }], connects: [], handovers: [], holders: [] });
  assert.deepEqual(codes(with_(LinkFlag.up)), ['error interface-no-carrier']);
  const [noArp, ...more] = found(with_(LinkFlag.up | LinkFlag.lowerUp | LinkFlag.noArp));
  assert.deepEqual([noArp?.code, noArp?.fix, more.length], ['interface-no-arp', 'ip link set wan arp on', 0]);
  const unused = { ...WAN, ifindex: 9, name: 'spare', flags: 0 };
  assert.deepEqual(codes({ interfaces: [LO, WAN, unused] }), []);
});

const clientOf = (path: Partial<PathFact>, seen = true): ClientFact => {
  const client = ip('198.51.100.7');
  return { client, vip: ip('10.5.0.9'), path: { to: client, kind: 'none', ...path }, seen };
};
const masq = {
  services: [service('10.5.0.9', 80, [destination('10.6.0.51', 80, 'masq')])],
  settings: settings({ 'net/ipv4/ip_forward': '1' }),
  handovers: [],
};

test('clients: the way back matters where answers go through the director', () => {
  assert.deepEqual(codes({ clients: [clientOf({})] }), [], 'VS/DR: the servers answer');
  assert.deepEqual(codes({ ...masq, clients: [clientOf({})] }), ['error client-unroutable']);
  assert.deepEqual(codes({ ...masq, clients: [clientOf({}, false)] }), [], 'a host may serve its own networks only');
  const refusingRoutes = [{ type: 'unreachable', destination: { address: ip('0.0.0.0'), prefixLength: 0 }, table: 254 } as const];
  const refused = {
    ...masq,
    refusingRoutes,
    clients: [clientOf({ refusedBy: 'unreachable' }), clientOf({ refusedBy: 'unreachable' }, false)],
  };
  assert.deepEqual(
    found(refused).map(({ cause, fix }) => [cause, fix]),
    [['the route of this host to 198.51.100.7 is unreachable default', undefined]],
    'without it, there would be no default route at all',
  );
  const inTable = { ...refused, refusingRoutes: refusingRoutes.map((route) => ({ ...route, table: 77 })) };
  assert.equal(found(inTable)[0]?.fix, 'ip route del unreachable default table 77');
});

test('clients: a router that does not answer ARP', () => {
  const routed = { kind: 'routed', ifindex: 2, gateway: ip('10.5.0.1') } as const;
  const clients = [clientOf(routed), clientOf(routed, false)];
  assert.deepEqual(codes({ ...masq, clients }), ['error gateway-unanswered']);
  assert.deepEqual(codes({ clients }), ['info gateway-unanswered'], 'VS/DR: only what this host sends itself');
  const router = { ifindex: 2, address: ip('10.5.0.1'), mac: '02:00:00:00:00:fe' };
  assert.deepEqual(codes({ ...masq, clients, holders: [router] }), []);
  const neighbours = [{ ifindex: 2, address: ip('10.5.0.1'), mac: '02:00:00:00:00:99', permanent: true }];
  assert.equal(found({ ...masq, clients, holders: [router], neighbours })[0]?.fix, 'ip neigh del 10.5.0.1 dev wan');
});

test('MTU: large packets that get lost, where small ones arrive', () => {
  const echo = (packetBytes: number, kind: 'accepted' | 'silent') => {
    const host = ip('10.5.0.51');
    return { host, target: host, source: ip('10.5.0.2'), packetBytes, answer: { kind } };
  };
  assert.deepEqual(codes({ echoes: [echo(84, 'accepted'), echo(1500, 'accepted')] }), []);
  assert.deepEqual(codes({ echoes: [echo(84, 'silent'), echo(1500, 'silent')] }), [], 'a server that answers no ping');
  const [hole] = found({ echoes: [echo(84, 'accepted'), echo(1500, 'silent'), echo(1400, 'accepted'), echo(1420, 'silent')] });
  assert.deepEqual([hole?.code, hole?.fix], ['mtu-black-hole', 'ip route replace 10.5.0.51 dev wan mtu lock 1400']);
});

test('a destination with weight 0 beside others', () => {
  const quiesced = [service('10.5.0.9', 80, [destination('10.5.0.51', 80, 'route'), destination('10.5.0.52', 80, 'route', 0)])];
  const [finding, ...more] = found({ services: quiesced });
  assert.deepEqual(
    [finding?.severity, finding?.code, finding?.fix, more.length],
    ['info', 'destination-quiesced', 'ipvsadm -e -t 10.5.0.9:80 -r 10.5.0.52:80 -g -w 1', 0],
  );
});

test('half-open connections: by server, or by the network that they have in common', () => {
  const virtual = { address: ip('10.5.0.9'), port: 80 };
  const at = (server: string, halfOpen: number, others: number) => ({
    virtual,
    destination: { address: ip(server), port: 80 },
    halfOpen,
    others,
    over: false,
  });
  const net = (network: string, halfOpen: number, others: number) => ({ network: ip(network), halfOpen, others, over: false });
  const of = (destinations: ConnectionFacts['destinations'], networks: ConnectionFacts['networks']) =>
    codes({ connections: { destinations, networks, idle: new Map() } });
  assert.deepEqual(of([at('10.5.0.51', 2, 0)], [net('192.0.2.0', 2, 0)]), []);
  assert.deepEqual(of([at('10.5.0.51', 9, 0), at('10.5.0.52', 0, 9)], [net('192.0.2.0', 9, 9)]), ['warning half-open-server']);
  assert.deepEqual(of([at('10.5.0.51', 9, 90), at('10.5.0.52', 9, 90)], [net('192.0.2.0', 18, 0), net('198.51.100.0', 0, 180)]), [
    'warning half-open-clients',
  ]);
  const [six] = found({
    connections: { destinations: [at('10.5.0.51', 9, 0), at('10.5.0.52', 9, 0)], networks: [net('2001:db8:7::', 18, 0)], idle: new Map() },
  });
  assert.match(six?.what ?? '', /^clients in 2001:db8:7::\/64: 18 of 18 connections/);
  assert.match(six?.advice ?? '', /^ip -6 route get 2001:db8:7::/);
  assert.deepEqual(of([{ ...at('10.5.0.51', 9, 2), over: true }], []), ['info half-open-server'], 'later ones got past it');
  const connections = { destinations: [at('10.5.0.51', 9, 0)], networks: [net('192.0.2.0', 9, 0)], idle: new Map() };
  assert.deepEqual(
    codes({ connections, handovers: [], connects: [{ address: ip('10.5.0.51'), port: 80, error: 'ECONNREFUSED' }] }),
    ['error server-unreachable'],
    'a test has found the reason',
  );
});

test('an address of this host that another host has, too', () => {
  const rival = { ifindex: 2, address: ip('10.5.0.2'), mac: '02:00:00:00:00:51' };
  const [finding] = found({ holders: [...director.holders, rival] });
  assert.equal(finding?.code, 'address-answered-twice');
  assert.match(finding?.cause ?? '', /02:00:00:00:00:51 answers for 10\.5\.0\.51, too/);
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

test('forwarding: needed for firewall marks, on each interface towards clients', () => {
  const [one = assert.fail()] = director.services;
  const services = [...director.services, { ...one, spec: { ...one.spec, key: { kind: 'fwmark', family: 'inet', mark: 3 } as const } }];
  const on = ['all', 'wan', 'lan', 'lo'].map((name) => [`net/ipv4/conf/${name}/forwarding`, '1'] as const);
  assert.deepEqual(codes({ services }), ['error mark-forwarding-off']);
  assert.deepEqual(codes({ services, settings: settings({ 'net/ipv4/ip_forward': '1', ...Object.fromEntries(on) }) }), []);
});

test('forwarding: what a forward chain drops on every interface, with the rule that lets it pass', () => {
  const by = { tool: 'iptables', family: 'ip', table: 'filter', chain: 'FORWARD', base: 'FORWARD', text: 'policy drop' } as const;
  const wan: MarkDenial = { family: 'inet', interfaceName: 'wan', leavesBy: 'weir0', by };
  const [finding, ...more] = found({ markDenials: [wan] });
  assert.deepEqual([finding?.code, finding?.fix, more], ['mark-forward-dropped', 'iptables -I FORWARD -o weir0 -j ACCEPT', []]);
  assert.match(finding?.cause ?? '', /iptables chain filter FORWARD drops them \(policy drop\)$/);
  assert.deepEqual(codes({ markDenials: [{ ...wan, interfaceName: 'lan' }] }), [], 'another one passes');
  const fixes = (markDenials: readonly MarkDenial[]) => found({ markDenials }).map(({ fix }) => fix);
  const ofIpv6: MarkDenial = { ...wan, family: 'inet6', by: { ...by, tool: 'ip6tables', family: 'ip6' } };
  assert.deepEqual(fixes([wan, ofIpv6]), ['iptables -I FORWARD -o weir0 -j ACCEPT', 'ip6tables -I FORWARD -o weir0 -j ACCEPT']);
  assert.equal(fixes([wan, { ...wan, family: 'inet6' }]).length, 1, 'one rule for both');
  const ofFirewalld = { ...by, tool: 'nft', family: 'inet', table: 'firewalld', base: 'filter_FORWARD', writer: 'firewalld' } as const;
  const [advised] = found({ markDenials: [{ ...wan, by: ofFirewalld }] });
  assert.deepEqual([advised?.fix, advised?.advice?.includes('firewalld')], [undefined, true]);
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

test('what could not be examined is reported', () => {
  assert.deepEqual(found({ notExamined: [{ what: 'rules of nft were not examined', cause: 'no permission' }] }), [
    { severity: 'info', code: 'not-looked-at', what: 'rules of nft were not examined', cause: 'no permission' },
  ]);
});
