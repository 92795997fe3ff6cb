// Interfaces that take no XDP program: tc has their packets, no command fails, and each is reported once with the reason.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { test } from 'node:test';
import { Abi, Interface } from '../../src/datapath/ebpf/abi.gen.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { tcAlone } from '../../src/datapath/ebpf/observe/tc-alone.js';
import { exchangeBuild, type OpenOptions, openDirector } from '../../src/datapath/ebpf/open.js';
import { XDP_REFUSED_PIN } from '../../src/datapath/ebpf/table/tables.js';
import type { TcAlone } from '../../src/model/tc-alone.js';
import { native } from '../../src/sys/addon.js';
import { artifact } from '../../src/sys/artifact.js';
import { ATTACH_TCX_EGRESS, ATTACH_TCX_INGRESS, ATTACH_XDP, Link, ObjectFile, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { decodeLink, dumpLinks } from '../../src/wire/rtnetlink-link.js';
import { type Other, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { ip } from './namespace.js';

const skip = skipReason();
const TC_ONLY = [1, 1, 0];
const DRIVER_MODE = 4;

function attachedTo(device: string): readonly number[] {
  const ifindex = native().ifNameToIndex(device);
  return [ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS, ATTACH_XDP].map((hook) => native().bpfProgQuery(ifindex, hook).length);
}

function inBed(work: (bed: Bed) => void): void {
  const bed = openBed({ attach: 'xdp' });
  try {
    work(bed);
  } finally {
    bed.close();
  }
}

/** What a command prints. */
function command(options: OpenOptions = {}): readonly string[] {
  const notices: string[] = [];
  openDirector({ ...options, onWait: (text) => notices.push(text) }).close();
  return notices;
}

const alone = ({ tables }: Bed): readonly TcAlone[] =>
  using(new Netlink(), (netlink) => tcAlone(tables, netlink.dump(dumpLinks(), decodeLink, 'list the interfaces')));

const texts = (bed: Bed): readonly string[] => readdirSync(bed.folder).filter((name) => name.startsWith(XDP_REFUSED_PIN));

/** A program of another project. */
function withForeign(work: (program: Program) => void): void {
  using(new ObjectFile(artifact('weir.bpf.o')).mapEntries('conns', 64).load(), (object) =>
    using(object.program('weir_housekeeping'), work),
  );
}

test('a foreign XDP program: reported once with its number; XDP comes with the first command after it is gone', { skip }, () =>
  inBed((bed) =>
    withForeign((program) => {
      ip(['link add late index 77 type veth peer name late-far']);
      const link = program.attach(77, ATTACH_XDP, DRIVER_MODE);
      const why = `another XDP program is attached there (number ${program.id()})`;
      const notice = `late goes by tc alone, without XDP: ${why}; weir load tries again`;
      assert.deepEqual([command(), attachedTo('late')], [[notice], [1, 1, 1]]);
      assert.deepEqual(native().bpfProgQuery(77, ATTACH_XDP), [program.id()], 'it stays');
      assert.equal(bed.tables.interfaces.get(77, Interface.flags) & Abi.INTERFACE_XDP, 0);
      assert.deepEqual(alone(bed), [{ what: 'late', why, obstacle: 'foreign' }]);
      assert.deepEqual(command(), [], 'once');
      assert.deepEqual(command({ retryXdp: true }), [notice], 'weir load tries again');
      link.close();
      assert.deepEqual(alone(bed), [{ what: 'late', why: 'another XDP program was attached there', obstacle: 'foreign' }]);
      assert.deepEqual([command(), attachedTo('late'), alone(bed), texts(bed)], [[], [1, 1, 1], [], []]);
      assert.notDeepEqual(native().bpfProgQuery(77, ATTACH_XDP), [program.id()]);
      assert.notEqual(bed.tables.interfaces.get(77, Interface.flags) & Abi.INTERFACE_XDP, 0);
    }),
  ),
);

test('frames that are too big for XDP: it comes with the first command after the MTU is smaller', { skip }, () =>
  inBed((bed) => {
    ip(['link add big index 78 mtu 9000 type veth peer name big-far mtu 9000']);
    const notices = command();
    assert.equal(notices.length, 2, 'big-far, too');
    assert.match(
      notices.find((line) => line.startsWith('big ')) ?? '',
      /^big goes by tc alone, without XDP: its driver takes no XDP with its present settings, one of which is the MTU of 9000 \(E\w+\); weir load tries again$/,
    );
    assert.deepEqual([attachedTo('big'), alone(bed).map(({ obstacle }) => obstacle)], [TC_ONLY, ['driver', 'driver']]);
    assert.deepEqual(command(), []);
    ip(['link set big mtu 1500', 'link set big-far mtu 1500']);
    assert.deepEqual([command(), attachedTo('big'), alone(bed), texts(bed)], [[], [1, 1, 1], [], []]);
  }),
);

/** A veth refuses XDP for what its other end sends, which may be too long. */
const PLAIN = 'link add plain index 79 type veth peer name plain-far mtu 9000';
const PLAIN_WHY = 'its driver takes no XDP with its present settings, one of which is the MTU of 1500 (ERANGE)';

test('an interface that takes no XDP; another one under its number is asked again', { skip }, () =>
  inBed((bed) => {
    const notice = `plain goes by tc alone, without XDP: ${PLAIN_WHY}; weir load tries again`;
    const add = PLAIN;
    ip([add]);
    assert.deepEqual([command(), attachedTo('plain')], [[notice], TC_ONLY]);
    assert.deepEqual(command(), []);
    ip(['link del plain', add]);
    assert.deepEqual([command(), command()], [[notice], []], 'it has another MAC');
    ip(['link del plain']);
    assert.deepEqual(alone(bed), [], 'no such interface');
    assert.deepEqual([command(), texts(bed)], [[], []]);
    ip([add]);
    assert.deepEqual([command(), texts(bed).length], [[notice], 1]);
    assert.deepEqual([command({ attach: 'tc' }), alone(bed), texts(bed)], [[], [], []], 'XDP is not wanted any more');
  }),
);

test('weir load --attach xdp fails with the reason, and all other interfaces are attached', { skip }, () => {
  const bed = openBed();
  try {
    ip([PLAIN, 'link add later index 80 type veth peer name later-far']);
    assert.throws(
      () => command({ attach: 'xdp' }),
      (error: Error & { readonly code: string }) => {
        assert.equal(error.code, 'xdp-not-attached');
        assert.ok(error.message.startsWith(`XDP cannot be attached to plain: ${PLAIN_WHY} — fix: `), error.message);
        assert.match(error.message, /weir load --attach auto$/);
        return true;
      },
    );
    assert.deepEqual([attachedTo('plain'), attachedTo('later'), attachedTo('front')], [TC_ONLY, [1, 1, 1], [1, 1, 1]]);
    assert.deepEqual([command(), attachedTo('later'), texts(bed)], [[], TC_ONLY, []], 'the mode of before');
  } finally {
    bed.close();
  }
});

test('weir load --attach xdp leaves a bridge to tc, reports it and succeeds', { skip }, () => {
  const bed = openBed();
  try {
    ip(['link add lan index 79 type bridge']);
    const why = 'no driver has XDP for interfaces of the kind bridge';
    assert.deepEqual(command({ attach: 'xdp' }), [`lan goes by tc alone, without XDP: ${why}`]);
    assert.deepEqual([attachedTo('lan'), attachedTo('front'), texts(bed)], [TC_ONLY, [1, 1, 1], []]);
    assert.deepEqual([command(), alone(bed)], [[], [{ what: 'lan', why, obstacle: 'kind' }]]);
  } finally {
    bed.close();
  }
});

/** The driver of an interface refuses the program with this errno. */
function refusedBy(device: string, code: string, work: () => void): void {
  const ifindex = native().ifNameToIndex(device);
  const refusing: Other<Program, 'attach'> = (_program, [to, type], was) => {
    if (to === ifindex && type === ATTACH_XDP) throw Object.assign(new Error(code), { code, errno: 1, syscall: 'bpf_link_create' });
    return was();
  };
  withReplaced(Program.prototype, 'attach', refusing, work);
}

test('any errno of a driver, but for want of the privilege', { skip }, () =>
  inBed((bed) => {
    ip(['link add late index 77 type veth peer name late-far']);
    refusedBy('late', 'EPERM', () => assert.throws(() => command(), { code: 'EPERM' }));
    refusedBy('late', 'ENOMEM', () =>
      assert.deepEqual(command(), ['late goes by tc alone, without XDP: its driver takes no XDP now (ENOMEM); weir load tries again']),
    );
    assert.deepEqual([command(), attachedTo('late')], [[], TC_ONLY]);
    assert.deepEqual([command({ retryXdp: true }), attachedTo('late'), alone(bed)], [[], [1, 1, 1], []]);
  }),
);

/** The driver of an interface refuses other programs than the one that it has. */
function withoutUpdate(device: string, work: () => void): void {
  const ifindex = native().ifNameToIndex(device);
  const refusing: Other<Link, 'update'> = (link, _args, was) => {
    const info = link.info();
    if (info.ifindex === ifindex && info.attachType === ATTACH_XDP)
      throw Object.assign(new Error('ENOMEM'), { code: 'ENOMEM', syscall: 'bpf_link_update' });
    was();
  };
  withReplaced(Link.prototype, 'update', refusing, work);
}

test('a driver that refuses the new program at an exchange: the old one does not stay', { skip }, () =>
  inBed((bed) => {
    const notices: string[] = [];
    forgetBuild(bed.folder);
    withoutUpdate('back', () => assert.ok(exchangeBuild(undefined, { onWait: (text) => notices.push(text) })));
    assert.deepEqual(notices, ['back goes by tc alone, without XDP: its driver takes no XDP now (ENOMEM); weir load tries again']);
    assert.deepEqual([attachedTo('front'), attachedTo('back')], [[1, 1, 1], TC_ONLY]);
    assert.equal(bed.tables.interfaces.get(native().ifNameToIndex('back'), Interface.flags) & Abi.INTERFACE_XDP, 0);
    assert.deepEqual(command(), []);
    assert.deepEqual([command({ retryXdp: true }), attachedTo('back'), alone(bed)], [[], [1, 1, 1], []]);
  }),
);
