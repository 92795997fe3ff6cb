// Policies of IPsec as Linux 6.18 lists them.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { blockedByDefault } from '../model/ipsec-policy.js';
import { viewOf } from './bytes.js';
import { type Attribute, encodeAttributes, u32Attribute } from './netlink.js';
import { decodeDefaults, decodePolicy, isAboutPolicies } from './xfrm.js';

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

test('policies for packets that leave and for forwarded ones', () => {
  assert.deepEqual(decodePolicy(payload()), {
    direction: 'out',
    source: { address: { family: 'inet', words: [0xc6336450] }, prefixLength: 32 },
    destination: { address: { family: 'inet', words: [0xcb007100] }, prefixLength: 24 },
    protocol: 6,
    sourcePort: { port: 80, mask: 0xffff },
    destinationPort: { port: 0, mask: 0 },
    ifindex: 0,
    priority: 9,
    action: 'protect',
  });
  assert.equal(decodePolicy(payload(undefined, 2))?.direction, 'fwd');
  assert.equal(decodePolicy(payload([]))?.action, 'pass', 'without a template');
  assert.equal(decodePolicy(payload([], 1, 1))?.action, 'block');
  assert.ok(decodePolicy(payload([mark(0)])), 'of packets without a mark');
});

test('none: for packets that come in, marks, interfaces of xfrm, and bytes that are none', () => {
  for (const direction of [0, 3]) assert.equal(decodePolicy(payload([], direction)), undefined);
  assert.equal(decodePolicy(payload([mark(7)])), undefined);
  assert.equal(decodePolicy(payload([u32Attribute(31, 5)])), undefined);
  assert.equal(decodePolicy(payload().subarray(0, 100)), undefined);
});

test('defaults: in, fwd, out; 1 blocks, 2 accepts', () => {
  assert.deepEqual(decodeDefaults(Uint8Array.of(2, 2, 2, 0)), []);
  assert.deepEqual(decodeDefaults(Uint8Array.of(1, 2, 2, 0)), [], 'what comes in for this host');
  assert.deepEqual(decodeDefaults(Uint8Array.of(2, 2, 1, 0)), blockedByDefault('out'));
  assert.deepEqual(decodeDefaults(Uint8Array.of(2, 1, 1, 0)), [...blockedByDefault('out'), ...blockedByDefault('fwd')]);
});

test('messages about policies, and those about associations that expire', () => {
  const message = (type: number) => ({ type, flags: 0, sequence: 0, port: 0, payload: new Uint8Array(0) });
  assert.deepEqual(
    [19, 20, 25, 27, 29, 40, 24].map((type) => isAboutPolicies(message(type))),
    [true, true, true, true, true, true, false],
  );
});
