// What the programs know of an interface stands in a table by its number: interfaces whose numbers have the same place in it, as there are
// where containers come and go.

import assert from 'node:assert/strict';
import { Abi, Interface } from '../../src/datapath/ebpf/abi.gen.js';
import type { DatapathChange } from '../../src/datapath/ebpf/load/datapath-change.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { collectDatapath } from '../../src/doctor/collect/datapath.js';
import type { DatapathFacts } from '../../src/doctor/facts.js';
import { native } from '../../src/sys/addon.js';
import { using } from '../../src/sys/fd.js';
import { Netlink } from '../../src/sys/netlink/netlink.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { ip } from './namespace.js';

const skip = skipReason();
/** On the network of the servers: rp_filter 1 keeps it out in front. */
const STRANGER = '10.0.2.50';

/** With a service, whose clients come by `front`. */
function withBed(attach: 'tc' | 'xdp', use: (bed: Bed, front: number) => void): void {
  const bed = openBed({ attach });
  try {
    const { service: spec, destinations } = service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]);
    bed.director.addService(spec);
    for (const each of destinations) bed.director.addDestination(spec.key, each);
    use(bed, native().ifNameToIndex('front'));
  } finally {
    bed.close();
  }
}

let port = 40000;
/** What becomes of a new connection that comes by `front`, by XDP and tc. */
const meets = (bed: Bed, client: string, hook: 'ingress' | 'xdp'): string =>
  bed.send(hook, 'front', fromClient(tcp({ from: `${client}:${++port}`, to: `${VIP}:80` }, 'S'))).verdict;

/** In the table of `bed`, whose record stands at the first place of a number. */
const holder = ({ tables }: Bed, number: number): number => tables.interfaces.get(number % Abi.INTERFACES, Interface.ifindex);

/** The changes that a command reports about records. */
function changes(): readonly DatapathChange[] {
  const found: DatapathChange[] = [];
  openDirector({ report: (change) => found.push(change) }).close();
  return found.filter(({ kind }) => kind === 'recorded' || kind === 'unrecorded' || kind === 'detached');
}

for (const [attach, hook] of [
  ['tc', 'ingress'],
  ['xdp', 'xdp'],
] as const) {
  test(`${attach}: of two interfaces with the same place both have their record, whichever came first`, { skip }, () => {
    withBed(attach, (bed, front) => {
      ip([`link add late index ${front + Abi.INTERFACES} type veth peer name late-far`]);
      bed.settings.filterReversePath('front', 1);
      assert.equal(holder(bed, front), front);
      assert.deepEqual([meets(bed, CLIENT, hook), meets(bed, STRANGER, hook)], ['redirect', 'pass']);
      // As if the other one had come first.
      bed.tables.interfaces.set(front, Interface.ifindex, front + Abi.INTERFACES);
      bed.settings.filterReversePath('front', 1);
      assert.equal(holder(bed, front), front + Abi.INTERFACES);
      assert.deepEqual([meets(bed, CLIENT, hook), meets(bed, STRANGER, hook)], ['redirect', 'pass']);
      assert.deepEqual(bed.drops(), { reverse_path: 2 });
      ip(['link del late']);
      assert.deepEqual(changes(), []);
      assert.equal(holder(bed, front), 0, 'the record of the interface that went');
      bed.settings.filterReversePath('front', 0);
      assert.equal(meets(bed, STRANGER, hook), 'redirect');
    });
  });
}

const setOf = (number: number): number => Math.imul(number, Abi.INTERFACE_HASH) >>> Abi.INTERFACE_HASH_SHIFT;

/** Numbers with the same places as this one. */
function likeNumbers(number: number, count: number): readonly number[] {
  const found: number[] = [];
  for (let like = number + Abi.INTERFACES; found.length < count; like += Abi.INTERFACES)
    if (setOf(like) === setOf(number)) found.push(like);
  return found;
}

/** What doctor is given to know. */
const facts = (): DatapathFacts => using(new Netlink(), (netlink) => collectDatapath(netlink).facts);
const unrecorded = (): readonly string[] | undefined => facts().unrecorded;

/** Makes interfaces that have a number's places, until one of them finds none: its name. */
function takePlaces({ tables: { interfaces } }: Bed, number: number): string {
  const places = [...Array(Abi.INTERFACE_SET).keys()].map((k) => setOf(number) * Abi.INTERFACE_SET + k);
  const free = places.filter((place) => place > 0 && interfaces.get(place, Interface.ifindex) === 0).length;
  ip(likeNumbers(number, free + 1).map((like, k) => `link add like${k} index ${like} type veth peer name like${k}-far`));
  const [change, ...others] = changes();
  assert.ok(change?.kind === 'unrecorded' && change.covered);
  assert.deepEqual([others, unrecorded()], [[], [change.name]]);
  return change.name;
}

breadth('an interface that finds no place is known to be without, and the strictest rp_filter of such ones holds for it', { skip }, () => {
  withBed('tc', (bed, front) => {
    const { interfaces } = bed.tables;
    assert.deepEqual([changes(), unrecorded()], [[], []]);
    const last = takePlaces(bed, front);
    assert.equal(meets(bed, STRANGER, 'ingress'), 'redirect', 'the others have theirs');
    // As if that one had come before front.
    interfaces.set(front, Interface.ifindex, native().ifNameToIndex(last));
    bed.settings.filterReversePath('front', 1);
    assert.deepEqual(unrecorded(), ['front']);
    assert.deepEqual([meets(bed, CLIENT, 'ingress'), meets(bed, STRANGER, 'ingress')], ['redirect', 'pass']);
    bed.settings.filterReversePath('front', 0);
    assert.equal(meets(bed, STRANGER, 'ingress'), 'redirect');
    ip([`link del ${last}`]);
    assert.deepEqual([changes(), unrecorded()], [[], []]);
    assert.equal(holder(bed, front), front);
  });
});

breadth('a device without Ethernet headers that another build has attached, and that finds no place, is detached', { skip }, () => {
  withBed('tc', (bed) => {
    ip(['tuntap add mode tun dev tun9']);
    const number = native().ifNameToIndex('tun9');
    const attached = (): readonly string[] | undefined => facts().interfaces.find(({ name }) => name === 'tun9')?.attached;
    changes();
    assert.deepEqual([holder(bed, number), attached()], [number, ['ingress', 'egress']]);
    const last = takePlaces(bed, number);
    // As if that one had come before it.
    bed.tables.interfaces.set(number % Abi.INTERFACES, Interface.ifindex, native().ifNameToIndex(last));
    const due = facts().repairs?.filter((each) => 'name' in each && each.name === 'tun9');
    assert.deepEqual(due, [{ kind: 'record-missing', name: 'tun9' }]);
    const ofTunnel = changes().filter((change) => 'name' in change && change.name === 'tun9');
    assert.deepEqual(ofTunnel, [
      { kind: 'unrecorded', name: 'tun9', covered: false },
      { kind: 'detached', name: 'tun9', hook: 'ingress' },
      { kind: 'detached', name: 'tun9', hook: 'egress' },
    ]);
    assert.deepEqual([attached(), facts().repairs, unrecorded()], [[], [], ['tun9']]);
    ip([`link del ${last}`]);
    assert.deepEqual([changes(), attached()], [[], ['ingress', 'egress']]);
  });
});
