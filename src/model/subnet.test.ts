import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from './address-text.js';
import { contains } from './subnet.js';

const isIn = (text: string, network: string): boolean => {
  const [base = '', length] = network.split('/');
  const [address, of] = [parseAddress(text), parseAddress(base)];
  assert.ok(address !== undefined && of !== undefined);
  return contains({ address: of, prefixLength: Number(length) }, address);
};

test('an address is in a network by the bits of its prefix, in both families', () => {
  for (const [address, network] of [
    ['10.0.0.1', '10.0.0.1/32'],
    ['10.0.0.255', '10.0.0.7/24'],
    ['255.255.255.255', '128.0.0.0/1'],
    ['203.0.113.9', '10.0.0.0/0'],
    ['2001:db8::1', '2001:db8::ffff/112'],
    ['2001:db8:0:1::1', '2001:db8::/63'],
    ['fe80::1', '::/0'],
  ] as const)
    assert.ok(isIn(address, network), `${address} in ${network}`);
  for (const [address, network] of [
    ['10.0.0.2', '10.0.0.1/32'],
    ['10.0.1.0', '10.0.0.0/24'],
    ['127.255.255.255', '128.0.0.0/1'],
    ['2001:db8:0:2::1', '2001:db8::/63'],
    ['2001:db8::1', '2001:db8::/128'],
    ['10.0.0.1', '::/0'],
    ['::1', '0.0.0.0/0'],
  ] as const)
    assert.ok(!isIn(address, network), `${address} not in ${network}`);
});
