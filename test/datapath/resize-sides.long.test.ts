// The tables of all builds beside the links' get another size while they are in use, by XDP too; those that are for marks alone stay small.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { Bridge, BridgePhase } from '../../src/datapath/ebpf/abi.gen.js';
import { bucketsAt, type MovableTable, moveTable, recordOf } from '../../src/datapath/ebpf/load/table-move.js';
import { IPV6_PINS, SCTP_PINS, WIDE_PINS, WIDE_SCTP_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { service } from './fixtures/fixture.js';
import { inBedOf, resizeTo } from './resize-command.js';
import { Flows, kindOf, movableOf, movesWhole, SIDE_KINDS, settled } from './side-moves.js';

const skip = skipReason();
const CONNS6 = IPV6_PINS.conns;
const SIX = kindOf('IPv6');

for (const kind of SIDE_KINDS.filter((each) => each !== SIX)) {
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
