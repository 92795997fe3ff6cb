// The builds beside that on the links, where the programs on them are another build's, or a move of a table was killed.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildPin } from '../../src/datapath/ebpf/load/build-pin.js';
import { SIDE_BUILDS } from '../../src/datapath/ebpf/load/side-builds.js';
import { sideTable } from '../../src/datapath/ebpf/load/side-table.js';
import { bucketsAt, moveTable } from '../../src/datapath/ebpf/load/table-move.js';
import { ensureXdp } from '../../src/datapath/ebpf/load/xdp.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { SCTP_ENTRY_PIN, SCTP_PINS, WIDE_SCTP_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { Death } from '../support/replaced.js';
import { openBed, skipReason } from './bed.js';
import { IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { builds, ofAnother, withFewerPlaces } from './other-programs.js';

const MARKED = { kind: 'fwmark', family: 'inet', mark: 3 } as const;

test('programs of another build that know fewer places: the tables of SCTP get their size, and commands go on', {
  skip: skipReason(),
}, () => {
  const bed = openBed({ capacity: { connBuckets: 131072 } });
  try {
    const entries = (pin: string): number => using(BpfMap.pinned(`${bed.folder}/${pin}`), (map) => map.info().maxEntries);
    bed.director.addService({ key: MARKED, scheduler: 'rr', schedFlags: 0, onePacket: false });
    withFewerPlaces(bed);
    assert.deepEqual([entries(SCTP_ENTRY_PIN), entries(SCTP_PINS.conns)], [1, 8192]);
    const { service: spec } = service('sctp', IPv4.vip, 3868, []);
    const [server] = IPv4.servers;
    bed.director.addService(spec);
    bed.director.addDestination(spec.key, destination(IPv4.at(server, 3868), 'masq'));
    assert.deepEqual([entries(SCTP_PINS.conns), builds(bed)], [131072, []]);
    const ends = { from: IPv4.at(IPv4.client, 40000), to: IPv4.at(IPv4.vip, 3868) };
    const init = IPv4.fromClient(IPv4.sctp(ends, [{ type: ChunkType.init }]), IPv4.client);
    assert.equal(bed.send('ingress', 'front', init).verdict, 'redirect', 'by the programs of before on the links');
    openDirector().close();
    assert.ok(exchangeBuild());
    assert.equal(entries(SCTP_ENTRY_PIN), 2);
    bed.renew();
    assert.equal(bed.send('ingress', 'front', init).verdict, 'redirect');
  } finally {
    bed.close();
  }
});

test('a move of such a table that was killed since a process opened the tables is ended before another one begins', {
  skip: skipReason(),
}, () => {
  const bed = openBed({ capacity: { connBuckets: 131072 } });
  try {
    bed.director.addService({ key: MARKED, scheduler: 'rr', schedFlags: 0, onePacket: false });
    const [server] = IPv4.servers;
    bed.director.addDestination(MARKED, destination(IPv4.at(server, 3905), 'masq'));
    const ends = { from: IPv4.at(IPv4.client, 40000), to: IPv4.at(IPv4.vip, 2905) };
    const send = (hook: 'mark' | 'ingress', mark = 0): string =>
      bed.send(hook, 'front', IPv4.fromClient(IPv4.sctp(ends, [{ type: ChunkType.data }], { hops: 63 }), IPv4.client), { mark }).verdict;
    bed.director.setSysctl('sloppy_sctp', '1');
    assert.equal(send('mark', 3), 'redirect');
    bed.director.setSysctl('sloppy_sctp', '0');
    const build = SIDE_BUILDS.find(({ pins }) => pins === WIDE_SCTP_PINS) ?? assert.fail();
    const table = sideTable(build, bed.tables, assert.fail);
    const dies: typeof table = {
      ...table,
      settle: () => {
        throw new Death();
      },
      bridged: (route, work) =>
        table.bridged(route, (object) => {
          work(object);
          throw new Death();
        }),
    };
    assert.throws(() => moveTable(bed.folder, dies, 16384), Death);
    assert.equal(send('ingress'), 'redirect', 'it has moved');
    bed.director.addService({ ...service('sctp', IPv4.vip, 0, []).service, persistence: { timeout: 300, netmask: IPv4.hostMask } });
    assert.equal(bucketsAt(`${bed.folder}/${WIDE_SCTP_PINS.conns}`), 131072);
    assert.equal(send('ingress'), 'redirect');
  } finally {
    bed.close();
  }
});

test('a build that comes beside the programs of another one leaves no name: weir load exchanges all', { skip: skipReason() }, () => {
  const bed = openBed();
  try {
    bed.director.addService(service('tcp', IPv6.vip, 80, []).service);
    assert.deepEqual(builds(bed), [buildPin()], 'of the same build');
    ofAnother(bed);
    bed.director.addService(service('udp', IPv6.vip, 80, []).service);
    assert.equal(builds(bed).length, 1, 'it needs no other programs');
    bed.director.addService(service('sctp', IPv4.vip, 2905, []).service);
    assert.deepEqual(builds(bed), []);
    assert.ok(exchangeBuild());
    assert.deepEqual(builds(bed), [buildPin()]);
    assert.ok(!exchangeBuild(), 'there is nothing more to do');
    ofAnother(bed);
    openDirector({ capacity: { connBuckets: 8192 } }).close();
    assert.deepEqual(builds(bed), [buildPin()], 'all tables have got another size, by the programs of this build');
    ofAnother(bed);
    ensureXdp(bed.tables, assert.fail);
    assert.deepEqual(builds(bed), []);
  } finally {
    bed.close();
  }
});
