import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ip } from '../../../test/support/ip.js';
import type { SocketFact } from '../facts.js';
import { unservedOf } from './switched.js';

const socket = (at: string, sixOnly = false, protocol: 'tcp' | 'udp' = 'tcp'): SocketFact => {
  const bound = ip(at);
  return { protocol, family: bound.family, address: bound, port: 80, sixOnly, device: 0, waiting: 0, waitingMax: 128 };
};

test('a socket for all addresses serves those of its family alone, one of IPv6 also IPv4 unless it is for IPv6 alone', () => {
  const [four, six] = [
    { address: ip('192.0.2.1'), port: 80 },
    { address: ip('2001:db8::1'), port: 80 },
  ];
  const unserved = (sockets: readonly SocketFact[] | undefined) => unservedOf([four, six], sockets);
  assert.deepEqual(unserved([socket('0.0.0.0')]), [six]);
  assert.deepEqual(unserved([socket('::')]), []);
  assert.deepEqual(unserved([socket('::', true)]), [four]);
  assert.deepEqual(unserved([socket('::ffff:192.0.2.1')]), [six]);
  assert.deepEqual(unserved([socket('192.0.2.1', false, 'udp')]), [four, six]);
  assert.deepEqual(unserved(undefined), []);
});
