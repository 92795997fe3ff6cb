// What is kept of the text of services is used only while it is the text that would be written.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { DestinationEntry, ServiceEntry, Stats } from '../../model/service.js';
import type { HealthStatus } from '../../report/status/status.js';
import { keptServicesText } from './kept-services-text.js';
import { serviceValue } from './service-value.js';

const NAMES = ['conns', 'inPackets', 'outPackets', 'inBytes', 'outBytes'] as const;
const RATES = ['connRate', 'inPacketRate', 'outPacketRate', 'inByteRate', 'outByteRate'] as const;
const stats = Object.fromEntries([...NAMES, ...RATES].map((name) => [name, 1n])) as unknown as Stats;
const tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' } as const;
const server: DestinationEntry = {
  spec: { address: ip('10.0.0.1'), port: 80, method: 'masq', weight: 3, upperThreshold: 0, lowerThreshold: 0, tunnel },
  active: 1,
  inactive: 2,
  persistent: 3,
  stats,
};
const service: ServiceEntry = {
  spec: {
    key: { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 },
    scheduler: 'wlc',
    schedFlags: 0,
    onePacket: false,
  },
  stats,
  destinations: [server],
};
const real = { server: '10.0.0.1:80', up: true, since: null, weight: 3, checks: 1, unchecked: 0, failed: [], notMade: [], timesDown: 0 };
const health: HealthStatus = {
  ...{ name: '[192.0.2.1]:tcp:80', quorumUp: true, quorum: 1, weight: 3, sorry: false, suspended: false },
  servers: [real],
};
const none = new Map<string, HealthStatus>();

test('whatever changes of a service is in its next text', () => {
  const withServer = (change: Partial<DestinationEntry>): ServiceEntry => ({ ...service, destinations: [{ ...server, ...change }] });
  const byHealth = (change: Partial<typeof real>): typeof none =>
    new Map([[health.name, { ...health, servers: [{ ...real, ...change }] }]]);
  const turns: readonly (readonly [ServiceEntry, typeof none])[] = [
    [service, none],
    [structuredClone(service), none],
    ...[...NAMES, ...RATES].map((name) => [{ ...service, stats: { ...stats, [name]: 2n } }, none] as const),
    ...[...NAMES, ...RATES].map((name) => [withServer({ stats: { ...stats, [name]: 2n } }), none] as const),
    [withServer({ active: 9 }), none],
    [withServer({ inactive: 9 }), none],
    [withServer({ persistent: 9 }), none],
    [withServer({ held: { released: false } }), none],
    [withServer({ held: { released: false, weight: 2 } }), none],
    [withServer({ spec: { ...server.spec, weight: 4 } }), none],
    [{ ...service, destinations: [server, server] }, none],
    [service, byHealth({})],
    [service, byHealth({ up: false })],
    [service, byHealth({ timesDown: 1 })],
  ];
  for (const [entry, byName] of turns) {
    // The object that the text is kept by is the same.
    const one = { ...entry, spec: service.spec };
    assert.equal(keptServicesText([one], byName), JSON.stringify(serviceValue(one, byName)));
    assert.equal(keptServicesText([{ ...one }, one], byName).split('"scheduler"').length, 3);
  }
});
