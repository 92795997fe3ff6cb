// A kernel that refuses the short cut of IPv6 alone: IPv6 goes by tc, no command fails, and it is reported with the reason. (Under traffic:
// refused-short-cut.long.test.ts.)
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { test } from 'node:test';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { ensureSideBuilds, programsRefused } from '../../src/datapath/ebpf/load/side-builds.js';
import { exchangeBuild } from '../../src/datapath/ebpf/open.js';
import { IPV6_XDP_ENTRY_PIN, IPV6_XDP_REFUSED_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { type ArtifactName, artifact } from '../../src/sys/artifact.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { Death, dies, type Other, replace, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { SHORT_CUT, SHORT_CUT_NOTICE, withRefused } from './refused-object.js';

const skip = skipReason();
const [SERVER] = IPv6.servers;
const { service: SPEC } = service('tcp', IPv6.vip, 80, []);

function inBed(attach: 'tc' | 'xdp', work: (bed: Bed) => void): void {
  const bed = openBed({ attach });
  try {
    work(bed);
  } finally {
    bed.close();
  }
}

/** The first IPv6 service, by a build whose short cut this kernel refuses. Returns the lines that the command prints. */
function addService(bed: Bed): readonly string[] {
  const notices: string[] = [];
  withRefused(SHORT_CUT, 'xdp', (object) => {
    const fileOf = (name: ArtifactName): string => (name === SHORT_CUT ? object : artifact(name));
    ensureSideBuilds(bed.tables, SPEC, (text) => notices.push(text), fileOf);
  });
  bed.director.addService(SPEC);
  bed.director.addDestination(SPEC.key, destination(IPv6.at(SERVER, 8080), 'masq'));
  return notices;
}

let port = 4000;
/** What XDP alone, and XDP and tc do with a new connection. */
function meets(bed: Bed): readonly string[] {
  const packet = IPv6.tcp({ from: IPv6.at(IPv6.client, ++port), to: IPv6.at(IPv6.vip, 80) }, 'S');
  const frame = IPv6.fromClient(packet, IPv6.client);
  return [bed.sendXdp('front', frame).verdict, bed.send('xdp', 'front', frame).verdict];
}

test('XDP first, then an IPv6 service: it is added, tc has its packets, and weir load tries again', { skip }, () =>
  inBed('xdp', (bed) => {
    const notices = addService(bed);
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', SHORT_CUT_NOTICE);
    const [refusal, ...others] = programsRefused(bed.folder);
    assert.deepEqual([refusal?.what, others], ['IPv6', []]);
    assert.ok(notices[0]?.includes(`: ${refusal?.why};`));
    assert.deepEqual(meets(bed), ['pass', 'redirect']);
    assert.deepEqual(bed.drops(), {});
    const again: string[] = [];
    assert.equal(exchangeBuild(undefined, { onWait: (text) => again.push(text) }), false, 'the programs are of this build');
    assert.deepEqual([again, programsRefused(bed.folder)], [['IPv6 goes by XDP again'], []]);
    assert.equal(meets(bed)[0], 'redirect');
  }),
);

/** The kernel lets no program into the array by which XDP enters the short cut. */
function withoutEntry(work: () => void): void {
  const refusing: Other<BpfMap, 'update'> = (map, _args, was) => {
    if (map.info().name === IPV6_XDP_ENTRY_PIN)
      throw Object.assign(new Error('EINVAL'), { code: 'EINVAL', syscall: 'bpf_map_update_elem' });
    was();
  };
  withReplaced(BpfMap.prototype, 'update', refusing, work);
}

test('one that loads, and that XDP cannot enter, at an exchange of the programs', { skip }, () =>
  inBed('xdp', (bed) => {
    bed.director.addService(SPEC);
    bed.director.addDestination(SPEC.key, destination(IPv6.at(SERVER, 8080), 'masq'));
    assert.equal(meets(bed)[0], 'redirect');
    const notices: string[] = [];
    forgetBuild(bed.folder);
    withoutEntry(() => assert.ok(exchangeBuild(undefined, { onWait: (text) => notices.push(text) })));
    bed.renew();
    assert.deepEqual(notices, ['IPv6 goes by tc alone, without XDP: the kernel refuses its program (EINVAL); weir load tries again']);
    assert.deepEqual(programsRefused(bed.folder), [{ what: 'IPv6', why: 'the kernel refuses its program (EINVAL)' }]);
    assert.deepEqual(meets(bed), ['pass', 'redirect']);
    assert.deepEqual(bed.drops(), {});
  }),
);

/** `work` dies before its nth step that other processes can meet of the pin of the reason. False: it came to its end. */
function diesAtReason(nth: number, work: () => void): boolean {
  let left = nth;
  const mortal = <R>(_self: object, args: readonly unknown[], was: () => R): R => {
    if (args.some((path) => typeof path === 'string' && basename(path).startsWith(IPV6_XDP_REFUSED_PIN)) && --left < 0) throw new Death();
    return was();
  };
  const restore = [replace(BpfMap.prototype, 'pin', mortal), replace(fs, 'renameSync', mortal), replace(fs, 'rmSync', mortal)];
  syncBuiltinESMExports();
  try {
    return dies(work);
  } finally {
    for (const each of restore) each();
    syncBuiltinESMExports();
  }
}

test('a retry that is refused again and killed leaves the reason of before or the new one', { skip }, () =>
  inBed('xdp', (bed) => {
    addService(bed);
    const [before] = programsRefused(bed.folder);
    const now = 'the kernel refuses its program (EINVAL)';
    const retry = (): unknown => withoutEntry(() => exchangeBuild());
    let killed = 0;
    while (diesAtReason(killed, retry)) {
      killed += 1;
      const [left] = programsRefused(bed.folder);
      assert.ok(left !== undefined && [before?.why, now].includes(left.why), `killed before step ${killed}: ${left?.why}`);
    }
    assert.ok(killed >= 2, `${killed} steps`);
    assert.deepEqual(programsRefused(bed.folder), [{ what: 'IPv6', why: now }]);
    const pins = (): readonly string[] => fs.readdirSync(bed.folder).filter((name) => name.startsWith(IPV6_XDP_REFUSED_PIN));
    assert.deepEqual(pins(), [IPV6_XDP_REFUSED_PIN]);
    assert.ok(diesAtReason(1, retry));
    assert.equal(pins().length, 2, 'the new one is beside');
    exchangeBuild();
    assert.deepEqual([programsRefused(bed.folder), pins()], [[], []]);
    assert.equal(meets(bed)[0], 'redirect');
  }),
);

test('any other obstacle is an error, as it was', { skip }, () =>
  inBed('xdp', (bed) => {
    const fileOf = (name: ArtifactName): string => (name === SHORT_CUT ? '/nowhere' : artifact(name));
    assert.throws(() => ensureSideBuilds(bed.tables, SPEC, assert.fail, fileOf), { code: 'ENOENT' });
    assert.deepEqual(programsRefused(bed.folder), []);
  }),
);
