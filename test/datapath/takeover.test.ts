// A takeover that another build has begun and not ended, as every command of this build finds it: nothing has happened, or it is refused with both
// layouts and left alone. (Killed before each of its steps, under traffic: takeover-kills.long.test.ts.)

import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUT, LAYOUTS, LAYOUTS_BEFORE } from '../../src/datapath/ebpf/layouts.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { finishTakeover, type TakenOver, takeOver } from '../../src/datapath/ebpf/load/takeover.js';
import type { Taker } from '../../src/datapath/ebpf/load/takeover-tables.js';
import { observeDatapath } from '../../src/datapath/ebpf/observe/observer.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { type Layouts, pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { layoutName, SECOND_TABLE_PIN, takeoverPin } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { artifact } from '../../src/sys/artifact.js';
import { BpfMap, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { breadth, test } from '../support/breadth.js';
import { Death, type Other, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { VIP } from './fixtures/bed-addresses.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { setUp } from './storms.js';
import { checkTable } from './table-check.js';

const skip = skipReason();

const OTHER = 2;
/** Builds with this build's programs, and with other numbers. */
const other = (layouts: Layouts): Taker => ({
  fileOf: artifact,
  layout: OTHER,
  layouts,
});
/** Its connections have another layout. */
const moving = other({ ...LAYOUTS, conns: 7 });
/** Its connections have this build's layout; it has a map more. */
const adding = other({ ...LAYOUTS, later: 7 });

function inBed(work: (bed: Bed) => void): void {
  const bed = openBed({ capacity: { connBuckets: 512 } });
  try {
    setUp(bed, 'rr');
    for (let port = 1024; port < 1124; port++) {
      const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: `10.0.1.10:${port}`, to: `${VIP}:80` }, 'S')));
      assert.equal(verdict, 'redirect');
    }
    work(bed);
  } finally {
    bed.close();
  }
}

const as = (bed: Bed, work: typeof takeOver | typeof finishTakeover, taker: Taker): TakenOver | undefined =>
  using(new Netlink(), (netlink) =>
    work({ folder: bed.folder, tables: bed.tables, interfaces: new AttachedInterfaces(bed.folder, bed.tables, netlink) }, taker),
  );

/** `work` dies where `method` is called for the nth time. */
function diesAt<T extends object>(prototype: T, method: keyof T & string, nth: number, work: () => void): void {
  let calls = 0;
  const mortal: Other<T, keyof T & string> = (_self, _args, was) => {
    calls += 1;
    if (calls === nth) throw new Death();
    return was();
  };
  withReplaced(prototype, method, mortal, () => assert.throws(work, Death));
}

/** Where the links get the bridging build, and where they get the plain one after it. */
const [BRIDGED, SETTLED] = [1, 2];
const diesWithLinks = (bed: Bed, taker: Taker, nth: number): void =>
  diesAt(AttachedInterfaces.prototype, 'exchange', nth, () => as(bed, takeOver, taker));

const tableNumber = ({ folder }: Bed): number => using(BpfMap.pinned(`${folder}/conns`), (map) => map.info().id);

/** All pins, and the numbers of the table and of the program that links get. */
const picture = (bed: Bed): readonly unknown[] => [
  readdirSync(bed.folder).sort(),
  tableNumber(bed),
  using(Program.pinned(`${bed.folder}/${PROGRAMS.ingress}`), (program) => program.id()),
  bed.tables.conf.get(0, Conf.layout),
  pinnedLayouts(bed.tables),
];

const COMMANDS = [() => openDirector().close(), () => openDirector({ takeOver: true }).close(), () => exchangeBuild()];

/** Every command is refused, with both layouts by name, and changes nothing. */
function refused(bed: Bed, code: 'takeover-elsewhere' | 'datapath-other-build'): void {
  const before = picture(bed);
  for (const command of COMMANDS) {
    assert.throws(command, (error) => {
      const named = error instanceof Error && [OTHER, LAYOUT].every((layout) => error.message.includes(layoutName(layout)));
      return isWeirError(error, code) && named;
    });
    assert.deepEqual(picture(bed), before);
  }
}

