// The builds beside that on the links: a command that loads them may die after any of their pins. (Where other programs
// are on the links: side-builds.long.test.ts.)
import assert from 'node:assert/strict';
import { existsSync, renameSync } from 'node:fs';
import { test } from 'node:test';
import { Conn6Bucket } from '../../src/datapath/ebpf/abi6.gen.js';
import { AttachedInterfaces } from '../../src/datapath/ebpf/load/attached-interfaces.js';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { exchangePrograms } from '../../src/datapath/ebpf/load/exchange.js';
import { PROGRAMS } from '../../src/datapath/ebpf/load/load.js';
import { pinSecondTable } from '../../src/datapath/ebpf/load/table-move.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import {
  FTP_COMMANDS_PIN,
  FTP_STREAMS_PIN,
  IPV6_PINS,
  movePins,
  SCTP_ENTRY_PIN,
  SCTP_PINS,
  SCTP6_ENTRY_PIN,
  SIDE_PINS,
  WIDE_PINS,
  WIDE_SCTP_PINS,
  WIDE6_ENTRY_PIN,
  WIDE6_PINS,
} from '../../src/datapath/ebpf/table/tables.js';
import { native } from '../../src/sys/addon.js';
import { BpfMap, ObjectFile, Program } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { Death, dies, type Other, withReplaced } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { builds, ofAnother, withFewerPlaces } from './other-programs.js';
import { run, TC, XDP } from './run.js';

/** `work` dies after it has made a pin that is not among `made`, which is added. False: there was none, and it came to its end. */
function diesAfterPin(made: Set<string>, work: () => void): boolean {
  const mortal: Other<BpfMap, 'pin'> = (_map, [path], was) => {
    was();
    if (made.has(path)) return;
    made.add(path);
    throw new Death();
  };
  return withReplaced(BpfMap.prototype, 'pin', mortal, () => dies(work));
}

test('each table has as many places as that of the links, and is made with its first service', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { connBuckets: 2048 } });
  try {
    const entries = (pin: string): number => using(BpfMap.pinned(`${bed.folder}/${pin}`), (map) => map.info().maxEntries);
    for (const { conns } of SIDE_PINS) assert.ok(!existsSync(`${bed.folder}/${conns}`), conns);
    for (const protocol of ['tcp', 'sctp'] as const) {
      for (const { vip, hostMask } of [IPv4, IPv6]) {
        bed.director.addService(service(protocol, vip, 80, []).service);
        bed.director.addService({ ...service(protocol, vip, 0, []).service, persistence: { timeout: 300, netmask: hostMask } });
      }
    }
    for (const { conns } of SIDE_PINS) assert.equal(entries(conns), 2048, conns);
    assert.equal(entries(IPV6_PINS.templates), entries('templates'));
  } finally {
    bed.close();
  }
});

test('for a mark the tables of SCTP are small, until a service of SCTP comes: connections stay', { skip: skipReason() }, () => {
  const bed = openBed({ capacity: { connBuckets: 131072 } });
  try {
    const entries = (pin: string): number => using(BpfMap.pinned(`${bed.folder}/${pin}`), (map) => map.info().maxEntries);
    const key = { kind: 'fwmark', family: 'inet', mark: 3 } as const;
    const [server] = IPv4.servers;
    bed.director.addService({ key, scheduler: 'rr', schedFlags: 0, onePacket: false });
    bed.director.addDestination(key, destination(IPv4.at(server, 3905), 'masq'));
    const sizes = (): readonly number[] => [SCTP_PINS, WIDE_SCTP_PINS, WIDE_PINS].map(({ conns }) => entries(conns));
    assert.deepEqual(sizes(), [8192, 8192, 131072]);
    const ends = { from: IPv4.at(IPv4.client, 40000), to: IPv4.at(IPv4.vip, 2905) };
    const send = (hook: 'mark' | 'ingress', type: number, mark = 0): string =>
      bed.send(hook, 'front', IPv4.fromClient(IPv4.sctp(ends, [{ type }], { hops: 63 }), IPv4.client), { mark }).verdict;
    // Data make an association that lives for longer than a move takes.
    bed.director.setSysctl('sloppy_sctp', '1');
    assert.equal(send('mark', ChunkType.data, 3), 'redirect');
    bed.director.setSysctl('sloppy_sctp', '0');
    bed.director.addService(service('sctp', IPv4.vip, 3868, []).service);
    assert.deepEqual(sizes(), [131072, 8192, 131072]);
    bed.director.addService({ ...service('sctp', IPv4.vip, 0, []).service, persistence: { timeout: 300, netmask: IPv4.hostMask } });
    assert.deepEqual(sizes(), [131072, 131072, 131072]);
    assert.equal(send('ingress', ChunkType.data), 'redirect');
  } finally {
    bed.close();
  }
});

test('killed after any pin of two builds, one behind the other: the next command goes on', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    const { service: all } = service('tcp', IPv6.vip, 0, []);
    const spec = { ...all, persistence: { timeout: 300, netmask: IPv6.hostMask } };
    const made = new Set<string>();
    while (diesAfterPin(made, () => bed.director.addService(spec)));
    const pins = new Set([
      ...Object.values(IPV6_PINS),
      ...Object.values(WIDE6_PINS),
      FTP_STREAMS_PIN,
      FTP_COMMANDS_PIN,
      WIDE6_ENTRY_PIN,
      SCTP6_ENTRY_PIN,
    ]);
    for (const name of pins) assert.ok(existsSync(`${bed.folder}/${name}`), name);
    assert.equal(made.size, pins.size, [...made].join(' '));
    const [server] = IPv6.servers;
    bed.director.addDestination(spec.key, destination(IPv6.at(server, 0), 'masq'));
    const packet = IPv6.tcp({ from: IPv6.at(IPv6.client, 4000), to: IPv6.at(IPv6.vip, 8080) }, 'S');
    assert.equal(bed.send('ingress', 'front', IPv6.fromClient(packet, IPv6.client)).verdict, 'redirect');
  } finally {
    bed.close();
  }
});

