import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../test/support/properties.js';
import { decodeHeartbeat, encodeHeartbeat, type Heartbeat } from './heartbeat.js';

test('what is written is read', () => {
  const heartbeats: fc.Arbitrary<Heartbeat> = fc.record({
    family: fc.constantFrom('inet' as const, 'inet6' as const),
    vrid: fc.integer({ min: 0, max: 255 }),
    state: fc.constantFrom('init' as const, 'backup' as const, 'master' as const, 'fault' as const),
    priority: fc.integer({ min: 0, max: 255 }),
  });
  fc.assert(fc.property(heartbeats, (one) => assert.deepEqual(decodeHeartbeat(encodeHeartbeat(one)), { ...one })));
});

test('anything else is none', () => {
  const right = encodeHeartbeat({ family: 'inet', vrid: 1, state: 'master', priority: 100 });
  for (let at = 0; at < 5; at++) {
    assert.equal(decodeHeartbeat(right.map((byte, index) => (index === at ? 0xff : byte))), undefined);
  }
  assert.equal(decodeHeartbeat(right.slice(0, 7)), undefined);
  assert.equal(decodeHeartbeat(Uint8Array.of(...right, 0)), undefined);
  assert.equal(decodeHeartbeat(right.map((byte, index) => (index === 6 ? 4 : byte))), undefined);
});
