import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeXdpFeatures, getDevice, XDP_TRANSMITS } from './netdev.js';

test('the question names the interface', () => {
  const { type, payload } = getDevice(27, 5);
  assert.deepEqual([type, [...payload]], [27, [1, 1, 0, 0, 8, 0, 1, 0, 5, 0, 0, 0]]);
});

test('the answer’s features, and bytes that are none', () => {
  const answer = Uint8Array.of(1, 1, 0, 0, 8, 0, 1, 0, 5, 0, 0, 0, 12, 0, 3, 0, 0x27, 0, 0, 0, 0, 0, 0, 0);
  assert.equal(decodeXdpFeatures(answer), 0x27n);
  assert.equal((decodeXdpFeatures(answer) ?? 0n) & XDP_TRANSMITS, XDP_TRANSMITS);
  assert.equal(decodeXdpFeatures(answer.subarray(0, 12)), undefined);
  assert.equal(decodeXdpFeatures(new Uint8Array(2)), undefined);
});
