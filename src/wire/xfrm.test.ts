// Policies of IPsec as Linux 6.18 lists them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from './bytes.js';
import { type Attribute, encodeAttributes, u32Attribute } from './netlink.js';
import { decodeOutPolicy } from './xfrm.js';

/** `src 198.51.100.80/32 dst 203.0.113.0/24 proto tcp sport 80 dir out priority 9`, with a template where no attributes are given. */
function payload(attributes: readonly Attribute[] = [{ type: 5, payload: new Uint8Array(64) }], direction = 1, action = 0): Uint8Array {
  const fixed = new Uint8Array(168);
  fixed.set([203, 0, 113, 0], 0);
  fixed.set([198, 51, 100, 80], 16);
  const view = viewOf(fixed);
  view.setUint16(36, 80);
  view.setUint16(38, 0xffff);
  view.setUint16(40, 2, true);
  fixed.set([24, 32, 6], 42);
  view.setUint32(152, 9, true);
  fixed.set([direction, action], 160);
  return Uint8Array.from([...fixed, ...encodeAttributes(attributes)]);
}
const mark = (value: number): Attribute => ({ type: 21, payload: Uint8Array.of(value, 0, 0, 0, 255, 0, 0, 0) });

test('a policy for packets that leave', () => {
  assert.deepEqual(decodeOutPolicy(payload()), {
    source: { address: { family: 'inet', words: [0xc6336450] }, prefixLength: 32 },
    destination: { address: { family: 'inet', words: [0xcb007100] }, prefixLength: 24 },
    protocol: 6,
    sourcePort: { port: 80, mask: 0xffff },
    destinationPort: { port: 0, mask: 0 },
    ifindex: 0,
    priority: 9,
    action: 'protect',
  });
  assert.equal(decodeOutPolicy(payload([]))?.action, 'pass', 'without a template');
  assert.equal(decodeOutPolicy(payload([], 1, 1))?.action, 'block');
  assert.ok(decodeOutPolicy(payload([mark(0)])), 'of packets without a mark');
});

test('none: other directions, marks, interfaces of xfrm, and bytes that are none', () => {
  for (const direction of [0, 2, 3]) assert.equal(decodeOutPolicy(payload([], direction)), undefined);
  assert.equal(decodeOutPolicy(payload([mark(7)])), undefined);
  assert.equal(decodeOutPolicy(payload([u32Attribute(31, 5)])), undefined);
  assert.equal(decodeOutPolicy(payload().subarray(0, 100)), undefined);
});
