import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { formatAddress } from '../address-text.js';
import { reachablePart, servedAs, shortfalls } from './served-as.js';
import type { VirtualServer } from './virtual-server.js';
import { wantedServices, wantedTable } from './wanted-table.js';

const web = (change: Partial<VirtualServer> = {}): VirtualServer =>
  virtualServer({ realServers: [realServer('10.0.0.1'), realServer('10.0.0.2')], ...change });
const persistence = { timeout: 50, netmask: 0xffffffff };
const tunnel = (address: string) => realServer(address, { method: 'tunnel' });

/** What becomes of a virtual server with all its servers up: spec and addresses, or what is missing. */
function fate(server: VirtualServer): unknown {
  const [wanted] = wantedServices(server, server.realServers, { ...emptyConfiguration, virtualServers: [server] });
  assert.ok(wanted !== undefined);
  const served = servedAs(wanted);
  if (served.kind === 'unserved') return served.missing;
  const { spec, destinations } = served.service;
  return [spec.scheduler, spec.persistence, spec.onePacket, spec.schedFlags, destinations.map(({ address }) => formatAddress(address))];
}

const BOTH = ['10.0.0.1', '10.0.0.2'];

test('a service has all that the file asks for', () => {
  assert.deepEqual(fate(web()), ['wlc', undefined, false, 0, BOTH]);
  assert.deepEqual(fate(web({ persistence })), ['wlc', persistence, false, 0, BOTH]);
  const networks = { timeout: 50, netmask: 64 };
  const six = { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip('2001:db8::1'), port: 80 } } as const;
  assert.deepEqual(fate(web({ persistence: networks, target: six })), ['wlc', networks, false, 0, BOTH]);
  const byCall = { ...persistence, engine: 'sip' };
  assert.deepEqual(fate(web({ persistence: byCall })), ['wlc', byCall, false, 0, BOTH]);
  assert.deepEqual(fate(web({ scheduler: 'lblc' })), ['lblc', undefined, false, 0, BOTH]);
  assert.deepEqual(fate(web({ scheduler: 'sh', schedFlags: 3 })), ['sh', undefined, false, 3, BOTH]);
  assert.deepEqual(fate(web({ protocol: 'udp', onePacket: true })), ['wlc', undefined, true, 0, BOTH]);
});

test('servers behind tunnels, and services of all ports, are served', () => {
  assert.deepEqual(fate(web({ realServers: [tunnel('10.0.0.1')] })), ['wlc', undefined, false, 0, ['10.0.0.1']]);
  const allPorts = (address: string) =>
    ({ kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip(address), port: 0 } }) as const;
  const hosts = { timeout: 300, netmask: 128 };
  assert.deepEqual(fate(web({ persistence: hosts, target: allPorts('2001:db8::1') })), ['wlc', hosts, false, 0, BOTH]);
  assert.deepEqual(fate(web({ persistence, target: allPorts('192.0.2.1') })), ['wlc', persistence, false, 0, BOTH]);
});

test('where all servers can be reached, all are checked', () => {
  const mixed = web({ realServers: [realServer('10.0.0.1'), tunnel('10.0.0.2')], quorum: 2, sorryServer: tunnel('10.0.0.9') });
  assert.deepEqual(fate(mixed), ['wlc', undefined, false, 0, BOTH]);
  assert.equal(reachablePart(mixed), mixed);
  assert.deepEqual(shortfalls(wantedTable({ ...emptyConfiguration, virtualServers: [mixed] })), []);
});

test('a server keeps its limits', () => {
  const limited = web({ realServers: [realServer('10.0.0.1', { upperThreshold: 9, lowerThreshold: 5 })] });
  const [wanted] = wantedServices(limited, limited.realServers, emptyConfiguration);
  const served = wanted === undefined ? undefined : servedAs(wanted);
  assert.ok(served?.kind === 'served');
  assert.deepEqual(
    served.service.destinations.map(({ upperThreshold, lowerThreshold }) => [upperThreshold, lowerThreshold]),
    [[9, 5]],
  );
  assert.deepEqual(served.without, []);
});

test('a configuration that asks for nothing else has no shortfall', () => {
  assert.deepEqual(shortfalls(wantedTable({ ...emptyConfiguration, virtualServers: [web()] })), []);
});
