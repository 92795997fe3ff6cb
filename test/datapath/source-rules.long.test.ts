// Whether rules choose routes by a packet's source stands in `conf`. A build before may not know of that field, so it is 0: it must be true when the
// first program of this build comes into the place of one of that build, since a command may be killed right after that.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf, ConnBucket } from '../../src/datapath/ebpf/abi.gen.js';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { LAYOUTS, LAYOUTS_BEFORE } from '../../src/datapath/ebpf/layouts.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { pinSecondTable } from '../../src/datapath/ebpf/load/table-move.js';
import { exchangeBuild, type OpenOptions, openDirector } from '../../src/datapath/ebpf/open.js';
import { pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { ENTRY_PINS, IPV6_PINS, movePins, TABLE_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Death, type Other, withReplaced } from '../support/replaced.js';
import { type Bed, inBed, skipReason } from './bed.js';
import { IPv4, IPv6 } from './fixtures/family.js';
import { service } from './fixtures/fixture.js';
import { ip } from './namespace.js';

const FIELDS = [Conf.sourceRules, Conf.sourceRules6] as const;
const known = ({ tables }: Bed): readonly number[] => FIELDS.map((field) => tables.conf.get(0, field));

/** As a build leaves it that does not know of the fields. */
function forget({ tables }: Bed): void {
  for (const field of FIELDS) tables.conf.set(0, field, 0);
}

/** Does this, too, before what it does. */
const first =
  <T, K extends keyof T>(work: (self: T) => void): Other<T, K> =>
  (self, _args, was) => {
    work(self);
    return was();
  };

/** What is known whenever links get programs, or an array that packets enter by does. */
function seenWhileEntered(bed: Bed, work: () => void): ReadonlySet<string> {
  const seen = new Set<string>();
  const see = (): unknown => seen.add(known(bed).join(' '));
  const seeEntry = (map: BpfMap): void => {
    if (ENTRY_PINS.includes(map.info().name)) see();
  };
  withReplaced(AttachedInterfaces.prototype, 'exchange', first(see), () => withReplaced(BpfMap.prototype, 'update', first(seeEntry), work));
  return seen;
}

/** The tables are those of a build before, whose connections have another layout. */
function makeBefore({ folder, tables }: Bed): void {
  pinLayouts(folder, { ...LAYOUTS, conns: LAYOUTS_BEFORE.conns });
  tables.conf.set(0, Conf.layout, 1);
}

/** Dies when the links have the takeover's first programs. */
function takeoverDies(): void {
  const mortal = (): never => {
    throw new Death();
  };
  withReplaced(AttachedInterfaces.prototype, 'exchange', mortal, () => assert.throws(() => openDirector({ takeOver: true }), Death));
}

const open = (options: OpenOptions = {}): void => openDirector(options).close();

/** What a build before left, and the command of this one that enters its programs. */
const CASES: readonly (readonly [string, (bed: Bed) => void, () => void])[] = [
  ['an exchange of the programs', ({ folder }) => forgetBuild(folder), () => assert.ok(exchangeBuild())],
  ['a takeover', makeBefore, () => open({ takeOver: true })],
  [
    'the rest of a takeover that was killed',
    (bed) => {
      makeBefore(bed);
      takeoverDies();
    },
    () => open(),
  ],
  [
    "another size of the links' table, which a killed command had begun",
    ({ folder }) => pinSecondTable(folder, { pins: movePins(TABLE_PIN), bucketBytes: ConnBucket.bytes }, 8192),
    () => open(),
  ],
  [
    'the same of a side build',
    ({ folder }) => pinSecondTable(folder, { pins: movePins(IPV6_PINS.conns), bucketBytes: Conn6Bucket.bytes }, 8192),
    () => open(),
  ],
];

test('rules by source are known when a program of this build takes the place of one of another', { skip: skipReason() }, (context) =>
  inBed(async (bed) => {
    bed.director.addService(service('tcp', IPv6.vip, 80, []).service);
    ip([`rule add from ${IPv4.vip} lookup 77`]);
    ip([`rule add from ${IPv6.vip} lookup 77`], undefined, ['-6']);
    for (const [name, before, command] of CASES) {
      await context.test(name, () => {
        before(bed);
        forget(bed);
        assert.deepEqual([...seenWhileEntered(bed, command)], ['1 1']);
        assert.deepEqual(known(bed), [1, 1]);
      });
    }
  }),
);
