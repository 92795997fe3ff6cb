// What of the datapath's counts `weir status` and the API's history call drops.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { REASONS } from '../../datapath/ebpf/reasons.gen.js';
import { DETOURS } from '../../model/drops.js';
import { dropsStatus } from './collect-status.js';

const count = (key: string, packets: bigint) => ({ key, text: '', count: packets });

test('packets that only pass the packet filter, or wait, are no drops; those that the stack may drop are', () => {
  const counts = [count('firewall', 9n), count('held', 3n), count('fragment_held', 2n), count('reverse_path', 4n), count('ttl', 0n)];
  assert.deepEqual(dropsStatus({ seconds: 60, counts }), { seconds: 60, counts: { reverse_path: 4 } });
  assert.equal(dropsStatus(undefined), null);
});

test('each of these is a reason of the datapath', () => {
  const keys: ReadonlySet<string> = new Set(REASONS.map(({ key }) => key));
  assert.deepEqual(
    [...DETOURS].filter((key) => !keys.has(key)),
    [],
  );
});
