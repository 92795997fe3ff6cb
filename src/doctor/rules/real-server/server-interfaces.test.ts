// A real server's interfaces, addresses, routes past the director, and MTU.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LO, realServer, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { Finding } from '../../../model/finding.js';
import { LinkFlag } from '../../../wire/rtnetlink-link.js';
import { diagnose } from '../../diagnose.js';
import type { EchoFact, RealServerFacts, WayBack } from '../../facts.js';

const found = (change: Partial<RealServerFacts>): readonly Finding[] => diagnose({ ...realServer, ...change });
const codes = (change: Partial<RealServerFacts>) => found(change).map(({ severity, code }) => `${severity} ${code}`);
const [vipOnLo, own] = realServer.addresses;
const eth = { ...WAN, name: 'eth', mac: '02:00:00:00:00:51' };
const nat = { method: 'nat', dip: ip('10.5.0.2'), vips: [], localVips: [] } as const;

test('an interface that is down, unplugged or without ARP, where it is needed', () => {
  const of = (flags: number) => codes({ interfaces: [LO, { ...eth, flags }], gateways: [], waysBack: [], holders: [] });
  assert.deepEqual(of(0), ['error interface-down']);
  assert.deepEqual(of(LinkFlag.up), ['error interface-no-carrier']);
  assert.ok(of(LinkFlag.up | LinkFlag.lowerUp | LinkFlag.noArp).includes('error interface-no-arp'));
  const spare = { ...eth, ifindex: 9, name: 'spare', flags: 0 };
  assert.deepEqual(codes({ interfaces: [LO, eth, spare] }), []);
});

test('a VLAN is set up after the interface below it', () => {
  const vlan = { ...eth, ifindex: 7, name: 'eth.7', kind: 'vlan', lower: 2, flags: 0 };
  const addresses = [vipOnLo, { ifindex: 7, address: ip('10.5.0.51'), prefixLength: 24 }] as RealServerFacts['addresses'];
  const change = { interfaces: [LO, { ...eth, flags: 0 }, vlan], addresses, gateways: [], waysBack: [], holders: [] };
  assert.equal(found(change)[0]?.fix, 'ip link set eth up; ip link set eth.7 up');
});

test('no address at all, and one that another host has, too', () => {
  assert.ok(vipOnLo && own);
  const bare = codes({ addresses: [vipOnLo], gateways: [], waysBack: [], holders: [] });
  assert.deepEqual(bare, ['error server-without-address']);
  const rival = { ifindex: 2, address: ip('10.5.0.51'), mac: '02:00:00:00:00:99' };
  assert.deepEqual(codes({ holders: [...realServer.holders, rival] }), ['error address-answered-twice']);
});

test('VS/NAT: a rule or a route that leads answers past the director', () => {
  const gateways = [{ address: ip('10.5.0.2'), ifindex: 2, mac: '02:00:00:00:00:01', unasked: false }];
  const to = ip('198.51.100.85');
  const by = (path: Partial<WayBack['path']>): Partial<RealServerFacts> => ({
    ...nat,
    gateways,
    waysBack: [{ from: ip('10.5.0.51'), path: { to, kind: 'routed', ifindex: 2, ...path } }],
  });
  assert.deepEqual(codes(by({ gateway: ip('10.5.0.2') })), []);
  const [past] = found(by({ gateway: ip('10.5.0.254') }));
  assert.deepEqual([past?.code, past?.fix], ['server-gateway-not-director', undefined], 'the default route is right');
  assert.match(past?.what ?? '', /go to 10\.5\.0\.254, not to the director 10\.5\.0\.2/);
  const [refused] = found(by({ kind: 'none', refusedBy: 'blackhole' }));
  assert.match(refused?.cause ?? '', /a blackhole rule or route of this host/);
});

test('an MTU larger than that of the network', () => {
  const gateway = ip('10.5.0.1');
  const echo = (packetBytes: number, kind: 'accepted' | 'silent'): EchoFact => ({
    host: gateway,
    target: gateway,
    source: ip('10.5.0.51'),
    packetBytes,
    answer: { kind },
  });
  assert.deepEqual(codes({ echoes: [echo(84, 'accepted'), echo(9000, 'accepted')] }), []);
  assert.deepEqual(codes({ echoes: [echo(84, 'silent'), echo(9000, 'silent')] }), [], 'it answers no ping');
  const [finding] = found({ echoes: [echo(84, 'accepted'), echo(1500, 'accepted'), echo(9000, 'silent')] });
  assert.equal(finding?.code, 'mtu-black-hole');
  assert.match(finding?.advice ?? '', /ip link set eth mtu 1500/);
});
