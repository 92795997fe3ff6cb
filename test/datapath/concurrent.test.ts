// The programs on both CPUs at the same time: SYN storms on the same flows, edits and the timer's sweeps together. The table must
// be whole afterwards, also when it was filled past its buckets and past its size.
import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Call } from '../../src/datapath/ebpf/call.gen.js';
import { exchangeBuild } from '../../src/datapath/ebpf/open.js';
import { CALLS_PIN } from '../../src/datapath/ebpf/table/calls.js';
import { TCP_STATES } from '../../src/datapath/tcp-state.js';
import { SIP } from '../../src/model/persistence-engine.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { noTools } from '../support/probes.js';
import type { Bed } from './bed.js';
import { compiledWith } from './compilers.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, sipMessage, udp } from './fixtures/packets.js';
import { kindOf } from './side-moves.js';
import { bedOf, ESTABLISHED, key, rage, setUp, skipReasonOfStorms, stormOnEdits, stormOnFlows, total } from './storms.js';
import { checkTable, spilledBuckets, takenSlots } from './table-check.js';

const skip = skipReasonOfStorms();
const PACKETS = 8_000;

/** What all calls know of. */
function begunConnections({ folder }: Bed): number {
  return using(BpfMap.pinned(`${folder}/${CALLS_PIN}`), (calls) =>
    [...calls.keys()].reduce((sum, key) => {
      const call = new Uint8Array(Call.bytes);
      assert.ok(calls.lookup(key, call));
      return sum + new DataView(call.buffer).getUint32(Call.begun.at, true);
    }, 0),
  );
}

// XDP's, longer ones, of other kinds of connections, while tables get another size, and those while another build takes the place of the programs: concurrent.long.test.ts.
test('a storm of SYNs and ACKs on the same flows, weights changing: every packet and connection counted once', { skip }, () =>
  stormOnFlows('tc', PACKETS),
);
test('storms, edits, deletions and reuse together leave a whole table', { skip }, () => stormOnEdits('tc', PACKETS));

breadth('IPv6: storms, edits, deletions and reuse together leave a whole table', { skip }, () =>
  stormOnEdits('tc', PACKETS / 2, kindOf('IPv6')),
);

breadth('connections that expire under a storm: the sweeps take each off once, and the marks they left', { skip }, async () => {
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

breadth('the table filled past its size: no established connection is lost, what has no room is counted', { skip }, async () => {
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

/** Programs that take some microseconds to note a connection of a call, so that those of two CPUs do so at the same moment. */
function noteSlowly(bed: Bed): void {
  const wait = '#pragma clang loop unroll(disable)\n  for (int n = 0; n < 500; n++) bpf_ktime_get_ns();\n  ';
  const note = 'WRITE(call->conn[';
  compiledWith('call.h', note, `${wait}${note}`, (object) => assert.ok(exchangeBuild(object)));
  bed.renew();
}

breadth(
  'both CPUs begin connections of the same calls: each of these knows of every one',
  {
    skip: skip || noTools('clang', 'llvm-strip'),
  },
  async () => {
    const bed = bedOf('tc', 16384);
    try {
      noteSlowly(bed);
      const { service: spec } = service('udp', VIP, 80, []);
      bed.director.addService({ ...spec, persistence: { timeout: 300, netmask: 0xffffff00, engine: SIP } });
      for (const server of SERVERS) bed.director.addDestination(spec.key, destination(`${server}:80`, 'masq'));
      const calls = 2;
      // They have their templates before: two CPUs that make one at the same moment may leave it to the next connection.
      for (let call = 0; call < calls; call++)
        bed.send(
          'ingress',
          'front',
          fromClient(udp({ from: `10.0.1.10:${4000 + call}`, to: `${VIP}:80` }, { data: sipMessage(String(call)) })),
        );
      const harvests = await rage(bed, { kind: 'tc', flows: 30_000, packets: 4000, letters: ['S'], calls }, () => {});
      assert.equal(total(harvests, 'forwarded'), 8000);
      assert.equal(begunConnections(bed), bed.totals().conns);
    } finally {
      bed.close();
    }
  },
);