/** `work` dies when it has made this pin. */
function diesAfter(name: string, work: () => void): void {
  const mortal: Other<BpfMap, 'pin'> = (_map, [path], was) => {
    was();
    if (path.endsWith(`/${name}`)) throw new Death();
  };
  withReplaced(BpfMap.prototype, 'pin', mortal, () => assert.throws(work, Death));
}

test('killed after any pin before conf has its layout: nothing has happened', { skip }, () => {
  inBed((bed) => {
    const [number, slots] = [tableNumber(bed), checkTable(bed)];
    for (const [taker, made] of [
      [moving, SECOND_TABLE_PIN],
      [moving, takeoverPin(OTHER)],
      [adding, takeoverPin(OTHER)],
    ] as const) {
      diesAfter(made, () => as(bed, takeOver, taker));
      assert.ok(readdirSync(bed.folder).includes(made));
      assert.equal(observeDatapath().kind, 'loaded');
      const changes: DatapathChange[] = [];
      openDirector({ takeOver: true, report: (change) => changes.push(change) }).close();
      assert.deepEqual(changes, [], made);
      assert.ok(!exchangeBuild());
      assert.equal(tableNumber(bed), number);
      assert.deepEqual(checkTable(bed), slots);
      assert.ok(!readdirSync(bed.folder).includes(SECOND_TABLE_PIN));
    }
  });
});

for (const [when, nth] of [
  ['while connections are in the layout of before', BRIDGED],
  ['when all are converted', SETTLED],
] as const) {
  (nth === BRIDGED ? test : breadth)(`killed ${when}: this build refuses the tables, and the other one ends it`, { skip }, () => {
    inBed((bed) => {
      const slots = checkTable(bed).length;
      diesWithLinks(bed, moving, nth);
      const observed = observeDatapath();
      assert.ok(observed.kind === 'other-tables' && observed.layout === 'taken-over' && observed.programs === 'bridging-left');
      refused(bed, 'takeover-elsewhere');
      assert.deepEqual(as(bed, finishTakeover, moving), { connections: slots });
      bed.renew();
      assert.equal(checkTable(bed).length, slots);
      refused(bed, 'datapath-other-build');
    });
  });
}

breadth('a table that another build has converted is not converted again by one with the same connections', { skip }, () => {
  inBed((bed) => {
    const slots = checkTable(bed).length;
    pinLayouts(bed.folder, { ...LAYOUTS, conns: LAYOUTS_BEFORE.conns });
    bed.tables.conf.set(0, Conf.layout, 1);
    diesWithLinks(bed, adding, SETTLED);
    assert.equal(pinnedLayouts(bed.tables)?.['conns'], LAYOUTS_BEFORE.conns, 'by the numbers it is still to be converted');
    refused(bed, 'takeover-elsewhere');
    assert.deepEqual(as(bed, finishTakeover, adding), { connections: slots });
    refused(bed, 'datapath-other-build');
  });
});

breadth('where no connection moves it is refused from the first program on, and ended', { skip }, () => {
  inBed((bed) => {
    const number = tableNumber(bed);
    forgetBuild(bed.folder); // its programs are this build's, which would stay
    diesWithLinks(bed, adding, 1);
    refused(bed, 'takeover-elsewhere');
    assert.deepEqual(as(bed, finishTakeover, adding), { connections: 0 });
    assert.deepEqual([tableNumber(bed), pinnedLayouts(bed.tables)], [number, adding.layouts]);
  });
});

test('one that fails before any link has its programs leaves the tables to this build', { skip }, () => {
  inBed((bed) => {
    const before = picture(bed);
    for (const taker of [moving, adding]) {
      const broken = { ...taker, fileOf: () => artifact('weir-vrrp.bpf.o') };
      assert.throws(() => as(bed, takeOver, broken));
      assert.deepEqual(picture(bed), before);
      openDirector().close();
      assert.ok(!exchangeBuild());
    }
  });
});
