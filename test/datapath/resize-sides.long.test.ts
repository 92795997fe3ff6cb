// The tables of all builds beside the links' get another size while they are in use, by XDP too; those that are for marks alone stay small.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Bridge, BridgePhase, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { bucketsAt, type MovableTable, moveTable, recordOf } from '../../src/datapath/ebpf/load/table-move.js';
import { IPV6_PINS, movePins, SCTP_PINS, WIDE_PINS, WIDE_SCTP_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { type Bed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { service } from './fixtures/fixture.js';
import { inBedOf, resizeTo } from './resize-command.js';
import { Flows, kindOf, movableOf, movesWhole, SIDE_KINDS, settled } from './side-moves.js';

const skip = skipReason();
const CONNS6 = IPV6_PINS.conns;
const SIX = kindOf('IPv6');

for (const kind of SIDE_KINDS) {
  test(`${kind.label}: to a larger table and back: no packet is lost, each connection is there once, at each step`, { skip }, () =>
    movesWhole(kind),
  );
}

test('IPv6, with XDP in front of tc: to a larger table and back', { skip }, () => movesWhole(SIX, 'xdp'));

test('tables of SCTP that are for marks alone stay small; the size that the others have changes nothing', { skip }, () =>
  inBedOf(16384, (bed) => {
    const key = { kind: 'fwmark', family: 'inet', mark: 3 } as const;
    bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    const sizes = (): readonly number[] => [WIDE_PINS, SCTP_PINS, WIDE_SCTP_PINS].map(({ conns }) => bucketsAt(`${bed.folder}/${conns}`));
    assert.deepEqual(sizes(), [16384, 4096, 4096]);
    assert.deepEqual(resizeTo(bed, 16384), []);
    assert.deepEqual(sizes(), [16384, 4096, 4096]);
    const label = 'all ports';
    assert.deepEqual(resizeTo(bed, 8192), [
      { kind: 'resized', room: 16384, moved: 0 },
      { kind: 'resized', label, room: 16384, moved: 0 },
    ]);
    bed.director.addService(service('sctp', VIP, 3868, []).service);
    assert.deepEqual(sizes(), [8192, 8192, 4096], 'of SCTP itself');
    assert.deepEqual(resizeTo(bed, 8192), []);
    bed.director.deleteService(service('sctp', VIP, 3868, []).service.key);
    assert.deepEqual(resizeTo(bed, 8192), [], 'and after it is gone');
    assert.deepEqual(sizes(), [8192, 8192, 4096]);
    resizeTo(bed, 2048);
    assert.deepEqual(sizes(), [2048, 2048, 2048], 'none is larger than the others');
  }),
);

test('a move that is taken back and does not end keeps both tables for the next command', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(100);
    const table = movableOf(bed, SIX);
    const { second, record } = table.pins;
    // All have moved when the first way ends as one without room does; on the way back, none moves.
    const stuck: MovableTable = {
      ...table,
      bridged: (route, work) =>
        table.bridged(route, (object) => {
          if (route.phase === BridgePhase.PHASE_FIRST) recordOf(bed.folder, record).set(0, Bridge.phase, route.phase);
          else work(object);
          return false;
        }),
    };
    assert.throws(
      () => moveTable(bed.folder, stuck, 1024),
      (error) => isWeirError(error, 'table-move-stuck'),
    );
    assert.ok(existsSync(`${bed.folder}/${second}`), 'the connections are there');
    flows.goOn();
    flows.check();
    const [finished] = resizeTo(bed);
    assert.ok(finished?.kind === 'move-finished' && finished.back, JSON.stringify(finished));
    settled(bed, CONNS6, 512);
    flows.goOn();
    flows.check();
  }),
);

test('a full table refuses new connections until it is larger', { skip }, () =>
  inBedOf(64, (bed) => {
    const flows = new Flows(bed, SIX);
    while (flows.opened < 64 * 4 && flows.tries() === 'redirect');
    const [refused, opened] = [bed.drops()['table_full'] ?? 0, flows.opened];
    assert.ok(refused === 1 && opened > 160, `${opened} connections in 256 places`);
    const before = flows.listed();
    resizeTo(bed, 1024);
    settled(bed, CONNS6, 1024);
    assert.deepEqual(flows.listed(), before);
    flows.goOn();
    flows.open(300);
    assert.equal(flows.listed().length, opened + 300);
    assert.deepEqual(bed.drops(), { table_full: 1 });
  }),
);

/** What a killed command left that had begun with a table of so many buckets. */
function leave(bed: Bed, buckets: number): void {
  const { second, record } = movePins(CONNS6);
  for (const [pin, bytes, entries] of [
    [second, Conn6Bucket.bytes, buckets],
    [record, Bridge.bytes, 1],
  ] as const)
    using(BpfMap.createArray('left', bytes, entries), (map) => map.pin(`${bed.folder}/${pin}`));
}

test('what a killed command had begun is finished, or taken back where the second table becomes full', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(300);
    leave(bed, 32);
    const [back] = resizeTo(bed);
    assert.ok(back?.kind === 'move-finished' && back.back && back.label === 'IPv6' && back.room === 1024, JSON.stringify(back));
    assert.ok(back.connections > 2 * 100, `${back.connections} moved there and back`);
    settled(bed, CONNS6, 512);
    flows.check();
    leave(bed, 2048);
    assert.deepEqual(resizeTo(bed), [{ kind: 'move-finished', label: 'IPv6', connections: 300, back: false, room: 4096 }]);
    settled(bed, CONNS6, 2048);
    assert.equal(bed.tables.conf.get(0, Conf.connBuckets), 512, 'that of the links is as it was');
    flows.goOn();
    flows.open(5);
    flows.check();
  }),
);
