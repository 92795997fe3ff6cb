// First packets of new connections that are held back: by both hooks and families, what goes on instead, and how one comes in again.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { HoldBack } from '../../src/daemon/sync/stream/hold-back.js';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { type HeldFrame, HeldPackets, LEASE_MS } from '../../src/datapath/ebpf/sync/held-packets.js';
import { native } from '../../src/sys/addon.js';
import { until } from '../support/until.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { subjectOf } from './fixture-subject.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, type Fixture, type Setup, service } from './fixtures/fixture.js';
import { look, prepare } from './fixtures/play-fixture.js';
import { sameFrame } from './verdict.js';

/** More than the ring has room for. */
const FLOOD = 200;

function worldOf({ name, at, client, vip, servers, tcp, udp, fromClient, toServer }: Family) {
  const [server] = servers;
  const setup: readonly Setup[] = [
    service('tcp', vip, 80, [destination(at(server, 80), 'masq')]),
    service('udp', vip, 53, [destination(at(server, 53), 'masq')]),
  ];
  const ends = (port: number, to: number) => ({ from: at(client, port), to: at(vip, to) });
  return {
    ...{ name, setup, client, server },
    came: (letters: string, port = 40000) => fromClient(tcp(ends(port, 80), letters), client),
    datagram: (port = 40000) => fromClient(udp(ends(port, 53)), client),
    onward: (letters: string, port = 40000) => toServer(tcp({ from: at(client, port), to: at(server, 80) }, letters, 63), server),
    connection: (state: string) => [{ client: at(client, 40000), virtual: at(vip, 80), destination: at(server, 80), state }],
  };
}

type World = ReturnType<typeof worldOf>;

/** Where a director holds packets back: its programs, and what stands in the ring. */
class HoldBed {
  readonly packets: HeldPackets;

  constructor(
    readonly bed: Bed,
    readonly setup: readonly Setup[],
    readonly shortCut: boolean,
  ) {
    bed.wipe();
    prepare(subjectOf(bed, shortCut), { setup } as unknown as Fixture);
    this.packets = new HeldPackets(bed.folder);
    this.packets.renew();
  }

  send(frame: Uint8Array, rest: { readonly gso?: Fixture['gso'] } = {}) {
    return this.bed.send(this.shortCut && rest.gso === undefined ? 'xdp' : 'ingress', 'front', frame, rest.gso ?? {});
  }

  held(): readonly HeldFrame[] {
    const all: HeldFrame[] = [];
    this.packets.take((each) => all.push(each));
    return all;
  }

  look(after: Parameters<typeof look>[1]): void {
    look(subjectOf(this.bed, this.shortCut), after);
  }

  close(): void {
    this.held();
    this.packets.end();
    this.packets.close();
  }
}

let bed: Bed;
before(() => {
  if (skipReason() === false) bed = openBed({ attach: 'tc' });
});
after(() => {
  if (skipReason() === false) bed.close();
});

function standsInTheRing(one: HoldBed, { came, onward, connection }: World): void {
  assert.equal(one.send(came('S')).verdict, 'drop');
  one.look({ connections: connection('SYN_RECV'), drops: { held: 1 } });
  const [held, ...more] = one.held();
  assert.ok(held !== undefined && more.length === 0);
  sameFrame(held.frame, came('S'), 'what is held back');
  assert.equal(held.ifindex, native().ifNameToIndex('front'));
  assert.equal(bed.totals().inPackets, 0);
  const again = one.send(came('S'));
  assert.equal(again.verdict, 'redirect');
  sameFrame(again.frame, onward('S'), 'what comes again');
  one.look({ connections: connection('SYN_RECV'), drops: { held: 1 } });
  assert.deepEqual([bed.totals().conns, bed.totals().inPackets], [1, 1]);
}

function comesInAgain(one: HoldBed, { came, datagram }: World): void {
  one.send(came('S'));
  one.send(datagram());
  const held = one.held();
  assert.equal(held.length, 2);
  for (const each of held) one.packets.release(each);
  assert.equal(one.packets.failed, 0);
  one.look({ drops: { held: 2 } });
  assert.deepEqual([bed.totals().conns, bed.totals().inPackets], [2, 2]);
  one.packets.release({ ifindex: 99_999, frame: came('S') });
  assert.equal(one.packets.failed, 1, 'its device is gone');
}

