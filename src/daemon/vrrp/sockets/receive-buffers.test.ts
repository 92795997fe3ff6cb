import assert from 'node:assert/strict';
import { test } from 'node:test';
import { oneInstance } from '../../../../test/support/keepalived-configuration.js';
import { advertBytes, bufferBytes } from './receive-buffers.js';

const two = [oneInstance, { ...oneInstance, name: 'VI_2', receiveBufferBytes: 5000 }];

test('an advert is as long as on the wire', () => {
  assert.equal(advertBytes(oneInstance), 20 + 8 + 4 + 8);
  assert.equal(advertBytes({ ...oneInstance, version: 3 }), 32);
  assert.equal(advertBytes({ ...oneInstance, family: 'inet6', version: 3, addresses: [] }), 8);
  assert.equal(advertBytes({ ...oneInstance, authentication: { kind: 'ah', password: 'x' } as never }), 64);
});

test('each instance of a socket adds its own size, or that of the policy', () => {
  assert.equal(bufferBytes([oneInstance], undefined, 1500), undefined);
  assert.equal(bufferBytes(two, undefined, 1500), 5000);
  assert.equal(bufferBytes(two, { kind: 'mtu', amount: 3 }, 1500), 4500 + 5000);
  assert.equal(bufferBytes([oneInstance, oneInstance], { kind: 'advert', amount: 2 }, 1500), 160);
  assert.equal(bufferBytes([oneInstance], { kind: 'bytes', amount: 777 }, 1500), 777);
});
