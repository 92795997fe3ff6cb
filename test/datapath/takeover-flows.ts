// Connections of a build beside the links' while tables are taken over: packets of all, and new ones, before each step that a packet can meet.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { Abi, Bridge, Conf, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS, LAYOUTS_BEFORE } from '../../src/datapath/ebpf/layouts.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { exchangePrograms } from '../../src/datapath/ebpf/load/exchange.js';
import type { Moving } from '../../src/datapath/ebpf/load/main-table.js';
import type { SideBuild } from '../../src/datapath/ebpf/load/side-builds.js';
import { takeOver } from '../../src/datapath/ebpf/load/takeover.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { pinLayouts, pinnedLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { CONNECTION_PINS, movePins, TAKEOVER_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { type Bed, openBed } from './bed.js';
import { beforeSteps } from './killed-steps.js';
import { buildBefore, buildNext, filesOf, NEXT, type OtherBuild, type SideName, THIS_BUILD } from './layouts.js';
import { buildOf, Flows, type SideKind } from './side-moves.js';
import { LAYOUT_NEXT } from './takeover-bed.js';

/** `conf.layout` of the build before. */
const LAYOUT_BEFORE = 1;
const OPENED = 150;
const BUCKETS = 512;

const inMoving = <T>({ folder, tables }: Bed, work: (moving: Moving) => T): T =>
  using(new Netlink(), (netlink) => work({ folder, tables, interfaces: new AttachedInterfaces(folder, tables, netlink) }));

/** The build, and those that it is behind: all that are loaded for it. */
function chainOf(kind: SideKind): readonly SideBuild[] {
  const chain = [buildOf(kind)];
  for (let next = chain[0]?.behind; next !== undefined; next = next.behind) chain.push(next);
  return chain;
}

const sidesOf = (kinds: readonly SideKind[]): readonly SideName[] => [
  ...new Set(kinds.flatMap(chainOf).map(({ file }) => file.replace(/^weir-|\.bpf\.o$/g, '') as SideName)),
];

/** The array by which the programs on the links enter the build, or the one that it is behind. */
const entryOf = (kind: SideKind): string => chainOf(kind).at(-1)?.entryPin ?? assert.fail();

const numberOf = (path: string): number => using(BpfMap.pinned(path), (map) => map.info().id);

/** Nothing of a takeover is left, and the tables are this build's. */
function settled({ folder, tables }: Bed, build: OtherBuild, layouts: OtherBuild['layouts']): void {
  const pins = readdirSync(folder);
  const seconds = CONNECTION_PINS.map((table) => movePins(table).second);
  assert.deepEqual(
    pins.filter((name) => name.startsWith(TAKEOVER_PIN) || name.startsWith('bridge') || seconds.includes(name)),
    [],
  );
  assert.deepEqual(
    pins.filter((name) => name.startsWith('build_')),
    [buildPin(filesOf(build)('weir.bpf.o'), filesOf(build))],
  );
  assert.deepEqual(pinnedLayouts(tables), layouts);
}

/**
 * What `look` finds before each step of `work` after packets of all flows and of new ones: by the programs that are pinned, and by those before.
 * `all`: of one bed.
 */
function underTraffic(bed: Bed, all: readonly Flows[], look: () => void, work: () => void): number {
  const entries = (): readonly number[] => all.map(({ kind }) => numberOf(`${bed.folder}/${entryOf(kind)}`));
  const [numbers, before] = [entries(), bed.keptPrograms()];
  const goOn = (): void => {
    for (const flows of all) flows.goOn();
  };
  const converse = (): void => {
    for (const flows of all) flows.open(1);
    goOn();
  };
  let steps = 0;
  const end = beforeSteps(
    bed.folder,
    (self, field) => self === bed.tables.conf || field === Bridge.phase,
    () => {
      steps += 1;
      bed.renew();
      converse();
      if (isDeepStrictEqual(entries(), numbers)) bed.through(before, converse);
      bed.renew();
      goOn();
      look();
    },
  );
  try {
    work();
  } finally {
    end();
    for (const program of before.values()) program.close();
  }
  bed.renew();
  converse();
  return steps;
}

/** More of them are made on the way. */
const STEPS_MIN = 40;

