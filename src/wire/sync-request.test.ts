import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSyncMessage } from './sync-message.js';
import { encodeSyncRequest, isSyncRequest } from './sync-request.js';

test('a request is a whole message without entries, of its sync id alone', () => {
  const request = encodeSyncRequest(7);
  assert.equal(Buffer.from(request).toString('hex'), '0007000800010000');
  assert.deepEqual(decodeSyncMessage(request, { syncId: 7 }).entries, []);
  assert.ok(isSyncRequest(request, { syncId: 7 }));
  assert.ok(isSyncRequest(request, { syncId: 0 }));
  assert.ok(!isSyncRequest(request, { syncId: 8 }));
});

test('what is shorter, longer or counts entries is none', () => {
  const request = encodeSyncRequest(7);
  assert.ok(!isSyncRequest(request.subarray(0, 7), { syncId: 7 }));
  assert.ok(!isSyncRequest(Uint8Array.of(...request, 0), { syncId: 7 }));
  assert.ok(!isSyncRequest(request.with(4, 1), { syncId: 7 }));
  assert.ok(!isSyncRequest(request.with(5, 0), { syncId: 7 }));
  assert.ok(!isSyncRequest(request.with(3, 9), { syncId: 7 }));
});
