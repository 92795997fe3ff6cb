// weir conns with a million connections in the table: all are listed, and neither that nor an order of them takes memory by their number.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { Abi, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { openBed, skipReason } from '../datapath/bed.js';
import { connect, server, spec, web } from '../datapath/driver-bed.js';
import { ENTRY } from '../support/netns-bed.js';

const [BUCKETS, CONNECTIONS] = [2 ** 19, 1_000_000];
/** Of the heap: an object for each connection would take several times as much. */
const HEAP_MB = 48;

test('a million connections in a small heap', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { connBuckets: BUCKETS } });
  try {
    bed.director.addService(spec(web));
    bed.director.addDestination(web, server);
    connect(bed, 5000);
    const slots = bed.slots();
    const first = Array.from({ length: slots.count }, (_, slot) => slot).find((slot) => slots.big(slot, ConnSlot.key) !== 0n);
    const [key, value] = [ConnSlot.key, ConnSlot.value].map((field) => slots.big(first ?? assert.fail('no connection'), field)) as [
      bigint,
      bigint,
    ];
    // Another client address in each: where listings meet them does not depend on the hash.
    for (let n = 1, slot = 0; n < CONNECTIONS; slot++) {
      if (slot === first) continue;
      slots.setBig(slot, ConnSlot.key, (key & ~0xffffffffn) | BigInt(n));
      slots.setBig(slot, ConnSlot.value, value);
      n++;
    }
    const conns = (...options: readonly string[]): readonly string[] => {
      const command = [`--max-old-space-size=${HEAP_MB}`, ENTRY, 'weir', 'conns', ...options];
      const { stdout, stderr, status } = spawnSync(process.execPath, command, { encoding: 'utf8', maxBuffer: 2 ** 29 });
      assert.deepEqual([status, stderr.slice(0, 1000)], [0, '']);
      return stdout.split('\n').slice(1, -1);
    };
    assert.equal(new Set(conns()).size, CONNECTIONS);
    assert.equal(conns('--oldest', '--limit', '50').length, 50);
    assert.equal(conns('--client', '1.0.0.0/8').length, Math.ceil(CONNECTIONS / 256));
  } finally {
    bed.close();
  }
  assert.ok(Abi.BUCKET_SLOTS * BUCKETS > CONNECTIONS);
});