/** From the build before to this one, by the command: of IPv6. No connection has been made yet. */
export function takenFromBefore(flows: Flows): void {
  const before = buildBefore('ipv6');
  const { bed } = flows;
  for (const [table, number] of Object.entries(LAYOUTS_BEFORE)) assert.equal(before.layouts[table], number, `layout-before.h, of ${table}`);
  const layouts = { ...LAYOUTS, ...before.layouts };
  inMoving(bed, ({ folder, tables, interfaces }) =>
    assert.ok(exchangePrograms(folder, tables, interfaces, filesOf(before)('weir.bpf.o'), filesOf(before))),
  );
  pinLayouts(bed.folder, layouts);
  bed.tables.conf.set(0, Conf.layout, LAYOUT_BEFORE);
  bed.renew();
  flows.open(OPENED);
  assert.throws(openDirector, (error) => isWeirError(error, 'datapath-build-before'));
  const changes: DatapathChange[] = [];
  const steps = underTraffic(
    bed,
    [flows],
    () => flows.check(),
    () => openDirector({ takeOver: true, report: (change) => changes.push(change) }).close(),
  );
  assert.ok(steps >= STEPS_MIN, `${steps} steps`);
  const taken = changes.find(({ kind }) => kind === 'taken-over');
  assert.ok(taken?.kind === 'taken-over' && taken.moved >= OPENED && taken.moved < flows.opened, JSON.stringify(changes));
  settled(bed, THIS_BUILD, LAYOUTS);
  flows.check();
}

/** Of 64 bits: a key and a value. */
const SLOT_WORDS = ConnSlot.bytes / BigUint64Array.BYTES_PER_ELEMENT;

/** Established connections in a table of the layout that may come next. */
function establishedNext(bed: Bed, table: string, bucketBytes: number): number {
  const words = new BigUint64Array(bed.memoryOf(table));
  let found = 0;
  for (let bucket = 0; bucket < words.length; bucket += bucketBytes / BigUint64Array.BYTES_PER_ELEMENT) {
    for (let k = 0; k < Abi.BUCKET_SLOTS; k++) {
      const value = words[bucket + k * SLOT_WORDS + 1] ?? 0n;
      if (((value >> BigInt(Abi.V_DEST_SHIFT)) & BigInt(Abi.V_DEST_MASK)) === 0n) continue;
      found += 1;
      assert.equal((value >> BigInt(NEXT.V_METHOD_SHIFT)) & 3n, 0n, 'masqueraded');
      assert.equal((value >> NEXT.V_INACTIVE) & 1n, 0n, 'active');
    }
  }
  return found;
}

/** From this build to the one that may come next, with the builds that are loaded. `all`: of this bed. */
export function takenByNext(bed: Bed, all: readonly Flows[]): void {
  const next = buildNext(...sidesOf(all.map(({ kind }) => kind)));
  for (const flows of all) flows.open(OPENED);
  const opened = all.reduce((sum, flows) => sum + flows.opened, 0);
  const counted = (): void => {
    const counts = bed.director.services().flatMap(({ destinations }) => destinations.map(({ active, inactive }) => [active, inactive]));
    const expected = all.map((flows) => [flows.opened, 0]);
    assert.deepEqual(counts, expected);
    assert.deepEqual(bed.drops(), {});
  };
  const steps = underTraffic(bed, all, counted, () => {
    const taker = { fileOf: filesOf(next), layout: LAYOUT_NEXT, layouts: next.layouts };
    const { connections } = inMoving(bed, (moving) => takeOver(moving, taker));
    assert.ok(connections >= opened, `${connections} moved`);
  });
  assert.ok(steps >= STEPS_MIN, `${steps} steps`);
  settledNext(bed, next);
  for (const flows of all) movedToNext(flows);
}

/** Nothing of a takeover by this build is left. */
export const settledNext = (bed: Bed, next: OtherBuild): void => settled(bed, next, next.layouts);

/** Every connection is once in the table, in that layout. */
export function movedToNext({ bed, kind, opened }: Flows): void {
  const { pins, bucketBytes } = buildOf(kind);
  assert.equal(establishedNext(bed, pins.conns, bucketBytes), opened);
}

/** A bed with a service of each of these kinds. */
export function withFlows(kinds: readonly SideKind[], hook: 'ingress' | 'xdp', work: (bed: Bed, all: readonly Flows[]) => void): void {
  const bed = openBed({ attach: hook === 'xdp' ? 'xdp' : 'tc', capacity: { connBuckets: BUCKETS } });
  try {
    work(
      bed,
      kinds.map((kind) => new Flows(bed, kind, hook)),
    );
  } finally {
    bed.close();
  }
}