test('programs of another build that have no place for those of a first service: it is refused until an exchange', {
  skip: skipReason(),
}, () => {
  const bed = openBed();
  try {
    withFewerPlaces(bed);
    const { service: spec } = service('sctp', IPv4.vip, 2905, []);
    const refused = (code: string): void => assert.throws(() => bed.director.addService(spec), { code });
    refused('programs-without-place');
    assert.ok(!existsSync(`${bed.folder}/${SCTP_PINS.conns}`), 'nothing is made');
    const [pin, gone] = [`${bed.folder}/${SCTP_ENTRY_PIN}`, `${bed.folder}/gone`];
    renameSync(pin, gone);
    refused('programs-without-place'); // they have no such array
    renameSync(gone, pin);
    assert.ok(exchangeBuild());
    renameSync(pin, gone);
    refused('pin-missing'); // those of this build have one
    renameSync(gone, pin);
    bed.director.addService(spec);
  } finally {
    bed.close();
  }
});

/** How often `work` loads an object. */
function loads(work: () => void): number {
  let count = 0;
  const counting: Other<ObjectFile, 'load'> = (_object, _args, was) => {
    count++;
    return was();
  };
  withReplaced(ObjectFile.prototype, 'load', counting, work);
  return count;
}

test('a build that was tried in one namespace is loaded once in the next one', { skip: skipReason() }, () => {
  const { service: spec } = service('sctp', IPv6.vip, 2905, []);
  const counts = [1, 2].map(() => {
    const bed = openBed();
    try {
      bed.director.addService(service('tcp', IPv6.vip, 80, []).service);
      return loads(() => bed.director.addService(spec));
    } finally {
      bed.close();
    }
  });
  assert.equal(counts[1], 1);
  assert.ok(counts[0] === 1 || counts[0] === 2, 'another test may have had it tried before');
});

/** An exchange of all programs that dies when the links have been exchanged, before its last renames. */
function exchangeDies(bed: Bed): void {
  forgetBuild(bed.folder);
  const mortal: Other<AttachedInterfaces, 'exchange'> = (_interfaces, _args, was) => {
    was();
    throw new Death();
  };
  withReplaced(AttachedInterfaces.prototype, 'exchange', mortal, () =>
    using(new Netlink(), (netlink) => {
      assert.throws(() => exchangePrograms(bed.folder, bed.tables, new AttachedInterfaces(bed.folder, bed.tables, netlink)), Death);
    }),
  );
}

test("a build that ends another one's move of a table beside the links' leaves no name", { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    bed.director.addService(service('tcp', IPv6.vip, 80, []).service);
    pinSecondTable(bed.folder, { pins: movePins(IPV6_PINS.conns), bucketBytes: Conn6Bucket.bytes }, 2048);
    ofAnother(bed);
    const changes: string[] = [];
    openDirector({ report: ({ kind }) => changes.push(kind) }).close();
    assert.deepEqual([changes, builds(bed)], [['move-finished'], []]);
  } finally {
    bed.close();
  }
});

test('an exchange that is killed at its first pin has taken the name away: the build before exchanges back', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    bed.director.addService(service('tcp', IPv6.vip, 80, []).service);
    ofAnother(bed);
    assert.ok(diesAfterPin(new Set(), () => exchangeBuild()));
    assert.deepEqual(builds(bed), []);
  } finally {
    bed.close();
  }
});

function enteredFromEach(hook: 'tc' | 'xdp'): void {
  const bed = openBed({ attach: hook });
  const pinned = (): Program => Program.pinned(`${bed.folder}/${hook === 'xdp' ? PROGRAMS.xdp : PROGRAMS.ingress}`);
  const programs = [pinned()];
  try {
    for (let k = 0; k < 2; k++) {
      exchangeDies(bed);
      programs.push(pinned());
    }
    assert.equal(new Set(programs.map((program) => program.id())).size, 3);
    const { service: spec } = service('tcp', IPv6.vip, 80, []);
    const [server] = IPv6.servers;
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, destination(IPv6.at(server, 80), 'masq'));
    const ifindex = native().ifNameToIndex('front');
    programs.forEach((program, k) => {
      const packet = IPv6.tcp({ from: IPv6.at(IPv6.client, 4000 + k), to: IPv6.at(IPv6.vip, 80) }, 'S');
      const frame = IPv6.fromClient(packet, IPv6.client);
      const { code } = run(native(), program.fd.number, hook, frame, { ifindex, ingressIfindex: ifindex });
      assert.equal(code, hook === 'xdp' ? XDP.redirect : TC.redirect, `program ${k}`);
    });
  } finally {
    for (const program of programs) program.close();
    bed.close();
  }
}

for (const hook of ['tc', 'xdp'] as const)
  test(
    `after exchanges killed before their last step the first service is entered from the programs of each (${hook})`,
    {
      skip: skipReason(),
    },
    () => enteredFromEach(hook),
  );
