import assert from 'node:assert/strict';
import { test } from 'node:test';
import { viewOf } from './bytes.js';
import { attributeMap } from './netlink.js';
import { addStackedLink } from './rtnetlink-macvlan.js';

test('a macvlan asks for its queue, and for no queue', () => {
  const kind = { kind: 'macvlan', mac: '00:00:5e:00:01:33', broadcastQueueLength: 8192, broadcastCutoff: -1 } as const;
  const { payload } = addStackedLink({ name: 'vrrp.51', base: 7, kind });
  const info = attributeMap(attributeMap(payload.subarray(16))?.get(18) ?? new Uint8Array(0));
  const data = attributeMap(info?.get(2) ?? new Uint8Array(0));
  const number = (type: number): number => viewOf(data?.get(type) ?? new Uint8Array(4)).getInt32(0, true);
  assert.deepEqual([1, 7, 9].map(number), [1, 8192, -1]);
});
