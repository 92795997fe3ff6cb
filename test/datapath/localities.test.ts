// The localities of lblc and lblcr: long sets, what the timer removes, how long they keep a deleted destination's record, two CPUs.

import assert from 'node:assert/strict';
import { setTimeout } from 'node:timers/promises';
import { Conf, Dest, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { Locality, LocalityAbi, LocalityKey } from '../../src/datapath/ebpf/locality.gen.js';
import { Records } from '../../src/sys/bpf/records.js';
import { breadth, test } from '../support/breadth.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { addressOf, key, Mirror } from './service-mirror.js';
import { bedOf, rage, setUp, skipReasonOfStorms } from './storms.js';

const skip = skipReason();
const DAY = { flags: 0, expiration: 86_400 };
/** Ticks of the timer between two checks, and between two full ones. */
const [CHECK, FULL_CHECK] = [600n, 18_000n];

interface Known {
  readonly part: number;
  readonly size: number;
  /** Destinations' numbers, in the order in which they joined, in this part. */
  readonly members: readonly number[];
}

function known({ localities }: Bed): readonly Known[] {
  return [...localities.keys()].map((bytes) => {
    const value = new Uint8Array(Locality.bytes);
    assert.ok(localities.lookup(bytes, value));
    const [entry, found] = [new Records(bytes.slice().buffer, LocalityKey.bytes), new Records(value.buffer, Locality.bytes)];
    const [part, size] = [entry.get(0, LocalityKey.part), found.get(0, Locality.size)];
    const members = Array.from({ length: LocalityAbi.LOCALITY_MEMBERS }, (_, k) => found.get(0, Locality.member, k));
    return { part, size, members };
  });
}

const open = (bed: Bed, port: number, vip: string = VIP): boolean =>
  bed.send('ingress', 'front', fromClient(tcp({ from: `10.0.1.10:${port}`, to: `${vip}:80` }, 'S'))).verdict === 'redirect';

/** The timer's next check: a tick is 100 ms, so the count of ticks is set to shortly before it. */
async function checked(bed: Bed, period: bigint): Promise<void> {
  const { conf } = bed.tables;
  const next = (conf.big(0, Conf.ticks) / period + 1n) * period;
  for (;;) {
    const now = conf.big(0, Conf.ticks);
    if (now >= next) return;
    // A tick that is counted at this moment may overwrite it.
    if (now < next - 2n) conf.setBig(0, Conf.ticks, next - 2n);
    await setTimeout(50);
  }
}

/** The check that has begun removes every locality, and what counts them follows. */
async function gone(bed: Bed, counted: () => boolean, what: string): Promise<void> {
  for (let tries = 0; known(bed).length > 0 || !counted(); tries++) {
    assert.ok(tries < 1200, `not within a minute: ${what}`);
    await setTimeout(50);
  }
}

test('a set of more servers than one element holds: picks and changes as in TypeScript', { skip }, () =>
  inBed((bed) => {
    for (const expiration of [DAY.expiration, -1]) {
      bed.wipe();
      const mirror = new Mirror(bed, 'lblcr', { flags: 0, expiration: DAY.expiration });
      for (let server = 0; server < 70; server++) mirror.add(1);
      for (let connection = 0; connection < 250; connection++) mirror.open(10 + (connection % 50));
      assert.equal(known(bed).length, 3, '70 servers in parts of 32');
      mirror.expire(expiration);
      for (let connection = 0; connection < 100; connection++) mirror.open(10 + (connection % 50));
      mirror.check();
      const [first] = known(bed).filter(({ part }) => part === 0);
      assert.equal(first?.size, expiration < 0 ? 1 : 70);
    }
  }),
);

test('each service has localities of its own, and another scheduler begins them again', { skip }, () =>
  inBed((bed) => {
    const udp = serviceKey('udp', VIP, 80);
    for (const protocol of ['tcp', 'udp'] as const) bed.director.addService(service(protocol, VIP, 80, [], 'lblc').service);
    for (const each of [key, udp]) bed.director.addDestination(each, destination(`${SERVERS[0] ?? ''}:80`, 'masq'));
    assert.ok(open(bed, 1024));
    assert.equal(known(bed).length, 1);
    const started = (): number => bed.tables.services.get(1, Service.started);
    const before = started();
    bed.director.editService(service('tcp', VIP, 80, [], 'lblc').service);
    assert.equal(started(), before, 'the same scheduler again');
    bed.director.editService(service('tcp', VIP, 80, [], 'lblcr').service);
    assert.notEqual(started(), before);
    assert.ok(open(bed, 1025));
    assert.equal(known(bed).length, 2, 'the old one waits for the timer');
  }),
);

breadth('the timer removes what belongs to no service any more, and what was unused for the setting’s time', { skip }, () =>
  inBed(async (bed) => {
    const { dests } = bed.tables;
    const named = (): number => dests.get(1, Dest.localities);
    const begin = (scheduler: string): void => {
      bed.director.addService(service('tcp', VIP, 80, [], scheduler).service);
      bed.director.addDestination(key, destination(`${SERVERS[0] ?? ''}:80`, 'masq'));
    };
    begin('lblc');
    assert.ok(open(bed, 1024));
    assert.deepEqual([known(bed).length, named()], [1, 1]);
    await checked(bed, FULL_CHECK);
    await checked(bed, CHECK);
    assert.deepEqual([known(bed).length, named()], [1, 1], 'in use');
    bed.director.deleteService(key);
    await checked(bed, CHECK);
    await gone(bed, () => named() === 0, 'the service is gone');
    for (const [scheduler, other] of [
      ['lblc', 'lblcr'],
      ['lblcr', 'lblc'],
    ] as const) {
      begin(scheduler);
      assert.ok(open(bed, scheduler === 'lblc' ? 1025 : 1026));
      bed.director.setSysctl(`${other}_expiration`, '0');
      await checked(bed, FULL_CHECK);
      assert.deepEqual([known(bed).length, named()], [1, 1], 'the setting of the other scheduler');
      bed.director.setSysctl(`${scheduler}_expiration`, '0');
      await checked(bed, CHECK);
      await setTimeout(150);
      assert.equal(known(bed).length, 1, 'no full check');
      await checked(bed, FULL_CHECK);
      await gone(bed, () => named() === 0, 'unused for too long');
      bed.director.setSysctl(`${scheduler}_expiration`, '86400');
      bed.director.setSysctl(`${other}_expiration`, '86400');
      bed.director.deleteService(key);
    }
  }),
);

breadth('the record of a deleted destination stays as long as a locality names it', { skip }, () =>
  inBed(
    async (bed) => {
      const { dests } = bed.tables;
      bed.director.addService(service('tcp', VIP, 80, [], 'lblcr').service);
      const server = (n: number) => destination(`${addressOf(n)}:80`, 'masq');
      bed.director.addDestination(key, server(0));
      assert.ok(open(bed, 1024));
      for (let n = 1; n < 15; n++) bed.director.addDestination(key, server(n));
      bed.director.deleteDestination(key, server(0));
      // As if its connection had ended long ago.
      for (const field of [Dest.active, Dest.inactive]) dests.set(1, field, 0);
      dests.set(1, Dest.idleSince, (dests.get(1, Dest.idleSince) - 100_000) >>> 0);
      assert.throws(() => bed.director.addDestination(key, server(15)), /more than 15 destinations/);
      bed.director.editService(service('tcp', VIP, 80, [], 'rr').service);
      await checked(bed, CHECK);
      await gone(bed, () => dests.get(1, Dest.localities) === 0, 'nothing names it');
      bed.director.addDestination(key, server(15));
    },
    openBed({ capacity: { maxDestinations: 16 } }),
  ),
);

test('without room for its locality a connection goes where wlc sends it', { skip }, () =>
  inBed((bed) => {
    const { maxEntries } = bed.localities.info();
    const filler = new Records(new ArrayBuffer(LocalityKey.bytes), LocalityKey.bytes);
    for (let n = 0; n < maxEntries; n++) {
      filler.set(0, LocalityKey.addr, n);
      bed.localities.update(new Uint8Array(filler.memory), new Uint8Array(Locality.bytes));
    }
    setUp(bed, 'lblc');
    for (let port = 1024; port < 1030; port++) assert.ok(open(bed, port));
    const actives = bed.director.service(key).destinations.map(({ active }) => active);
    assert.deepEqual(actives, [2, 2, 2]);
  }),
);

breadth(
  'two CPUs at the same time leave sets whole, and every destination knows how many name it',
  {
    skip: skipReasonOfStorms(),
  },
  async () => {
    const bed = bedOf('tc', 4096);
    try {
      bed.director.setSysctl('lblcr_expiration', '-1');
      setUp(bed, 'lblcr');
      let turn = 0;
      await rage(bed, { kind: 'tc', flows: 1500, packets: 10_000, letters: ['S', 'S', 'A', 'FA', 'RA'] }, () => {
        turn++;
        bed.director.editDestination(key, destination(`${SERVERS[turn % 3] ?? ''}:80`, 'masq', turn % 4));
        if (turn % 16 === 0) bed.director.editService(service('tcp', VIP, 80, [], turn % 32 === 0 ? 'lblcr' : 'lblc').service);
      });
      const named = new Map<number, number>();
      for (const { size, members } of known(bed)) {
        assert.ok(size >= 1 && size <= 3, `${size} members of three servers`);
        const own = members.slice(0, size);
        assert.equal(new Set(own).size, size, `a server twice: ${own.join()}`);
        for (const id of own) named.set(id, (named.get(id) ?? 0) + 1);
      }
      for (const id of [1, 2, 3]) assert.equal(bed.tables.dests.get(id, Dest.localities), named.get(id) ?? 0, `destination ${id}`);
      bed.director.flush();
      await checked(bed, CHECK);
      await gone(bed, () => [1, 2, 3].every((id) => bed.tables.dests.get(id, Dest.localities) === 0), 'all are removed');
    } finally {
      bed.close();
    }
  },
);
