// Where the datapath is attached, and that it goes away whole: interfaces that come and go, other people's programs,
// tables of another build, unloading.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { test } from 'node:test';
import { Conf, Dest, Interface } from '../../src/datapath/ebpf/abi.gen.js';
import { LAYOUTS } from '../../src/datapath/ebpf/layouts.gen.js';
import type { AttachMode } from '../../src/datapath/ebpf/load/hook-choice.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { unloadDatapath } from '../../src/datapath/ebpf/load/unload.js';
import { observeDatapath } from '../../src/datapath/ebpf/observe/observer.js';
import { openDirector, openReader } from '../../src/datapath/ebpf/open.js';
import { Bpffs } from '../../src/datapath/ebpf/pins/bpffs.js';
import { pinLayouts } from '../../src/datapath/ebpf/table/layout.js';
import { isWeirError } from '../../src/model/errors/weir-error.js';
import { native } from '../../src/sys/addon.js';
import { artifact } from '../../src/sys/artifact.js';
import { ATTACH_TCX_EGRESS, ATTACH_TCX_INGRESS, ATTACH_XDP, Link, ObjectFile, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netns } from '../../src/sys/namespaces/netns.js';
import { Bed, ENTRY, type Host, noNamespaces, type Ran } from '../support/netns-bed.js';
import { noTools } from '../support/probes.js';
import { read } from '../support/project.js';
import { openBed } from './bed.js';
import { destination } from './fixtures/fixture.js';
import { ip } from './namespace.js';

const skip = noNamespaces();

/** `namespace`: a descriptor; without it our own. */
function attachedTo(ifindex: number, namespace = -1): readonly number[] {
  return [ATTACH_TCX_INGRESS, ATTACH_TCX_EGRESS, ATTACH_XDP].map((hook) => native().bpfProgQuery(ifindex, hook, namespace).length);
}

const TC_ONLY = [1, 1, 0];

test('interfaces that come, go, and come again under the same number', { skip }, () => {
  const bed = openBed();
  try {
    const command = (): void => openDirector().close();
    const recorded = (ifindex: number): number => bed.tables.interfaces.get(ifindex, Interface.ifindex);
    ip(['link add late index 77 type veth peer name late-far']);
    assert.deepEqual([attachedTo(77), recorded(77)], [[0, 0, 0], 0]);
    command();
    assert.deepEqual([attachedTo(77), recorded(77)], [TC_ONLY, 77], 'down, but it may come up without us');
    ip(['link del late']);
    command();
    assert.equal(recorded(77), 0, 'forgotten');
    assert.deepEqual(
      readdirSync(bed.folder).filter((name) => name.includes('_77_')),
      [],
    );
    ip(['link add again index 77 type veth peer name again-far', 'link set again up']);
    command();
    assert.deepEqual([attachedTo(77), recorded(77)], [TC_ONLY, 77]);
    // Without a command in between, the pins are of an interface that is gone.
    ip(['link del again', 'link add third index 77 type veth peer name third-far']);
    assert.deepEqual(attachedTo(77), [0, 0, 0]);
    command();
    assert.deepEqual([attachedTo(77), recorded(77)], [TC_ONLY, 77]);
    ip(['link set third up']);
    command();
    ip(['link set third down']);
    command();
    ip(['link set third up']);
    assert.deepEqual(attachedTo(77), TC_ONLY, 'down and up again, and never detached');
  } finally {
    bed.close();
  }
});

test('an interface that comes back from another namespace with another number is attached', { skip }, () => {
  const bed = openBed();
  const away = `${bed.name}b`;
  try {
    ip([`netns add ${away}`]);
    ip(['link add index 77 name far-end type veth peer name guest']);
    for (let round = 0; round < 3; round++) {
      openDirector().close();
      const number = native().ifNameToIndex('guest');
      // The kernel ends a link some time after its last reference went. This one makes it certain that the time is not over yet.
      const links = ['ingress', 'egress'].map((hook) => Link.pinned(`${bed.folder}/link_${number}_${hook}`));
      ip([`link set guest netns ${away}`]);
      ip([`link add index ${number} name in${round} type veth peer name out${round}`]);
      ip([`link set guest netns ${process.pid}`], away);
      const now = native().ifNameToIndex('guest');
      assert.notEqual(now, number);
      openDirector().close();
      assert.deepEqual([attachedTo(now), attachedTo(number)], [TC_ONLY, TC_ONLY]);
      assert.equal(bed.tables.interfaces.get(now, Interface.ifindex), now);
      for (const link of links) link.close();
      ip([`link del in${round}`]);
    }
  } finally {
    ip([`netns del ${away}`]);
    bed.close();
  }
});

