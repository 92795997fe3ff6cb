// The tables of builds beside the links' get another size while they are in use, as that of the links does. (Of the other builds, by XDP, and those
// of marks: resize-sides.long.test.ts.)
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bridge, Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { moveTable } from '../../src/datapath/ebpf/load/table-move.js';
import { IPV6_PINS, movePins, TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { type Bed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { inBedOf, resizeTo } from './resize-command.js';
import { Flows, kindOf, movableOf, movesWhole, settled } from './side-moves.js';
import { setUp } from './storms.js';

const skip = skipReason();
const CONNS6 = IPV6_PINS.conns;

const SIX = kindOf('IPv6');

test('IPv6: to a larger table and back: no packet is lost, each connection is there once, at each step', { skip }, () => movesWhole(SIX));

test('one number is the size of all tables; each must have room for its own connections', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(200);
    const before = flows.listed();
    setUp(bed, 'rr');
    for (let flow = 0; flow < 200; flow++) {
      const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: `10.0.1.10:${1024 + flow}`, to: `${VIP}:80` }, 'S')));
      assert.equal(verdict, 'redirect', `flow ${flow} of IPv4`);
    }
    const six = (): readonly string[] => flows.listed().filter((row) => before.includes(row));
    const [buckets, room] = [128, 256];
    assert.deepEqual(resizeTo(bed, buckets), [
      { kind: 'resized', room, moved: 200 },
      { kind: 'resized', label: 'IPv6', room, moved: 200 },
    ]);
    for (const table of [TABLE_PIN, CONNS6]) settled(bed, table, buckets);
    assert.deepEqual(six(), before);
    assert.equal(flows.listed().length, 400);
    assert.deepEqual(resizeTo(bed, buckets), [], 'they have that size');
    assert.throws(
      () => resizeTo(bed, 64),
      (error) => isWeirError(error, 'table-too-small'),
    );
    for (const table of [TABLE_PIN, CONNS6]) settled(bed, table, 128);
    flows.goOn();
    assert.deepEqual(six(), before);
    assert.deepEqual(bed.drops(), {});
  }),
);

test('a table that has no room for its own connections keeps all tables as they are, and is named', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(200);
    assert.throws(
      () => resizeTo(bed, 64),
      (error) => error instanceof Error && /a table for 128 connections is too small: there are 200 \(IPv6\)/.test(error.message),
    );
    for (const table of [TABLE_PIN, CONNS6]) settled(bed, table, 512);
    flows.goOn();
    flows.check();
  }),
);

test('a killed command left a table behind: the same command gives it the size of the others', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(50);
    moveTable(bed.folder, movableOf(bed, SIX), 2048); // as if that of the links were behind
    assert.deepEqual(resizeTo(bed, 512), [{ kind: 'resized', label: 'IPv6', room: 1024, moved: 50 }]);
    settled(bed, CONNS6, 512);
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
