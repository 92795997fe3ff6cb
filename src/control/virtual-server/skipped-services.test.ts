import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { emptyConfiguration } from '../../../test/support/keepalived-configuration.js';
import { realServer, virtualServer } from '../../../test/support/virtual-server.js';
import { serviceId } from '../../model/identity.js';
import { type WantedService, wantedServices } from '../../model/keepalived/wanted-table.js';
import { SkippedServices } from './skipped-services.js';

/** The service of a virtual server of its own. */
function asked(name: string, address: string): WantedService {
  const server = virtualServer({
    name,
    target: { kind: 'service', key: { kind: 'address', protocol: 'tcp', address: ip(address), port: 80 } },
    realServers: [realServer('10.0.0.1')],
  });
  const [service] = wantedServices(server, server.realServers, { ...emptyConfiguration, virtualServers: [server] });
  assert.ok(service);
  return service;
}

test('a service is kept while a virtual server wants it, and not longer', () => {
  const skipped = new SkippedServices();
  const [x, y] = ['192.0.2.1', '192.0.2.2'] as const;
  const id = (address: string): string => serviceId(asked('A', address).spec.key);
  for (const name of ['A', 'B']) skipped.add(id(x), asked(name, x));
  skipped.add(id(y), asked('A', y));
  assert.equal(skipped.size, 2);
  assert.equal(skipped.get(id(x), 'B')?.server.name, 'B');
  skipped.delete(id(x), 'B');
  assert.deepEqual([skipped.get(id(x), 'B'), skipped.size], [undefined, 2]);
  skipped.delete(id(x), 'B');
  skipped.delete(id(x), 'A');
  assert.equal(skipped.size, 1, 'the last one that wanted it has it now');
  skipped.forget('A');
  assert.deepEqual([skipped.get(id(y), 'A'), skipped.size], [undefined, 0]);
});
