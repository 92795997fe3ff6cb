import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatAddress } from '../../model/address-text.js';
import { listenersIn } from './listeners.js';

const texts = (lines: readonly string[], protocol: 'tcp' | 'udp', family: 'inet' | 'inet6') =>
  listenersIn(['  sl  local_address rem_address   st', ...lines].join('\n'), protocol, family).map(
    ({ address, port }) => `${formatAddress(address)} ${port}`,
  );

test('sockets on one address, as the kernel lists them', () => {
  const tail = '00000000:00000000 00:00000000 00000000     0        0 20 1';
  assert.deepEqual(
    texts(
      [
        `   0: 640110AC:0050 00000000:0000 0A ${tail}`,
        `   1: 00000000:0016 00000000:0000 0A ${tail}`,
        `   2: 640110AC:0050 0A0110AC:C350 01 ${tail}`,
      ],
      'tcp',
      'inet',
    ),
    ['172.16.1.100 80', '0.0.0.0 22'],
  );
  assert.deepEqual(texts([`   0: 640110AC:0035 00000000:0000 07 ${tail}`], 'udp', 'inet'), ['172.16.1.100 53']);
  const six = '990000FD000000000000000000010000';
  assert.deepEqual(texts([`   0: ${six}:01BB 00000000000000000000000000000000:0000 0A ${tail}`], 'tcp', 'inet6'), ['fd00:99::100 443']);
  assert.deepEqual(texts(['nonsense', '   0: 1:2 3 4'], 'tcp', 'inet'), []);
});
