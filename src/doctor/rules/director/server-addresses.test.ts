import assert from 'node:assert/strict';
import { test } from 'node:test';
import { destination, director, service } from '../../../../test/support/doctor-facts.js';
import { ip } from '../../../../test/support/ip.js';
import type { ForwardingMethod } from '../../../model/service.js';
import { serverAddressesRule } from './server-addresses.js';

const found = (method: ForwardingMethod, came: readonly string[], left: readonly string[] = []) =>
  serverAddressesRule({
    ...director,
    services: [
      service(
        '10.5.0.9',
        80,
        [...came, ...left].map((address) => destination(address, 80, method)),
      ),
    ],
    datapath: { ...director.datapath, repairs: [{ kind: 'server-addresses', came: came.map(ip), left: left.map(ip) }] },
  }).map(({ severity, code, what, fix }) => [severity, code, what, fix]);

test('an address that came is an error where packets are refused until the next command: not by VS/NAT', () => {
  const refused = ['error', 'server-address-moved', 'packets for 10.5.0.51 are refused (no_route)', 'weir load'];
  for (const method of ['route', 'tunnel', 'fullnat'] as const) assert.deepEqual(found(method, ['10.5.0.51']), [refused], method);
  assert.deepEqual(found('masq', ['10.5.0.51']), []);
  const many = ['10.5.0.51', '10.5.0.52', '10.5.0.53', '10.5.0.54', '10.5.0.55'];
  assert.equal(found('route', many)[0]?.[2], 'packets for 10.5.0.51, 10.5.0.52, 10.5.0.53 and 2 more are refused (no_route)');
});

test('one that left is no fault, since packets go by its route', () => {
  const what = '10.5.0.51 was an address of this director at the last command of weir, and is not now';
  assert.deepEqual(found('fullnat', [], ['10.5.0.51']), [['info', 'server-address-moved', what, 'weir load']]);
  assert.deepEqual(found('fullnat', []), []);
  assert.deepEqual(serverAddressesRule(director), []);
});