test('one of the pair with another name: which, and how to give it its name back', { skip }, () => {
  const bed = openBed();
  try {
    for (const [name, now] of [
      ['weir0', 'uplink'],
      ['weir1', 'downlink'],
    ] as const) {
      ip([`link set ${name} down`]);
      ip([`link set ${name} name ${now}`]);
      assert.throws(
        () => openDirector(),
        (error: Error) => {
          assert.match(error.message, new RegExp(`^weir's own interface ${name} was renamed to ${now} — fix: [^\\n]+$`));
          const [, fix = ''] = error.message.split(' — fix: ');
          assert.equal(spawnSync('sh', ['-c', fix]).status, 0);
          return true;
        },
      );
      openDirector().close();
    }
    ip(['link set weir0 name uplink']);
    unloadDatapath();
    for (const name of ['weir0', 'weir1', 'uplink']) assert.throws(() => native().ifNameToIndex(name), { code: 'ENODEV' });
    openDirector().close();
  } finally {
    bed.close();
  }
});

test('a pin that was removed is named, and unloading helps', { skip }, () => {
  const bed = openBed();
  try {
    for (const name of ['services', 'conns', 'conf', 'weir_tc_ingress']) {
      const path = `${bed.folder}/${name}`;
      rmSync(path);
      ip(['link add late type veth peer name late-far']);
      for (const open of [openDirector, openReader]) {
        assert.throws(() => open(), {
          code: 'pin-missing',
          message: new RegExp(`^${path} was removed[^\\n]+ — fix: run weir unload[^\\n]+$`),
        });
      }
      ip(['link del late']);
      if (name === 'services' || name === 'conf') assert.throws(() => observeDatapath(), { code: 'pin-missing' });
      unloadDatapath();
      openDirector().close();
    }
  } finally {
    bed.close();
  }
});

test('the XDP program is loaded with the first interface that takes it', { skip }, () => {
  const bed = openBed();
  try {
    const ifindex = native().ifNameToIndex('front');
    const pin = `${bed.folder}/${PROGRAMS.xdp}`;
    const attach = (mode: AttachMode): readonly number[] => {
      openDirector({ attach: mode }).close();
      return attachedTo(ifindex);
    };
    const id = (): number => using(Program.pinned(pin), (program) => program.id());
    assert.ok(!existsSync(pin));
    assert.deepEqual(attach('xdp'), [1, 1, 1]);
    const first = id();
    assert.deepEqual(native().bpfProgQuery(ifindex, ATTACH_XDP), [first]);
    assert.deepEqual(attach('tc'), TC_ONLY);
    assert.deepEqual(attach('xdp'), [1, 1, 1]);
    assert.equal(id(), first, 'once');
    unloadDatapath();
    assert.deepEqual(attach('xdp'), [1, 1, 1], 'by the command that loads the others');
    assert.deepEqual(native().bpfProgQuery(ifindex, ATTACH_XDP), [id()]);
  } finally {
    bed.close();
  }
});

test('a foreign XDP program is never replaced', { skip }, () => {
  const bed = openBed();
  const foreign = new ObjectFile(artifact('weir.bpf.o')).mapEntries('conns', 64).load();
  const program = foreign.program('weir_housekeeping');
  try {
    const ifindex = native().ifNameToIndex('front');
    const link = program.attach(ifindex, ATTACH_XDP, 4);
    assert.throws(
      () => openDirector({ attach: 'xdp' }),
      (error) => error instanceof Error && /^XDP cannot be attached to front\b[^\n]*$/.test(error.message),
    );
    openDirector().close();
    assert.deepEqual(native().bpfProgQuery(ifindex, ATTACH_XDP), [program.id()]);
    link.close();
    openDirector({ attach: 'xdp' }).close();
    assert.deepEqual(attachedTo(ifindex), [1, 1, 1]);
    assert.notDeepEqual(native().bpfProgQuery(ifindex, ATTACH_XDP), [program.id()]);
    openDirector({ attach: 'tc' }).close();
    assert.deepEqual(attachedTo(ifindex), TC_ONLY, 'tc from now on');
    openDirector({ attach: 'xdp' }).close();
    // A device that comes later and cannot do XDP (its frames are too big) does not stop the commands that only list.
    ip(['link add big index 78 mtu 9000 type veth peer name big-far mtu 9000', 'link set big up']);
    openDirector().close();
    assert.deepEqual(attachedTo(78), TC_ONLY);
    assert.throws(() => openDirector({ attach: 'xdp' }), /XDP cannot be attached to big/);
  } finally {
    program.close();
    foreign.close();
    bed.close();
  }
});

