import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { VirtualServerFact, VrrpFacts } from '../../vrrp-facts.js';
import { virtualServersRule } from './virtual-servers.js';

const { spec } = service('10.5.0.9', 80, []);
const wanted: VirtualServerFact = {
  name: '[10.5.0.9]:tcp:80',
  file: '/etc/keepalived/keepalived.conf',
  pid: 77,
  spec,
  destinations: [{ address: ip('10.5.0.51'), port: 80, checked: false }],
  suspends: false,
};
const found = (virtualServers: readonly VirtualServerFact[], services = director.services) =>
  virtualServersRule({ ...director, services }, { virtualServers } as Partial<VrrpFacts> as VrrpFacts).map(
    ({ severity, code, what, cause, fix }) => ({ head: `${severity} ${code}`, text: `${what}: ${cause}`, fix }),
  );

test('a table with all that the file asks for', () => assert.deepEqual(found([wanted]), []));

test('services that are missing: one finding for one cause', () => {
  const others = [81, 82, 83, 84, 85].map((port) => ({ ...wanted, spec: service('10.5.0.9', port, []).spec }));
  const [all, ...rest] = found([wanted, ...others]);
  assert.deepEqual(rest, []);
  assert.equal(all?.head, 'error virtual-server-absent');
  assert.match(all?.text ?? '', /^TCP 10\.5\.0\.9:81, .*:84 and 1 more of \/etc\/keepalived\/keepalived\.conf are not in the table: /);
  assert.equal(all?.fix, 'kill -HUP 77');
  assert.deepEqual(found([{ ...wanted, suspends: true }], []), [], 'ha_suspend keeps it out while the VIP is elsewhere');
});

test('real servers that are missing: a check may have failed, else it is an error', () => {
  const services = [service('10.5.0.9', 80, [destination('10.5.0.52', 80, 'route')])];
  const [lost] = found([wanted], services);
  assert.deepEqual([lost?.head, lost?.fix], ['error real-server-absent', 'kill -HUP 77']);
  assert.match(lost?.text ?? '', /^real server 10\.5\.0\.51:80 of TCP 10\.5\.0\.9:80 is not in the table: /);
  const checked = wanted.destinations.map((one) => ({ ...one, checked: true }));
  const [down] = found([{ ...wanted, destinations: checked }], services);
  assert.deepEqual([down?.head, down?.fix], ['warning real-server-absent', undefined]);
  assert.match(down?.text ?? '', /either the check fails, or another program removed it$/);
  const published = (up: boolean, reason = '') => wanted.destinations.map((one) => ({ ...one, checked: true, health: { up, reason } }));
  const [failing] = found([{ ...wanted, destinations: published(false, 'HTTP_GET HTTP status code error (/: status 503)') }], services);
  assert.deepEqual([failing?.head, failing?.fix], ['warning real-server-absent', undefined]);
  assert.match(failing?.text ?? '', /: its health check fails: HTTP_GET HTTP status code error \(\/: status 503\)$/);
  const [removed] = found([{ ...wanted, destinations: published(true) }], services);
  assert.deepEqual([removed?.head, removed?.fix], ['error real-server-absent', 'kill -HUP 77']);
  assert.match(removed?.text ?? '', /: its health checks succeed: another program removed it$/);
});