function isTooLarge(one: HoldBed, { datagram }: World): void {
  assert.equal(one.send(datagram(), { gso: { gsoSize: 8, gsoSegments: 2 } }).verdict, 'redirect');
  one.look({ drops: { hold_unfit: 1 } });
  assert.deepEqual(one.held(), []);
}

function fillsTheRing(one: HoldBed, { came }: World): void {
  const sent = Array.from({ length: FLOOD }, (_, k) => {
    const began = performance.now();
    one.packets.renew();
    const { verdict } = one.send(came('S', 20_000 + k));
    return { verdict, isTimely: performance.now() - began < LEASE_MS };
  });
  const held = sent.filter(({ verdict }) => verdict === 'drop').length;
  assert.ok(held > 100 && held < FLOOD, `${held} were held back`);
  // Where the machine took this process away between both, none was asked for any more.
  const late = sent.filter(({ verdict, isTimely }) => verdict !== 'drop' && !isTimely).length;
  const full = bed.drops()['hold_full'] ?? 0;
  assert.ok(full <= FLOOD - held && full >= FLOOD - held - late, `${full} found the ring full, ${late} of ${FLOOD} came late`);
  one.look({ drops: { held, hold_full: full } });
  assert.equal(one.held().length, held);
  one.packets.renew();
  assert.equal(one.send(came('S', 30_000)).verdict, 'drop', 'there is room again');
}

/** What the process of a stream does. Its clock stands still but for what is set. */
async function isTooOld(one: HoldBed, { came }: World): Promise<void> {
  let now = 1000;
  const peer = { knownUntil: Number.NEGATIVE_INFINITY, hurry: () => {} };
  one.send(came('S'));
  const hold = new HoldBack({ boundMs: 10, folder: () => one.bed.folder, peers: () => [peer], now: () => now, log: assert.fail });
  try {
    assert.equal(hold.counts.failed, 1, 'it was there before the process');
    await delay(LEASE_MS);
    assert.equal(one.send(came('S', 40001)).verdict, 'drop', 'it asks for packets');
    now += 2000;
    await delay(LEASE_MS);
    assert.equal(hold.counts.failed, 2, 'it came before a pause of the process');
    assert.equal(one.send(came('S', 40002)).verdict, 'drop');
    await delay(LEASE_MS);
    now += 10;
    hold.look();
    const { failed, held, released } = hold.counts;
    assert.deepEqual([failed, held, released.bound], [2, 1, 1]);
  } finally {
    hold.stop();
  }
  one.look({ drops: { held: 3 } });
  assert.deepEqual([bed.totals().conns, bed.totals().inPackets], [3, 1]);
}

async function isNotRenewed(one: HoldBed, { came }: World): Promise<void> {
  await delay(LEASE_MS + 5);
  assert.equal(one.send(came('S')).verdict, 'redirect');
  assert.deepEqual(one.held(), []);
  await until(() => bed.tables.conf.get(0, Conf.holdUntil) === 0, 'the timer ends it');
}

const TESTS: Readonly<Record<string, (one: HoldBed, world: World) => void | Promise<void>>> = {
  'a SYN stands in the ring as it came, with its connection in the table; the same one once more goes on': standsInTheRing,
  'what is let in again goes on by its connection': comesInAgain,
  'a large packet, which its device will cut, is not held back': isTooLarge,
  'a full ring holds nothing more back: new connections go on': fillsTheRing,
  'what stood in the ring before the process began, or for a second, does not go on': isTooOld,
  'where the process asks no more, nothing is held back, and the timer ends it': isNotRenewed,
};

for (const shortCut of [false, true])
  for (const family of [IPv4, IPv6])
    describe(`${family.name} by ${shortCut ? 'XDP, and tc behind it' : 'tc'}`, { skip: skipReason() }, () => {
      const world = worldOf(family);
      before(() => bed.attach(shortCut ? 'xdp' : 'tc'));
      for (const [name, meet] of Object.entries(TESTS))
        test(name, async () => {
          const one = new HoldBed(bed, world.setup, shortCut);
          try {
            await meet(one, world);
          } finally {
            one.close();
          }
        });
    });
