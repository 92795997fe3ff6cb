// weir upgrade --check against what weir load then does, by each step that it can name; and that it changes nothing.

import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { upgradeText } from '../../src/cli/load/upgrade-text.js';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUT, LAYOUTS, LAYOUTS_BEFORE } from '../../src/datapath/ebpf/layouts.gen.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { observeDatapath } from '../../src/datapath/ebpf/observe/observer.js';
import { type Upgrade, upgradeOf } from '../../src/datapath/ebpf/observe/upgrade.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { BRIDGE_PIN, LAYOUTS_PIN, takeoverPin } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { type Bed, openBed, skipReason } from '../datapath/bed.js';
import { VIP } from '../datapath/fixtures/bed-addresses.js';
import { fromClient, tcp } from '../datapath/fixtures/packets.js';
import { setUp } from '../datapath/storms.js';
import { breadth, test } from '../support/breadth.js';

const skip = skipReason();
const CONNECTIONS = 20;
const OTHER = 1;

const looked = (): Upgrade => upgradeOf(observeDatapath());

/** What the check finds, with all pins and numbers as they were. */
function check(bed: Bed): Upgrade {
  const picture = (): unknown => [readdirSync(bed.folder).sort(), bed.tables.conf.get(0, Conf.layout), pinnedLayouts(bed.tables)];
  const before = picture();
  const upgrade = looked();
  assert.deepEqual(picture(), before);
  return upgrade;
}

function inBed(work: (bed: Bed) => void): void {
  const bed = openBed({ capacity: { connBuckets: 512 } });
  try {
    setUp(bed, 'rr');
    for (let port = 1024; port < 1024 + CONNECTIONS; port++) {
      const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: `10.0.1.10:${port}`, to: `${VIP}:80` }, 'S')));
      assert.equal(verdict, 'redirect');
    }
    work(bed);
  } finally {
    bed.close();
  }
}

/** The tables as another build's, whose maps have these numbers. */
function markWith(bed: Bed, layouts: Readonly<Record<string, number>>): void {
  pinLayouts(bed.folder, layouts);
  bed.tables.conf.set(0, Conf.layout, OTHER);
}

const KEPT = { table: 'IPv4', connections: CONNECTIONS, fate: 'stay', into: null } as const;

test('of this build, and of another one with the same tables: all connections are kept', { skip }, () =>
  inBed((bed) => {
    const own = check(bed);
    assert.deepEqual([own.step, own.maps, own.tables], ['none', [], [KEPT]]);
    assert.match(own.build ?? '', /^[0-9a-f]{12}$/);
    forgetBuild(bed.folder);
    assert.deepEqual(check(bed), { step: 'exchange', build: null, maps: [], tables: [KEPT] });
    assert.ok(exchangeBuild(), 'weir load exchanges programs');
    assert.deepEqual(check(bed), own);
  }),
);

breadth('of the build before: they move, into a table that is as large', { skip }, () => {
  const bed = openBed({ capacity: { connBuckets: 512 } });
  try {
    setUp(bed, 'rr');
    markWith(bed, { ...LAYOUTS, conns: LAYOUTS_BEFORE.conns });
    const into = { room: 1024, bytes: 512 * 64 };
    const { step, tables } = check(bed);
    assert.deepEqual([step, tables], ['take-over', [{ table: 'IPv4', connections: 0, fate: 'move', into }]]);
    const changes: DatapathChange[] = [];
    openDirector({ takeOver: true, report: (change) => changes.push(change) }).close();
    assert.deepEqual(changes[0], { kind: 'taken-over', moved: 0 });
    bed.renew();
    assert.equal(check(bed).step, 'none');
  } finally {
    bed.close();
  }
});

test(
  'of a build whose maps have other layouts: refused, as every command refuses them, with the maps and what would be lost',
  { skip },
  () =>
    inBed((bed) => {
      const lost = { ...KEPT, fate: 'lost' };
      const refusedWith = (layouts: Readonly<Record<string, number>>, maps: readonly string[], connections: number | null): void => {
        markWith(bed, layouts);
        const { step, maps: named, tables } = check(bed);
        assert.deepEqual([step, named, tables], ['refused', maps, [{ ...lost, connections }]]);
        assert.throws(
          () => openDirector({ takeOver: true }).close(),
          (error) => isWeirError(error, 'datapath-other-build'),
        );
      };
      refusedWith({ ...LAYOUTS, dests: 7 }, ['dests'], CONNECTIONS);
      refusedWith({ ...LAYOUTS, conns: 7 }, ['conns'], null);
      refusedWith({ ...LAYOUTS, conf: 7 }, ['conf'], null);
      rmSync(`${bed.folder}/${LAYOUTS_PIN}`);
      const unknown = check(bed);
      assert.deepEqual([unknown.step, unknown.maps, unknown.tables], ['refused', [], [{ ...lost, connections: null }]]);
      pinLayouts(bed.folder);
      bed.tables.conf.set(0, Conf.layout, LAYOUT);
      assert.equal(check(bed).step, 'none');
    }),
);

test('what a killed command has begun: ended by this build, or left to the one that began', { skip }, () =>
  inBed((bed) => {
    const record = (name: string): void => using(BpfMap.createArray('record', 64, 1), (map) => map.pin(`${bed.folder}/${name}`));
    record(BRIDGE_PIN);
    assert.deepEqual([check(bed).step, check(bed).tables], ['finish', [KEPT]]);
    markWith(bed, { ...LAYOUTS, conns: LAYOUTS_BEFORE.conns });
    assert.deepEqual([check(bed).step, check(bed).tables], ['elsewhere', []]);
    rmSync(`${bed.folder}/${BRIDGE_PIN}`);
    record(takeoverPin(OTHER));
    assert.deepEqual([check(bed).step, check(bed).tables], ['elsewhere', []]);
    assert.throws(
      () => openDirector({ takeOver: true }).close(),
      (error) => isWeirError(error, 'takeover-elsewhere'),
    );
    rmSync(`${bed.folder}/${takeoverPin(OTHER)}`);
    pinLayouts(bed.folder);
    bed.tables.conf.set(0, Conf.layout, LAYOUT);
  }),
);

test('nothing is loaded', { skip }, () => {
  const bed = openBed();
  bed.close();
  assert.deepEqual(looked(), { step: 'load', build: null, maps: [], tables: [] });
});

test('as text: what happens to each table, the memory for it, and what to do where tables are refused', () => {
  const move = { table: 'IPv6', connections: 1, fate: 'move', into: { room: 2048, bytes: 3 * 2 ** 20 } } as const;
  assert.equal(
    upgradeText({ step: 'take-over', build: 'abc', maps: [], tables: [{ ...KEPT, connections: 2 }, move] }),
    [
      'weir load takes over the tables of the build before, under traffic; no packet is lost',
      'programs that run: build abc',
      '  IPv4: 2 connections, kept as they are',
      '  IPv6: 1 connection, moved into a table with room for 2048',
      'memory that is needed besides until all have moved: 3 MiB',
      'services, servers, settings and templates: kept as they are',
      '',
    ].join('\n'),
  );
  const refused = upgradeText({ step: 'refused', build: null, maps: [], tables: [{ ...KEPT, connections: null, fate: 'lost' }] });
  assert.match(refused, /IPv4: connections of a number that this build cannot read, lost with weir unload\n/);
  assert.match(refused, /not known, the loaded build kept no record/);
  assert.match(refused, /ipvsadm-save -n > FILE and weir unload, both of the build that runs/);
});
