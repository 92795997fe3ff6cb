import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import type { SocketFact } from '../facts.js';
import { unservedOf } from './switched.js';

const address = (text: string): Address => parseAddress(text) as Address;
const socket = (at: string, sixOnly = false, protocol: 'tcp' | 'udp' = 'tcp'): SocketFact => {
  const bound = address(at);
  return { protocol, family: bound.family, address: bound, port: 80, sixOnly, device: 0, waiting: 0, waitingMax: 128 };
};

test('a socket for all addresses serves those of its family alone, one of IPv6 also IPv4 unless it is for IPv6 alone', () => {
  const [four, six] = [
    { address: address('192.0.2.1'), port: 80 },
    { address: address('2001:db8::1'), port: 80 },
  ];
  const unserved = (sockets: readonly SocketFact[] | undefined) => unservedOf([four, six], sockets);
  assert.deepEqual(unserved([socket('0.0.0.0')]), [six]);
  assert.deepEqual(unserved([socket('::')]), []);
  assert.deepEqual(unserved([socket('::', true)]), [four]);
  assert.deepEqual(unserved([socket('::ffff:192.0.2.1')]), [six]);
  assert.deepEqual(unserved([socket('192.0.2.1', false, 'udp')]), [four, six]);
  assert.deepEqual(unserved(undefined), []);
});
