// Where an IPv6 VIP is: what is right, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, LO, service, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { diagnose } from '../../diagnose.js';
import type { DirectorFacts, HolderFact, Ipv6AddressFact } from '../../facts.js';

const [VIP, SERVER, LAN] = [ip('fd00:5::9'), ip('fd00:5::51'), { ...WAN, ifindex: 3, name: 'lan', mac: '02:00:00:00:00:03' }];
const own: Ipv6AddressFact = { ifindex: 2, address: ip('fd00:5::2'), prefixLength: 64 };
const vip: Ipv6AddressFact = { ifindex: 2, address: VIP, prefixLength: 128 };
const server: HolderFact = { ifindex: 2, address: SERVER, mac: '02:00:00:00:00:51' };
const on = (...names: readonly string[]) => names.map((name) => [`net/ipv6/conf/${name}/forwarding`, '1'] as const);

/** A director of one IPv6 service by VS/DR, with these addresses. */
const facts = (addresses: readonly Ipv6AddressFact[], change: Partial<DirectorFacts> = {}): DirectorFacts => ({
  ...director,
  interfaces: [LO, WAN, LAN],
  services: [service('fd00:5::9', 80, [destination('fd00:5::51', 80, 'route')])],
  ipv6: { addresses, defaultRoutes: [] },
  settings: new Map([...director.settings, ...on('wan', 'lan')]),
  paths: [{ to: SERVER, kind: 'direct', ifindex: 2 }],
  connects: [{ address: SERVER, port: 80 }],
  holders: [server],
  handovers: [{ method: 'route', protocol: 'tcp', vip: VIP, port: 80, realServer: SERVER, answer: { kind: 'accepted' } }],
  ...change,
});
const found = (...given: Parameters<typeof facts>): readonly Finding[] => diagnose(facts(...given));
const lines = (...given: Parameters<typeof facts>): readonly string[] =>
  found(...given).map(({ severity, code, fix }) => `${severity} ${code}: ${fix ?? ''}`);

test('a healthy director of an IPv6 service has no finding', () => {
  assert.deepEqual(lines([own, vip]), []);
  assert.deepEqual(lines([own, vip, { ...vip, ifindex: 1 }]), [], 'also on lo: it does no harm there');
});

test('a VIP that is on no interface', () => {
  assert.deepEqual(lines([own]), ['error vip-absent: weir vip add fd00:5::9 --dev wan']);
  const holder = { ifindex: 2, address: VIP, mac: '02:00:00:00:00:99' };
  const [elsewhere] = found([own], { holders: [server, holder] });
  assert.deepEqual([elsewhere?.code, elsewhere?.fix], ['vip-absent', undefined]);
  assert.match(elsewhere?.cause ?? '', /^02:00:00:00:00:99 answers neighbour solicitations for it on wan/);
  assert.deepEqual(lines([{ ...own, address: ip('fd00:6::2') }]), ['warning vip-absent: '], 'it may be routed here');
  const route = { defaultRoutes: [{ ifindex: 3 }], addresses: [] };
  assert.deepEqual(lines([], { ipv6: route }), ['warning vip-absent: weir vip add fd00:5::9 --dev lan']);
  const managed = [{ address: VIP, ifindex: 2, file: '/etc/keepalived/keepalived.conf' }];
  assert.deepEqual(lines([own], { vrrp: managed }), [], 'a standby of VRRP');
});

test('a VIP on another interface than its subnet is answered for nowhere', () => {
  assert.deepEqual(lines([own, { ...vip, ifindex: 1 }]), [
    'error vip-on-lo: ip addr del fd00:5::9/128 dev lo; weir vip add fd00:5::9 --dev wan',
  ]);
  assert.deepEqual(lines([own, { ...vip, ifindex: 3 }]), [
    'error vip-wrong-interface: ip addr del fd00:5::9/128 dev lan; weir vip add fd00:5::9 --dev wan',
  ]);
  assert.deepEqual(lines([{ ...vip, ifindex: 1 }]), [], 'a router leads it here: lo is as good as any');
});

test('a VIP whose duplicate address detection failed is not in use', () => {
  assert.deepEqual(lines([own, { ...vip, detection: 'failed' }]), [
    'error vip-duplicate: ip addr del fd00:5::9/128 dev wan; weir vip add fd00:5::9 --dev wan',
  ]);
  assert.deepEqual(lines([own, { ...vip, detection: 'under-way' }]), [], 'it takes a second');
});

test('who else answers for it, and a server that no host answers for', () => {
  const answers = (mac: string) => found([own, vip], { holders: [server, { ifindex: 2, address: VIP, mac }] });
  const [byServer] = answers(server.mac);
  assert.equal(byServer?.code, 'vip-answered-by-server');
  assert.match(byServer?.what ?? '', /real server fd00:5::51 answers neighbour solicitations for VIP fd00:5::9 on wan/);
  const [byOther] = answers('02:00:00:00:00:99');
  assert.equal(byOther?.code, 'vip-answered-by-other');
  assert.match(byOther?.cause ?? '', /a router with proxy NDP/);
  const [silent] = found([own, vip], { holders: [], handovers: [], connects: [{ address: SERVER, port: 80, error: 'EHOSTUNREACH' }] });
  assert.equal(silent?.code, 'server-unreachable');
  assert.match(silent?.cause ?? '', /^no host answers neighbour solicitations for fd00:5::51 on wan/);
});