async function onHost(work: (host: Host) => void): Promise<void> {
  const bed = new Bed();
  try {
    const host = bed.host('lvs');
    host.ip('link add eth0 type veth peer name eth0-far');
    host.ip('link set eth0 up');
    bed.atEnd(() => host.weir('unload'));
    work(host);
  } finally {
    bed.close();
  }
}

const answered = (ran: Ran): string => {
  assert.deepEqual([ran.status, ran.stderr], [0, '']);
  return ran.stdout;
};

test('weir unload takes all of it away, and the next command brings it again', { skip }, async () => {
  await onHost((host) => {
    const namespace = native().open(`/run/netns/${host.namespace}`, 0);
    const folder = Bpffs.ensure().path(native().netnsCookie(namespace));
    native().close(namespace);
    for (let round = 0; round < 2; round++) {
      answered(host.ipvsadm('-A -t 10.0.0.1:80 -s rr'));
      assert.match(host.ip('-brief link'), /weir0/);
      assert.ok(existsSync(folder));
      assert.equal(answered(host.weir('unload')), '');
      assert.doesNotMatch(host.ip('-brief link'), /weir/);
      assert.ok(!existsSync(folder));
      const hooks = host.run(['tc', 'qdisc', 'show']).stdout;
      assert.doesNotMatch(hooks, /clsact/);
      assert.doesNotMatch(host.ip('-details link show eth0'), /xdp/);
      assert.match(answered(host.weir('unload')), /^the datapath is not loaded in this network namespace\n$/);
    }
    assert.equal(answered(host.ipvsadm('-Sn')), '');
  });
});

