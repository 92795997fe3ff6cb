import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import { addressId, destinationId } from '../../model/identity.js';
import { unservedIn } from './unserved.js';

const vip = ip('10.5.0.9');
const vips = new Set([addressId(vip)]);
const syn = (client: string, port: number, address = vip) => ({ client: ip(client), to: { address, port } });

test('SYNs for a VIP count where neither a service nor a process has the port', () => {
  const taken = { endpoints: new Set([destinationId({ address: vip, port: 80 })]), ports: new Set([22]) };
  const syns = [
    syn('192.0.2.1', 80),
    syn('192.0.2.1', 22),
    syn('192.0.2.1', 443),
    syn('192.0.2.2', 443),
    syn('192.0.2.2', 443, ip('10.5.0.2')),
  ];
  assert.deepEqual(unservedIn(syns, vips, taken), [{ vip, port: 443, packets: 2, clients: [ip('192.0.2.1'), ip('192.0.2.2')] }]);
});

test('a service of port 0 has every port', () => {
  const taken = { endpoints: new Set([destinationId({ address: vip, port: 0 })]), ports: new Set<number>() };
  assert.deepEqual(unservedIn([syn('192.0.2.1', 443)], vips, taken), []);
});
