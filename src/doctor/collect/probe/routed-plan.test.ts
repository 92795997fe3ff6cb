// The packets for servers of VS/TUN and FULLNAT, as data.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { addressId } from '../../../model/identity.js';
import type { ServiceFact } from '../../facts.js';
import type { NextHop } from './next-hop.js';
import { echoesOf, type RoutedInput, routedHandovers } from './routed-plan.js';

const [FAR, FAR6, LOCAL] = [ip('10.77.0.3'), ip('fd00:77::3'), ip('10.5.0.7')];
const HOP: NextHop = { ifindex: 2, mac: '02:00:00:00:00:01', nextHopMac: '02:00:00:00:00:fe', source: ip('10.5.0.7'), mtu: 1500 };
const gue = { type: 'gue', port: 6080, checksum: 'csum' } as const;
const tunnelled = (address: string) => ({ ...destination(address, 80, 'tunnel'), tunnel: gue });
const fullnat = { ...destination('10.77.0.3', 8080, 'fullnat'), localAddresses: [LOCAL, ip('10.5.0.8')] };

const input = (services: readonly ServiceFact[], change: Partial<RoutedInput> = {}): RoutedInput => ({
  services,
  sending: {
    inet: { paths: [{ to: FAR, kind: 'routed', gateway: ip('10.5.0.1'), ifindex: 2, source: ip('10.5.0.2') }], hopOf: () => HOP },
    inet6: { paths: [{ to: FAR6, kind: 'routed', gateway: ip('fe80::1'), ifindex: 2, source: ip('fd00:5::2') }], hopOf: () => HOP },
  },
  hosts: { inet: { ...director, addresses: [{ ifindex: 2, address: LOCAL, prefixLength: 24 }, ...director.addresses] } },
  serving: new Set([ip('10.5.0.9'), LOCAL].map(addressId)),
  elsewhere: new Set(),
  ...change,
});

test('VS/TUN: from an address that serves no clients to the VIP, in the tunnel from the route’s source', () => {
  const [probe, ...others] = routedHandovers(input([service('10.5.0.9', 80, [tunnelled('10.77.0.3'), tunnelled('fd00:77::3')])]));
  assert.ok(probe);
  assert.deepEqual([probe.source, probe.target, probe.content], [ip('10.5.0.2'), ip('10.5.0.9'), { kind: 'syn', port: 80 }]);
  assert.deepEqual(probe.tunnel, { tunnel: gue, source: ip('10.5.0.2'), destination: FAR });
  assert.equal(probe.ttl, 2, 'a server without the VIP does not send it back to the director');
  assert.deepEqual(
    others.map(({ tunnel, target }) => [tunnel?.source, tunnel?.destination, target]),
    [[ip('fd00:5::2'), FAR6, ip('10.5.0.9')]],
    'the families may differ',
  );
  assert.deepEqual(
    echoesOf(probe).map(({ of, target, source, tunnel }) => [of, target, source, tunnel !== undefined]),
    [
      ['plain', FAR, HOP.source, false],
      ['vip', ip('10.5.0.9'), ip('10.5.0.2'), true],
      ['server', FAR, ip('10.5.0.2'), true],
    ],
  );
  const [crossed] = others;
  assert.ok(crossed);
  assert.deepEqual(
    echoesOf(crossed).map(({ of }) => of),
    ['plain', 'vip'],
    'the device need not take its own family',
  );
});

test('VS/TUN: none where no address of the family can be answered, no next hop is known, or the server is here', () => {
  const services = [service('10.5.0.9', 80, [tunnelled('10.77.0.3')])];
  const six = { kind: 'address', protocol: 'udp', address: ip('fd00:5::9'), port: 53 } as const;
  const udp6 = { spec: { key: six, scheduler: 'rr', schedFlags: 0, onePacket: false }, destinations: [tunnelled('10.77.0.3')] };
  assert.deepEqual(routedHandovers(input([udp6])), [], 'this host has no address of IPv6');
  assert.deepEqual(routedHandovers(input(services, { sending: { inet: { paths: [], hopOf: () => HOP } } })), []);
  const local = { paths: [{ to: FAR, kind: 'local' } as const], hopOf: () => HOP };
  assert.deepEqual(routedHandovers(input(services, { sending: { inet: local } })), []);
  assert.deepEqual(routedHandovers(input([service('10.5.0.9', 0, [tunnelled('10.77.0.3')])])), [], 'no port');
});

test('FULLNAT: from each local address by a port that no connection has, but for those of another node', () => {
  const services = [service('10.5.0.9', 80, [fullnat])];
  const probes = routedHandovers(input(services));
  assert.deepEqual(
    probes.map(({ source, target, content, lowPort, own }) => [source, target, content, lowPort, own]),
    [LOCAL, ip('10.5.0.8')].map((local) => [local, FAR, { kind: 'syn', port: 8080 }, true, ip('10.5.0.2')]),
  );
  const elsewhere = new Set([addressId(LOCAL)]);
  assert.deepEqual(
    routedHandovers(input(services, { elsewhere })).map(({ source }) => source),
    [ip('10.5.0.8')],
  );
  const [probe] = probes;
  assert.ok(probe);
  assert.deepEqual(
    echoesOf(probe).map(({ of, source }) => [of, source]),
    [
      ['plain', ip('10.5.0.2')],
      ['server', LOCAL],
    ],
  );
});
