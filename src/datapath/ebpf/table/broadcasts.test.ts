// Which IPv4 addresses are broadcast addresses, and so not unicast.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../../model/address.js';
import { isUnicast } from '../../../model/unicast-address.js';
import type { InterfaceAddress } from '../../../wire/rtnetlink-address.js';
import { broadcastsOf } from './broadcasts.js';

const ip = (text: string): Address => ({ family: 'inet', words: [text.split('.').reduce((word, byte) => word * 256 + Number(byte), 0)] });
const on = (text: string, prefixLength: number, more: Partial<InterfaceAddress> = {}): InterfaceAddress => ({
  ifindex: 2,
  address: ip(text),
  prefixLength,
  scope: 0,
  flags: 0,
  ...more,
});
const refused = (addresses: readonly InterfaceAddress[], ...texts: readonly string[]): readonly string[] =>
  texts.filter((text) => !isUnicast(ip(text), broadcastsOf(addresses)));

test("the network's last address is no destination, where the network has more than two", () => {
  const addresses = [on('10.1.2.3', 24), on('172.16.5.1', 30), on('192.0.2.8', 31), on('198.51.100.7', 32)];
  const all = ['10.1.2.255', '10.1.2.0', '10.1.2.3', '172.16.5.3', '172.16.5.2', '192.0.2.9', '198.51.100.7', '10.1.3.255'];
  assert.deepEqual(refused(addresses, ...all), ['10.1.2.255', '172.16.5.3']);
});

test('a broadcast address that was set counts, and a point-to-point address is of the network of its peer', () => {
  const set = on('10.1.2.3', 32, { broadcast: ip('10.1.2.77') });
  const far = on('10.9.0.1', 24, { peer: ip('10.8.7.6') });
  assert.deepEqual(refused([set, far], '10.1.2.77', '10.8.7.255', '10.9.0.255'), ['10.1.2.77', '10.8.7.255']);
});

test('without interfaces: this network, multicast and the limited broadcast address; class E is unicast to the kernel', () => {
  const all = [
    '0.0.0.0',
    '0.1.2.3',
    '1.0.0.0',
    '127.0.0.1',
    '223.255.255.255',
    '224.0.0.0',
    '239.255.255.255',
    '240.0.0.1',
    '255.255.255.255',
  ];
  assert.deepEqual(refused([], ...all), ['0.0.0.0', '0.1.2.3', '224.0.0.0', '239.255.255.255', '255.255.255.255']);
});

test('IPv6 addresses of interfaces are none of ours', () => {
  const six: InterfaceAddress = { ...on('0.0.0.0', 64), address: { family: 'inet6', words: [0x20010db8, 0, 0, 1] } };
  assert.equal(broadcastsOf([six]).size, 0);
});
