// A kernel that refuses the program of XDP: all packets go by tc, no command fails, and it is reported with the reason.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { PROGRAMS, programKinds } from '../../src/datapath/ebpf/load/load.js';
import { type Moving, mainTable } from '../../src/datapath/ebpf/load/main-table.js';
import { programsRefused } from '../../src/datapath/ebpf/load/side-builds.js';
import { moveTable } from '../../src/datapath/ebpf/load/table-move.js';
import { loadUnlessRefused } from '../../src/datapath/ebpf/load/xdp.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { native } from '../../src/sys/addon.js';
import { ATTACH_XDP } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import type { Ran } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { Death, type Other, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { asked, inCluster, ok, pollingFarEnds, serving, transferWhile, VIP } from './cluster.js';
import { IPv4 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { fallsBack, withRefused, withRefusingBuild } from './refused-object.js';
import { inFolder, SMALL } from './self-check-bed.js';

const skip = skipReason();
const OBJECT = 'weir.bpf.o';
const [SERVER] = IPv4.servers;
const { service: SPEC } = service('tcp', IPv4.vip, 80, []);
const NOTICE =
  /^IPv4 and IPv6 go by tc alone, without XDP: the kernel's verifier refuses its program \(EACCES\): .*R0 !read_ok; weir load tries again$/;
const BACK = 'IPv4 and IPv6 go by XDP again';

/** The lines that `work` prints. */
function noticesOf(work: (onWait: (text: string) => void) => void): readonly string[] {
  const lines: string[] = [];
  work((text) => lines.push(text));
  return lines;
}

/** A bed with XDP on every device and a service, whose packets do what they must do. */
function inBed(work: (bed: Bed) => void): void {
  const bed = openBed({ attach: 'xdp' });
  try {
    bed.director.addService(SPEC);
    bed.director.addDestination(SPEC.key, destination(IPv4.at(SERVER, 8080), 'masq'));
    work(bed);
    assert.deepEqual(bed.drops(), {});
  } finally {
    bed.close();
  }
}

let port = 4000;
function balances(bed: Bed): void {
  const packet = IPv4.tcp({ from: IPv4.at(IPv4.client, ++port), to: IPv4.at(IPv4.vip, 80) }, 'S');
  assert.equal(bed.send('ingress', 'front', IPv4.fromClient(packet, IPv4.client)).verdict, 'redirect');
}

const onDevices = (): readonly number[] =>
  ['front', 'back'].map((device) => native().bpfProgQuery(native().ifNameToIndex(device), ATTACH_XDP).length);

/** Commands that open the table, one after the other. `attach`: as the first one asks for. */
const opened = (...options: readonly Parameters<typeof openDirector>[0][]): readonly string[] =>
  noticesOf((onWait) => {
    for (const each of options) openDirector({ ...each, onWait }).close();
  });

/** An exchange by a build whose program of XDP this kernel refuses. */
const exchanged = (): readonly string[] =>
  noticesOf((onWait) => withRefused(OBJECT, 'xdp', (object) => assert.ok(exchangeBuild(object, { onWait }))));

test('at a first load the other programs are loaded, and the reason stands beside them', { skip }, () =>
  inFolder((folder) => {
    const notices = noticesOf((onWait) =>
      withRefused(OBJECT, 'xdp', (object) => loadUnlessRefused(folder, SMALL, { kinds: programKinds(true), file: object }, onWait)),
    );
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', NOTICE);
    assert.deepEqual(
      Object.values(PROGRAMS).map((name) => existsSync(`${folder}/${name}`)),
      [false, true, true, true],
    );
    const [alone, ...others] = programsRefused(folder);
    assert.deepEqual([alone?.what, others], ['IPv4 and IPv6', []]);
    assert.ok(notices[0]?.includes(`: ${alone?.why};`));
  }),
);

test('a refusal of the programs of tc is an error, as it was', { skip }, () =>
  inFolder((folder) => {
    withRefused(OBJECT, 'tc', (object) =>
      assert.throws(() => loadUnlessRefused(folder, SMALL, { kinds: programKinds(true), file: object }, assert.fail), {
        code: 'kernel-refuses-datapath',
      }),
    );
    assert.deepEqual(programsRefused(folder), []);
  }),
);

test('at an exchange XDP goes from every interface; no other command tries again, weir load does', { skip }, () =>
  inBed((bed) => {
    assert.deepEqual(onDevices(), [1, 1]);
    const notices = exchanged();
    bed.renew();
    assert.equal(notices.length, 1);
    assert.match(notices[0] ?? '', NOTICE);
    assert.deepEqual([onDevices(), programsRefused(bed.folder).length], [[0, 0], 1]);
    balances(bed);
    assert.deepEqual([opened({}, {}), onDevices()], [[], [0, 0]]);
    assert.deepEqual([opened({ retryXdp: true }), onDevices()], [[BACK], [1, 1]]);
    assert.deepEqual([programsRefused(bed.folder), opened({}, { retryXdp: true })], [[], []]);
    balances(bed);
  }),
);

test('with tc alone, as weir load --attach tc asks for, the reason is forgotten', { skip }, () =>
  inBed((bed) => {
    assert.equal(exchanged().length, 1);
    assert.deepEqual([opened({ attach: 'tc' }), programsRefused(bed.folder)], [[], []]);
    assert.deepEqual([opened({ attach: 'xdp' }), onDevices()], [[], [1, 1]]);
  }),
);

/** An exchange that dies before XDP is detached, or after. */
function exchangeDies(when: 'before' | 'after'): void {
  const mortal: Other<AttachedInterfaces, 'detachXdp'> = (_interfaces, _args, was) => {
    if (when === 'after') was();
    throw new Death();
  };
  withReplaced(AttachedInterfaces.prototype, 'detachXdp', mortal, () =>
    withRefused(OBJECT, 'xdp', (object) => assert.throws(() => exchangeBuild(object), Death)),
  );
}

for (const when of ['before', 'after'] as const) {
  test(`a command that is killed ${when} it has taken XDP off: the next ones bring it into order`, { skip }, () =>
    inBed((bed) => {
      exchangeDies(when);
      assert.deepEqual(onDevices(), when === 'before' ? [1, 1] : [0, 0]);
      assert.deepEqual([opened({}), onDevices(), programsRefused(bed.folder)], [[], [1, 1], []], 'the program of before');
      balances(bed);
      assert.equal(exchanged().length, 1);
      bed.renew();
      assert.deepEqual([onDevices(), programsRefused(bed.folder).length], [[0, 0], 1]);
      balances(bed);
    }),
  );
}

test('a bridging build that is refused: tc alone while connections move, XDP again after it', { skip }, () =>
  inBed((bed) => {
    balances(bed);
    const notices = noticesOf((onWait) =>
      using(new Netlink(), (netlink) => {
        const { folder, tables } = bed;
        const moving: Moving = { folder, tables, interfaces: new AttachedInterfaces(folder, tables, netlink, undefined, onWait) };
        const move = (file: string): void => {
          const table = mainTable(moving, file);
          const { connections, back } = moveTable(
            folder,
            {
              ...table,
              bridged: (route, work) =>
                table.bridged(route, (object) => {
                  assert.deepEqual(onDevices(), [0, 0]);
                  return work(object);
                }),
            },
            8192,
          );
          assert.deepEqual([connections, back], [1, false]);
        };
        withRefused('weir-bridge.bpf.o', 'xdp', move, PROGRAMS.xdp);
      }),
    );
    bed.renew();
    assert.deepEqual([notices, onDevices(), programsRefused(bed.folder)], [[], [0, 0], []]);
    assert.deepEqual([opened({}), onDevices()], [[], [1, 1]]);
    balances(bed);
  }),
);

test('tables that are loaded again with other sizes', { skip }, () => {
  const bed = openBed({ attach: 'xdp' });
  try {
    assert.equal(exchanged().length, 1);
    const options = { capacity: { maxServices: 64 } };
    assert.deepEqual([opened(options), onDevices(), programsRefused(bed.folder)], [[], [1, 1], []], 'it is tried with them');
  } finally {
    bed.close();
  }
});

const falls = (ran: Ran, name: string): void => fallsBack(ran, name, NOTICE);

interface Statuses {
  readonly datapath: {
    readonly tcAlone: readonly { readonly what: string }[];
    readonly interfaces: readonly { readonly name: string; readonly tc: boolean; readonly xdp: boolean }[];
  };
}

test(
  'live: a first load and a reload by such a build, under traffic; status and doctor name it',
  {
    skip: skip || noTools('ethtool'),
  },
  () =>
    inCluster(async (cluster) => {
      const { bed, client, lvs, web1 } = cluster;
      pollingFarEnds(cluster);
      await serving(cluster, web1, 8080);
      const state = (): Statuses['datapath'] => (JSON.parse(ok(lvs.weir('status --json'))) as Statuses).datapath;
      const xdp = (): readonly boolean[] =>
        ['eth0', 'eth1'].map((name) => state().interfaces.find((each) => each.name === name)?.xdp ?? false);
      const answers = (): void => {
        for (const protocol of ['tcp', 'udp'] as const) assert.deepEqual(asked(client, protocol, VIP, 80, 2), ['web1', 'web1'], protocol);
      };
      await withRefusingBuild(lvs, OBJECT, async (weir) => {
        const ipvsadm = (line: string): string => ok(weir('ipvsadm', ...line.split(' ')));
        falls(weir('weir', 'load', '--attach', 'xdp'), 'weir load');
        for (const line of [`-A -t ${VIP}:80`, `-A -u ${VIP}:80`]) ipvsadm(`${line} -s rr`);
        for (const protocol of ['t', 'u']) ipvsadm(`-a -${protocol} ${VIP}:80 -r 10.8.2.11:8080 -m`);
        answers();
        assert.deepEqual(xdp(), [false, false]);
        falls(weir('weir', 'load'), 'weir load');
        assert.match(
          ok(weir('weir', 'status')),
          /^ {11}IPv4 and IPv6 go by tc alone, without XDP: the kernel's verifier .*\(weir load tries again\)$/m,
        );
        assert.deepEqual(
          state().tcAlone.map(({ what }) => what),
          ['IPv4 and IPv6'],
        );
        const { stdout } = weir('weir', 'doctor');
        assert.match(stdout, /IPv4 and IPv6 go by tc alone, without XDP: the kernel's verifier refuses its program \(EACCES\)/);
        // A build that this kernel takes, and back, while a connection sends.
        for (const line of [`-A -t ${VIP}:90 -s rr`, `-a -t ${VIP}:90 -r 10.8.2.11:9000 -m`]) ipvsadm(line);
        await transferWhile(bed, client, web1, VIP, 90, () => {
          const taken = lvs.weir('load');
          assert.deepEqual([taken.status, taken.stderr], [0, `weir load: ${BACK}\n`]);
          assert.match(taken.stdout, /^eth0: attached at XDP$/m);
          assert.match(taken.stdout, /programs of this build replaced those of another/);
          assert.deepEqual([xdp(), state().tcAlone], [[true, true], []]);
          falls(weir('weir', 'load'), 'weir load');
          assert.deepEqual([xdp(), state().tcAlone.length], [[false, false], 1]);
        });
        answers();
      });
    }),
);
