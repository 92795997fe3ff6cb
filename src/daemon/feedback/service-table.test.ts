import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { MemoryDirector } from '../../datapath/memory/memory-director.js';
import { destinationId } from '../../model/identity.js';
import type { DestinationSpec, ServiceKey } from '../../model/service.js';
import { ServiceTable } from './service-table.js';

const key: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip('192.0.2.1'), port: 80 };
const spec = (last: number, weight: number): DestinationSpec => ({
  address: ip(`10.0.0.${last}`),
  port: 80,
  method: 'masq',
  weight,
  upperThreshold: 0,
  lowerThreshold: 0,
  tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
});

test('a weight is written where the table still has the one that it changes from, and nothing else changes', () => {
  const director = new MemoryDirector();
  director.addService({ key, scheduler: 'wrr', schedFlags: 0, onePacket: false });
  const specs = [spec(1, 100), { ...spec(2, 100), upperThreshold: 50, lowerThreshold: 40 }, spec(3, 0)];
  for (const one of specs) director.addDestination(key, one);
  const table = new ServiceTable(key, () => director);
  const [a = '', b = '', c = ''] = specs.map(destinationId);
  const write = (server: string, from: number, to: number) => ({ server, from, to, reason: 'test' });
  assert.deepEqual(table.write([write(a, 90, 70), write(b, 100, 115), write(c, 100, 80), write('another', 1, 2)]), [b]);
  const after = director.service(key).destinations.map((entry) => entry.spec);
  assert.deepEqual(
    after.toSorted((one, two) => (one.address.words[0] ?? 0) - (two.address.words[0] ?? 0)),
    [specs[0], { ...specs[1], weight: 115 }, specs[2]],
  );
  director.deleteService(key);
  assert.deepEqual(table.write([write(a, 100, 70)]), []);
});