/** What udev would run, without what keeps it from waiting: the words after the link to weir. */
function udevCommands(): readonly string[] {
  const rules = read('share/udev/90-weir.rules');
  return [...rules.matchAll(/RUN\+="[^"]*\/usr\/local\/sbin\/weir ([\w -]+?)(?:"| <)/g)].map(([, words = '']) => words);
}

test('what the udev rule runs covers a new interface where weir is loaded, and never loads it', { skip }, async () => {
  const [command = '', other] = udevCommands();
  assert.equal(command, 'load --if-loaded');
  assert.equal(other, command, 'with systemd and without');
  await onHost((host) => {
    const { cookie } = using(Netns.byName(host.namespace), (netns) => netns);
    const hasFolder = (): boolean => Bpffs.ensure().cookies().includes(cookie);
    const quiet = (): void => assert.equal(answered(host.weir(command)), '');
    quiet();
    assert.ok(!hasFolder(), 'nothing was loaded');
    assert.doesNotMatch(host.ip('-brief link'), /weir/);
    answered(host.ipvsadm('-A -t 10.0.0.1:80 -s rr'));
    host.ip('link add late type veth peer name late-far');
    const hooks = (): readonly number[] =>
      using(Netns.byName(host.namespace), ({ fd: { number } }) => attachedTo(native().ifNameToIndex('late', number), number));
    assert.deepEqual(hooks(), [0, 0, 0]);
    quiet();
    assert.deepEqual(hooks(), TC_ONLY);
    answered(host.weir('unload'));
    quiet();
    assert.ok(!hasFolder());
    assert.deepEqual(host.weir(`${command} --connections 4096`).status, 2);
  });
});

test('one table, entered by ip netns exec or by nsenter alone', { skip }, async () => {
  await onHost((host) => {
    const enter = ['nsenter', `--net=/run/netns/${host.namespace}`, process.execPath, ENTRY, 'ipvsadm'];
    const plain = (line: string): Ran => {
      const { status, stdout, stderr } = spawnSync(enter[0] ?? '', [...enter.slice(1), ...line.split(' ')], { encoding: 'utf8' });
      return { status: status ?? -1, stdout, stderr };
    };
    answered(host.ipvsadm('-A -t 10.0.0.1:80 -s rr'));
    answered(plain('-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1'));
    assert.equal(answered(host.ipvsadm('-Sn')), '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 10.0.0.2:80 -m -w 1\n');
    assert.equal(answered(plain('-Sn')), answered(host.ipvsadm('-Sn')));
  });
});

test('an empty table gets other sizes, and keeps what was set; a table in use gets room for connections alone', { skip }, async () => {
  await onHost((host) => {
    const sizes = (): unknown => (JSON.parse(answered(host.weir('status --json'))) as { table: { capacity: unknown } }).table.capacity;
    answered(host.ipvsadm('-Ln'));
    answered(host.ipvsadm('--set 1000 100 200'));
    answered(host.weir('sysctl -w net.ipv4.vs.expire_nodest_conn=1'));
    const report = answered(host.weir('load --connections 4096 --max-services 64'));
    assert.match(report, /^loaded: room for 4096 connections, 64 services, 65536 destinations\n/);
    assert.match(report, /^eth0: attached at tc ingress, tc egress$/m);
    assert.deepEqual(sizes(), { connections: 4096, services: 64, destinations: 65536 });
    assert.match(answered(host.ipvsadm('-L --timeout')), /: 1000 100 200\n/);
    assert.match(answered(host.weir('sysctl net.ipv4.vs.expire_nodest_conn')), /= 1\n/);
    answered(host.ipvsadm('-A -t 10.0.0.1:80 -s rr'));
    assert.equal(answered(host.weir('load --connections 4096')), '', 'it has that size');
    for (const other of ['', ' --connections 8192']) {
      const { status, stdout, stderr } = host.weir(`load --max-services 128${other}`);
      assert.deepEqual([status, stdout], [2, '']);
      assert.match(stderr, /^weir load: [^\n]*in use[^\n]*weir unload[^\n]*\n$/);
    }
    assert.match(
      answered(host.weir('load --connections 8192')),
      /^the connection table: room for 8192 connections now; there was none to move\n$/,
    );
    assert.deepEqual(sizes(), { connections: 8192, services: 64, destinations: 65536 });
    const listed = answered(host.weir('load --conn-tab-bits 10'));
    assert.equal(listed, 'listings show size=1024; the connection tables stay as they are\n');
    assert.match(answered(host.ipvsadm('-Ln')), /\(size=1024\)/);
    assert.deepEqual(sizes(), { connections: 8192, services: 64, destinations: 65536 });
    assert.equal(answered(host.ipvsadm('-Sn')), '-A -t 10.0.0.1:80 -s rr\n');
    answered(host.ipvsadm('-C'));
    answered(host.weir('load --max-services 128'));
    assert.deepEqual(sizes(), { connections: 8192, services: 128, destinations: 65536 }, 'the other sizes stay');
  });
});

test('XDP on a veth whose other end does not poll is refused, and attached where it does', {
  skip: skip || noTools('ethtool'),
}, async () => {
  await onHost((host) => {
    host.ip('link set eth0-far up');
    const { status, stdout, stderr } = host.weir('load --attach xdp');
    assert.deepEqual([status, stdout], [1, '']);
    assert.match(stderr, /^weir load: XDP would lose every packet that leaves by [^\n]*eth0[^\n]* — fix: [^\n]*gro on tx off[^\n]*\n$/);
    assert.doesNotMatch(host.ip('-brief link'), /weir0/, 'nothing was loaded');
    for (const device of ['eth0', 'eth0-far']) assert.equal(host.run(['ethtool', '-K', device, 'gro', 'on']).status, 0);
    assert.match(answered(host.weir('load --attach xdp')), /^eth0: attached at tc ingress, tc egress, XDP$/m);
    assert.equal(
      answered(host.weir('load --attach tc'))
        .split('\n')
        .filter((line) => / detached from XDP$/.test(line)).length,
      2,
    );
  });
});

test('connections of a removed service keep their table', { skip }, () => {
  const bed = openBed();
  try {
    const key = { kind: 'address', protocol: 'tcp', address: { family: 'inet', words: [0x0a000101] }, port: 80 } as const;
    bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    bed.director.addDestination(key, destination('10.0.2.11:80', 'masq'));
    bed.tables.dests.set(1, Dest.active, 1);
    bed.director.deleteService(key);
    assert.throws(
      () => openDirector({ capacity: { maxServices: 64 } }),
      (error) => isWeirError(error, 'datapath-loaded'),
    );
    bed.tables.dests.set(1, Dest.active, 0);
    openDirector({ capacity: { maxServices: 64 } }).close();
  } finally {
    bed.close();
  }
});

test('a table of another build, or of no build, is refused in one line; unload still works', { skip }, () => {
  for (const field of [Conf.abi, Conf.layout, Conf.magic]) {
    const bed = openBed();
    try {
      const { conf } = bed.tables;
      const was = conf.get(0, field);
      const refused = (line: RegExp): void =>
        assert.throws(
          () => openDirector(),
          (error) => error instanceof Error && line.test(error.message),
        );
      conf.set(0, field, was + 1);
      // Each map's own number is as here: nothing has to move.
      if (field === Conf.layout) refused(/^the loaded tables are those of the build before — fix: weir load [^\n]*$/);
      pinLayouts(bed.folder, { ...LAYOUTS, dests: LAYOUTS.dests + 1 });
      refused(/^[^\n]*run weir unload[^\n]*$/);
      pinLayouts(bed.folder);
      conf.set(0, field, was);
      openDirector().close();
    } finally {
      bed.close();
    }
    assert.ok(!existsSync(bed.folder));
  }
});
