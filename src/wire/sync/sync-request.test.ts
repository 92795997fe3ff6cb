import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeSyncMessage } from './sync-message.js';
import { encodeSyncPresence, encodeSyncRequest, requestedSyncId } from './sync-request.js';

test('a request is a whole message without entries, with its sync id', () => {
  const request = encodeSyncRequest(7);
  assert.equal(Buffer.from(request).toString('hex'), '0007000800010000');
  assert.deepEqual(decodeSyncMessage(request, { syncId: 7 }).entries, []);
  assert.equal(requestedSyncId(request), 7);
  assert.equal(requestedSyncId(encodeSyncRequest(0)), 0);
});

test('what is shorter, longer or counts entries is none', () => {
  const request = encodeSyncRequest(7);
  assert.equal(requestedSyncId(request.subarray(0, 7)), undefined);
  assert.equal(requestedSyncId(Uint8Array.of(...request, 0)), undefined);
  assert.equal(requestedSyncId(request.with(4, 1)), undefined);
  assert.equal(requestedSyncId(request.with(5, 0)), undefined);
  assert.equal(requestedSyncId(request.with(3, 9)), undefined);
});

test('the presence of a master is a whole message of version 0 without entries, and no request', () => {
  const presence = encodeSyncPresence(7);
  assert.equal(Buffer.from(presence).toString('hex'), '0007000800000000');
  const { version, entries, refused } = decodeSyncMessage(presence, { syncId: 7 });
  assert.deepEqual([version, entries, refused.size], [0, [], 0]);
  assert.equal(requestedSyncId(presence), undefined);
});
