// Which routers are asked about which VIPs, and from which address a VS/NAT server is tested.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, SERVER_MAC, service, WAN } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import { formatAddress } from '../../../model/address-text.js';
import type { ClientFact, HostFacts } from '../../facts.js';
import type { NextHop } from './next-hop.js';
import { handovers, type Reached, reachedDestinations } from './probe-plan.js';
import { reflectionQuestions } from './reflection-plan.js';

const [vip, router] = [ip('10.5.0.9'), ip('10.5.0.1')];
const hop: NextHop = { ifindex: 2, mac: WAN.mac ?? '', nextHopMac: SERVER_MAC, source: ip('10.5.0.2'), mtu: 1500 };
const client = (by: Partial<ClientFact['path']> = {}): ClientFact => ({
  client: ip('198.51.100.7'),
  vip,
  path: { to: ip('198.51.100.7'), kind: 'routed', ifindex: 2, gateway: router, ...by },
  seen: true,
});
const asked = (host: HostFacts, clients: readonly ClientFact[], services = director.services) =>
  reflectionQuestions(host, services, clients, () => hop).map(
    ({ source, target, port }) => `${formatAddress(source)} ${formatAddress(target)} ${port ?? 'echo'}`,
  );

test('a router in the VIP’s subnet is handed a ping and a SYN for it, and two controls', () => {
  assert.deepEqual(asked(director, [client(), client()]), [
    '10.5.0.2 10.5.0.9 echo',
    '10.5.0.2 10.5.0.9 80',
    '10.5.0.9 10.5.0.2 echo',
    '192.0.0.8 10.5.0.2 echo',
  ]);
});

test('a router is not asked about a VIP that is not here, is in no subnet of its own, or has no service of TCP', () => {
  const without = director.addresses.filter(({ label }) => label !== 'wan:0');
  assert.deepEqual(asked({ ...director, addresses: without }, [client()]), []);
  assert.deepEqual(asked(director, [client({ gateway: ip('203.0.113.1') })]), [], 'another uplink’s router');
  assert.deepEqual(
    asked(
      director,
      [client({ kind: 'direct' })].map((one) => ({ ...one, path: { to: vip, kind: 'direct' } })),
    ),
    [],
  );
  const key = { kind: 'address', protocol: 'udp', address: vip, port: 53 } as const;
  assert.deepEqual(
    asked(director, [client()], [{ spec: { key, scheduler: 'rr', schedFlags: 0, onePacket: false }, destinations: [] }]),
    [],
  );
});

test('a VS/NAT server is tested from an address that needs its gateway, also where the VIP is this host’s own address', () => {
  const sourceFor = (address: string, prefixLength: number, label: string): string => {
    const { spec } = service(address, 80, []);
    const { key } = spec;
    if (key.kind !== 'address') throw new TypeError('a mark');
    const reached: Reached = { key, destination: destination('10.5.0.51', 80, 'masq'), hop };
    const host = { ...director, addresses: [{ ifindex: 2, address: ip(address), prefixLength, label }] };
    return handovers(host, [reached]).map((one) => formatAddress(one.source))[0] ?? '';
  };
  assert.equal(sourceFor('10.5.0.2', 24, 'wan'), '192.0.0.8', 'the server answers the VIP without a gateway');
  assert.equal(sourceFor('198.51.100.80', 32, 'wan'), '198.51.100.80');
});

test('a VS/NAT server is not tested from a VIP whose high ports are those of a service: it would take the answer', () => {
  const [web, high] = [service('198.51.100.80', 80, [destination('10.5.0.51', 80, 'masq')]), destination('10.5.0.51', 0, 'masq')];
  const host = { ...director, addresses: [{ ifindex: 2, address: ip('198.51.100.80'), prefixLength: 32, label: 'wan' }] };
  const sources = (port: number, isPersistent: boolean): readonly string[] => {
    const { spec } = service('198.51.100.80', port, []);
    const other = { spec: isPersistent ? { ...spec, persistence: { timeout: 300, netmask: 0xffffffff } } : spec, destinations: [high] };
    const reached = reachedDestinations([web, other], [{ to: ip('10.5.0.51'), kind: 'direct' }], () => hop);
    return [...new Set(handovers(host, reached).map((one) => formatAddress(one.source)))];
  };
  assert.deepEqual(sources(21, true), ['192.0.0.8']);
  assert.deepEqual(sources(0, true), ['192.0.0.8']);
  assert.deepEqual(sources(21, false), ['198.51.100.80'], 'no data connections');
  assert.deepEqual(sources(443, true), ['198.51.100.80']);
});
