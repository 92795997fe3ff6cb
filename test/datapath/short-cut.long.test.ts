// The short cut of IPv6: it is there where XDP and an IPv6 service are, whichever came first, and not while its table moves.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetBuild } from '../../src/datapath/ebpf/load/build-pin.js';
import { exchangeBuild, openDirector } from '../../src/datapath/ebpf/open.js';
import { IPV6_PINS, IPV6_XDP_ENTRY_PIN } from '../../src/datapath/ebpf/table/tables.js';
import { BpfMap } from '../../src/sys/bpf/bpf-objects.js';
import { using } from '../../src/sys/fd.js';
import { Death } from '../support/replaced.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { Flows, moveSlowly, SIDE_KINDS, settled } from './side-moves.js';

const skip = skipReason();
const SIX = SIDE_KINDS.find(({ label }) => label === 'IPv6') ?? assert.fail('no kind of IPv6');
const SIX_TABLE = IPV6_PINS.conns;
const [SERVER] = IPv6.servers;

function inBed(attach: 'tc' | 'xdp', work: (bed: Bed) => void): void {
  const bed = openBed({ attach, capacity: { connBuckets: 512 } });
  try {
    work(bed);
  } finally {
    bed.close();
  }
}

const isEntered = (bed: Bed): boolean =>
  using(BpfMap.pinned(`${bed.folder}/${IPV6_XDP_ENTRY_PIN}`), (map) => map.lookup(new Uint8Array(4), new Uint8Array(4)));

function addService(bed: Bed): void {
  const { service: spec } = service('tcp', IPv6.vip, 80, []);
  bed.director.addService(spec);
  bed.director.addDestination(spec.key, destination(IPv6.at(SERVER, 8080), 'masq'));
}

/** What XDP does with the packet of a client, and with its answer. */
function asks(bed: Bed, port: number, letters: string): string {
  const packet = IPv6.tcp({ from: IPv6.at(IPv6.client, port), to: IPv6.at(IPv6.vip, 80) }, letters);
  return bed.sendXdp('front', IPv6.fromClient(packet, IPv6.client)).verdict;
}
function answers(bed: Bed, port: number, letters: string): string {
  const packet = IPv6.tcp({ from: IPv6.at(SERVER, 8080), to: IPv6.at(IPv6.client, port) }, letters);
  return bed.sendXdp('back', IPv6.fromServer(packet, SERVER)).verdict;
}

/** A connection by XDP alone. */
function connects(bed: Bed, port: number): void {
  const before = bed.totals();
  const verdicts = [asks(bed, port, 'S'), answers(bed, port, 'SA'), asks(bed, port, 'A'), answers(bed, port, 'A')];
  assert.deepEqual(verdicts, ['redirect', 'redirect', 'redirect', 'redirect']);
  const { conns, inPackets, outPackets } = bed.totals();
  assert.deepEqual([conns - before.conns, inPackets - before.inPackets, outPackets - before.outPackets], [1, 2, 2]);
}

test('XDP first, then an IPv6 service', { skip }, () =>
  inBed('xdp', (bed) => {
    assert.equal(asks(bed, 4000, 'S'), 'pass');
    bed.director.addService(service('tcp', '10.0.1.100', 80, []).service);
    assert.ok(!isEntered(bed), 'without an IPv6 service it is not loaded');
    addService(bed);
    assert.ok(isEntered(bed));
    connects(bed, 4001);
    assert.deepEqual(bed.drops(), {});
  }),
);

test('an IPv6 service first, then XDP', { skip }, () =>
  inBed('tc', (bed) => {
    addService(bed);
    assert.ok(!isEntered(bed), 'without XDP it is not loaded');
    openDirector({ attach: 'xdp' }).close();
    connects(bed, 4001);
  }),
);

test('it is exchanged with the others, and goes on when the table of the links gets another size', { skip }, () =>
  inBed('xdp', (bed) => {
    addService(bed);
    connects(bed, 4001);
    forgetBuild(bed.folder);
    assert.equal(exchangeBuild(), true);
    bed.renew();
    connects(bed, 4002);
    openDirector({ capacity: { connBuckets: 1024 } }).close();
    bed.renew();
    connects(bed, 4003);
    for (const port of [4001, 4002]) assert.deepEqual([asks(bed, port, 'A'), answers(bed, port, 'A')], ['redirect', 'redirect']);
    assert.deepEqual(bed.drops(), {});
  }),
);

test('while its table moves, XDP leaves IPv6 to tc: also after the command was killed, until the next one', { skip }, () =>
  inBed('xdp', (bed) => {
    const flows = new Flows(bed, SIX, 'xdp');
    flows.open(20);
    const known = (): string => asks(bed, 1024, 'A');
    assert.equal(known(), 'redirect');
    const passes = (): void => {
      assert.ok(!isEntered(bed));
      assert.equal(known(), 'pass');
      flows.goOn();
    };
    moveSlowly(bed, SIX, 1024, { first: passes, half: passes });
    settled(bed, SIX_TABLE, 1024);
    assert.equal(known(), 'redirect');
    const dies = (): never => {
      throw new Death();
    };
    assert.throws(() => moveSlowly(bed, SIX, 2048, { first: passes, half: dies }), Death);
    passes();
    openDirector().close();
    bed.renew();
    settled(bed, SIX_TABLE, 2048);
    assert.ok(isEntered(bed));
    assert.equal(known(), 'redirect');
    flows.goOn();
    flows.check();
    assert.throws(() => moveSlowly(bed, SIX, 512, { first: dies, half: dies }), Death);
    settled(bed, SIX_TABLE, 2048);
    assert.equal(known(), 'redirect', 'nothing had moved: it was taken back');
  }),
);
