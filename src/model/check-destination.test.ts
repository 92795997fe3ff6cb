import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../test/support/ip.js';
import { checkDestination } from './check-destination.js';
import type { ServiceKey } from './service.js';

function check(service: string, server: string): void {
  const key: ServiceKey = { kind: 'address', protocol: 'tcp', address: ip(service), port: 80 };
  checkDestination(key, {
    address: ip(server),
    port: 80,
    method: 'masq',
    weight: 1,
    upperThreshold: 0,
    lowerThreshold: 0,
    tunnel: { type: 'ipip', port: 0, checksum: 'nocsum' },
  });
}

test('the addresses that the kernel takes for a server', () => {
  for (const server of ['10.0.0.1', '127.0.0.1', '240.0.0.1']) check('10.0.0.9', server);
  for (const server of ['2001:db8::1', 'fd00::1', '::1', '::10.0.0.1']) check('2001:db8::9', server);
});

test('the addresses that it refuses', () => {
  for (const server of ['0.0.0.0', '224.0.0.1', '255.255.255.255']) assert.throws(() => check('10.0.0.9', server), /unicast/);
  for (const server of ['::', 'ff02::1', 'fe80::1', '::ffff:10.0.0.1']) assert.throws(() => check('2001:db8::9', server), /unicast/);
});
