// The programs on both CPUs at the same time: SYN storms on the same flows, edits and the timer's sweeps together. The table must
// be whole afterwards, also when it was filled past its buckets and past its size.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { TCP_STATES } from '../../src/datapath/tcp-state.js';
import { SERVERS } from './fixtures/bed-addresses.js';
import { destination } from './fixtures/fixture.js';
import { bedOf, ESTABLISHED, key, rage, setUp, skipReasonOfStorms, stormOnEdits, stormOnFlows, total } from './storms.js';
import { checkTable, spilledBuckets, takenSlots } from './table-check.js';

const skip = skipReasonOfStorms();
const PACKETS = 8_000;

// XDP's, and longer ones: concurrent.long.test.ts.
test('a storm of SYNs and ACKs on the same flows, weights changing: every packet and connection counted once', { skip }, () =>
  stormOnFlows('tc', PACKETS),
);
test('storms, edits, deletions and reuse together leave a whole table', { skip }, () => stormOnEdits('tc', PACKETS));

test('connections that expire under a storm: the sweeps take each off once, and the marks they left', { skip }, async () => {
  const bed = bedOf('tc', 256);
  try {
    setUp(bed, 'lc');
    // 8 units are an eighth of a second: short enough to expire while the storm goes on, on a fast machine too
    for (const state of TCP_STATES.keys()) bed.tables.conf.set(0, Conf.tcpTimeout, 8, state);
    let weight = 0;
    await rage(bed, { kind: 'tc', flows: 1500, packets: 20_000, letters: ['S', 'S', 'A', 'FA'] }, () => {
      weight = (weight % 7) + 1;
      bed.director.editDestination(key, destination(`${SERVERS[weight % 3] ?? ''}:80`, 'masq', weight));
    });
    while (takenSlots(bed).length > 0) await setTimeout(50);
    assert.deepEqual(checkTable(bed), []);
    while (spilledBuckets(bed) > 0) await setTimeout(50);
    const { conns } = bed.totals();
    assert.ok(conns > 1500, `${conns} connections were made of 1500 flows`);
  } finally {
    bed.close();
  }
});

test('the table filled past its size: no established connection is lost, what has no room is counted', { skip }, async () => {
  const bed = bedOf('tc', 64);
  try {
    setUp(bed, 'rr');
    // so that what was idle for seconds does not give way, however slow the machine is
    bed.tables.conf.set(0, Conf.hz, 1 << 20);
    const harvests = await rage(bed, { kind: 'tc', flows: 3000, packets: 20_000, letters: ['S', 'A'] }, () => {});
    const slots = checkTable(bed);
    const drops = bed.drops();
    assert.ok(slots.length <= 256 && slots.length > 240, `${slots.length} of 256 slots are taken`);
    assert.ok((drops['table_full'] ?? 0) > 0, JSON.stringify(drops));
    assert.ok((drops['half_open_replaced'] ?? 0) > 0, JSON.stringify(drops));
    assert.equal(total(harvests, 'dropped'), (drops['table_full'] ?? 0) + (drops['busy'] ?? 0), 'dropped and counted');
    const held = new Map(slots.map(({ client, port, state }) => [(port - 1024) * 64 + (client & 0xff) - 128, state]));
    const established = new Set(harvests.flatMap((each) => each.established));
    for (const flow of established) assert.equal(held.get(flow), ESTABLISHED, `flow ${flow} was established and is there`);
    const wrongly = [...held].filter(([flow, state]) => state === ESTABLISHED && !established.has(flow));
    assert.deepEqual(wrongly, [], 'established without an ACK of its own');
  } finally {
    bed.close();
  }
});
