// A connection table gets another size while it is in use: every connection is in the new one, once, as it was.
import assert from 'node:assert/strict';
import { existsSync, readdirSync } from 'node:fs';
import { Bridge, Conf, ConnBucket } from '../../src/datapath/ebpf/abi.gen.js';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { BRIDGE_PIN, SECOND_TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { stayLong } from './resize-command.js';
import { setUp } from './storms.js';
import { checkTable, type Slot } from './table-check.js';

const skip = skipReason();

const clientOf = (flow: number): string => `10.0.1.10:${1024 + flow}`;

/** Connections in several states, some of them pushed away from home where the table is small. */
function connect(bed: Bed, from: number, to: number): void {
  for (let flow = from; flow < to; flow++) {
    for (const letters of ['S', 'A', 'FA'].slice(0, 1 + (flow % 3))) {
      const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: clientOf(flow), to: `${VIP}:80` }, letters)));
      assert.equal(verdict, 'redirect', `${letters} of flow ${flow}`);
    }
  }
}

/** What of a connection must not change. */
const facts = (slots: readonly Slot[]): ReadonlyMap<bigint, string> =>
  new Map(slots.map(({ key, destination, state, inactive }) => [key, `${destination} ${state} ${inactive}`]));

function resizeTo(bed: Bed, connBuckets: number): readonly unknown[] {
  const changes: unknown[] = [];
  openDirector({ capacity: { connBuckets }, report: (change) => changes.push(change) }).close();
  bed.renew();
  return changes;
}

/** No trace of a move is left: one table, this build's programs. */
function plain(bed: Bed, connBuckets: number): void {
  for (const pin of [BRIDGE_PIN, SECOND_TABLE_PIN]) assert.ok(!existsSync(`${bed.folder}/${pin}`), pin);
  assert.deepEqual(
    readdirSync(bed.folder).filter((name) => name.startsWith('build_')),
    [buildPin(artifact('weir.bpf.o'))],
  );
  assert.equal(bed.tables.conf.get(0, Conf.connBuckets), connBuckets);
  assert.equal(bed.slots().count, connBuckets * 4);
}

test('to larger tables and to smaller ones: every connection is there once, as it was, and goes on', { skip }, () => {
  const bed = openBed({ capacity: { connBuckets: 512 } });
  try {
    stayLong(bed);
    setUp(bed, 'rr');
    connect(bed, 0, 900);
    const before = facts(checkTable(bed));
    assert.equal(before.size, 900);
    for (const buckets of [65_536, 1024, 2048, 512]) {
      const changes = resizeTo(bed, buckets);
      assert.deepEqual(changes, [{ kind: 'resized', room: buckets * 2, moved: 900 }]);
      plain(bed, buckets);
      assert.deepEqual(facts(checkTable(bed)), before, `${buckets} buckets`);
    }
    const totals = bed.totals();
    assert.equal(totals.conns, 900, 'none was made again');
    connect(bed, 900, 910);
    assert.equal(facts(checkTable(bed)).size, 910);
    bed.send('ingress', 'front', fromClient(tcp({ from: clientOf(1), to: `${VIP}:80` }, 'A')));
    assert.equal(bed.totals().conns, 910, 'a segment of an old connection makes no new one');
    assert.deepEqual(bed.drops(), {});
  } finally {
    bed.close();
  }
});

test('a table that has too few places is refused, and the old one stays', { skip }, () => {
  const bed = openBed({ capacity: { connBuckets: 1024 } });
  try {
    setUp(bed, 'rr');
    connect(bed, 0, 600);
    const before = facts(checkTable(bed));
    assert.throws(
      () => openDirector({ capacity: { connBuckets: 256 } }),
      (error) => isWeirError(error, 'table-too-small'),
    );
    plain(bed, 1024);
    assert.deepEqual(facts(checkTable(bed)), before);
  } finally {
    bed.close();
  }
});

breadth('a second table that becomes full is given up: every connection returns to the first', { skip }, () => {
  const bed = openBed({ capacity: { connBuckets: 1024 } });
  try {
    setUp(bed, 'rr');
    connect(bed, 0, 600);
    const before = facts(checkTable(bed));
    // What a killed command left that had begun with a table of 256 places.
    for (const [pin, bytes, entries] of [
      [SECOND_TABLE_PIN, ConnBucket.bytes, 64],
      [BRIDGE_PIN, Bridge.bytes, 1],
    ] as const) {
      using(BpfMap.createArray('left', bytes, entries), (map) => map.pin(`${bed.folder}/${pin}`));
    }
    const changes: DatapathChange[] = [];
    openDirector({ report: (change) => changes.push(change) }).close();
    bed.renew();
    const [change] = changes;
    assert.ok(change?.kind === 'move-finished' && change.back && change.room === 2048, JSON.stringify(changes));
    assert.ok(change.connections >= 2 * 240, `${change.connections} moved there and back`);
    plain(bed, 1024);
    assert.deepEqual(facts(checkTable(bed)), before);
    connect(bed, 600, 610);
    assert.equal(facts(checkTable(bed)).size, 610);
  } finally {
    bed.close();
  }
});
