// The tables of builds beside the links' get another size while they are in use, as that of the links does. (At each step, killed, of the other
// builds, by XDP, and those of marks: resize-sides.long.test.ts.)
import assert from 'node:assert/strict';
import { moveTable } from '../../src/datapath/ebpf/load/table-move.js';
import { IPV6_PINS, TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { breadth, test } from '../support/breadth.js';
import { skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { inBedOf, resizeTo, stayLong } from './resize-command.js';
import { Flows, kindOf, movableOf, settled } from './side-moves.js';
import { setUp } from './storms.js';

const skip = skipReason();
const CONNS6 = IPV6_PINS.conns;

const SIX = kindOf('IPv6');

breadth('one number is the size of all tables; each must have room for its own connections', { skip }, () =>
  inBedOf(512, (bed) => {
    stayLong(bed);
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

breadth('a killed command left a table behind: the same command gives it the size of the others', { skip }, () =>
  inBedOf(512, (bed) => {
    const flows = new Flows(bed, SIX);
    flows.open(50);
    moveTable(bed.folder, movableOf(bed, SIX), 2048); // as if that of the links were behind
    assert.deepEqual(resizeTo(bed, 512), [{ kind: 'resized', label: 'IPv6', room: 1024, moved: 50 }]);
    settled(bed, CONNS6, 512);
    flows.check();
  }),
);
