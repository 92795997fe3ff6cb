// Each rule of a real server: no finding on a healthy host, and one finding for one fault.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip, realServer, WAN } from '../../../../test/support/doctor-facts.js';
import type { Finding } from '../../../model/finding.js';
import { LinkHardware } from '../../../wire/rtnetlink-link.js';
import { diagnose } from '../../diagnose.js';
import type { RealServerFacts } from '../../facts.js';

const found = (change: Partial<RealServerFacts>): readonly Finding[] => diagnose({ ...realServer, ...change });
const codes = (change: Partial<RealServerFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);
const settings = (values: Readonly<Record<string, string>>) => new Map([...realServer.settings, ...Object.entries(values)]);
const [vipOnLo, own] = realServer.addresses;

test('a healthy real server has no finding', () => {
  assert.deepEqual(found({}), []);
});

test('VIP: none, absent, on an interface with ARP, prefix too short; a tunnel interface is as good as lo', () => {
  assert.ok(vipOnLo && own);
  assert.deepEqual(codes({ vips: [] }), ['error server-vip-absent']);
  assert.equal(found({ addresses: [own] })[0]?.fix, 'weir realserver start --vip 10.5.0.9');
  assert.deepEqual(codes({ addresses: [own, { ...vipOnLo, ifindex: 2 }] }), ['error server-vip-on-wire']);
  assert.deepEqual(codes({ addresses: [own, { ...vipOnLo, prefixLength: 24 }] }), ['error server-vip-prefix']);
  const tunnel = { ...WAN, ifindex: 5, name: 'tunl0', hardware: LinkHardware.ipip };
  assert.deepEqual(codes({ interfaces: [...realServer.interfaces, tunnel], addresses: [own, { ...vipOnLo, ifindex: 5 }] }), []);
});

test('ARP: the larger of all and the interface counts', () => {
  const all = 'net/ipv4/conf/all/arp_ignore';
  const one = 'net/ipv4/conf/eth/arp_ignore';
  assert.deepEqual(codes({ settings: settings({ [all]: '0' }) }), ['error server-arp-ignore']);
  assert.deepEqual(codes({ settings: settings({ [all]: '0', [one]: '1' }) }), []);
  assert.equal(found({ settings: settings({ [all]: '0' }) })[0]?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=1');
  assert.equal(
    found({ settings: settings({ [one]: '3' }) })[0]?.fix,
    'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth.arp_ignore=1',
  );
  assert.deepEqual(codes({ settings: settings({ 'net/ipv4/conf/all/arp_announce': '1' }) }), ['error server-arp-announce']);
});

test('a dot in an interface’s name is a slash to sysctl', () => {
  const interfaces = realServer.interfaces.map((iface) => (iface.ifindex === 2 ? { ...iface, name: 'eth.7' } : iface));
  const [first] = found({ interfaces, settings: settings({ 'net/ipv4/conf/eth.7/arp_ignore': '3' }) });
  assert.equal(first?.fix, 'sysctl -w net.ipv4.conf.all.arp_ignore=1 net.ipv4.conf.eth/7.arp_ignore=1');
});

test('every interface towards the cluster is examined, others are not', () => {
  const second = { ...WAN, ifindex: 3, name: 'eth1' };
  const withAllOff = settings({ 'net/ipv4/conf/all/arp_ignore': '0', 'net/ipv4/conf/eth/arp_ignore': '1' });
  const address = { ifindex: 3, address: ip('10.7.0.1'), prefixLength: 24 };
  const interfaces = [...realServer.interfaces, second];
  assert.deepEqual(codes({ interfaces, settings: withAllOff }), [], 'no address, no cluster');
  const [finding] = found({ interfaces, settings: withAllOff, addresses: [...realServer.addresses, address] });
  assert.match(finding?.what ?? '', /^arp_ignore is 0 on eth1 /);
});

test('gateway under VS/DR: never the director, by its address or by its MAC', () => {
  assert.deepEqual(codes({ dip: ip('10.5.0.1') }), ['error server-gateway-is-director']);
  assert.deepEqual(codes({ dip: ip('10.5.0.2') }), []);
  const same = realServer.holders.map((holder) => ({ ...holder, mac: '02:00:00:00:00:01' }));
  assert.deepEqual(codes({ holders: same }), ['error server-gateway-is-director']);
  assert.deepEqual(codes({ defaultRoutes: [] }), ['warning server-no-gateway']);
});

test('gateway under VS/NAT: only the director; VIP and ARP do not matter', () => {
  const nat = { method: 'nat', vips: [], settings: new Map() } as const;
  assert.deepEqual(codes({ ...nat, dip: ip('10.5.0.1') }), []);
  assert.deepEqual(codes({ ...nat, dip: ip('10.5.0.2') }), ['error server-gateway-not-director']);
  assert.equal(found({ ...nat, dip: ip('10.5.0.2'), defaultRoutes: [] })[0]?.what, 'there is no default route');
});

test('the VIP is answered for by two hosts, or by none', () => {
  const rival = { ifindex: 2, address: ip('10.5.0.9'), mac: '02:00:00:00:00:77' };
  const [twice] = found({ holders: [...realServer.holders, rival] });
  assert.match(twice?.what ?? '', /^02:00:00:00:00:01 and 02:00:00:00:00:77 both answer ARP for VIP 10\.5\.0\.9 on eth$/);
  assert.deepEqual(codes({ holders: [] }), ['warning vip-unanswered']);
  assert.deepEqual(
    codes({ vips: [ip('203.0.113.9')], holders: [], addresses: [{ ifindex: 1, address: ip('203.0.113.9'), prefixLength: 32 }] }),
    [],
    'a VIP of another subnet is asked for elsewhere',
  );
});
