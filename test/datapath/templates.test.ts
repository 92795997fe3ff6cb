// Templates of persistent services over time, on several CPUs, in a full table, and through a change of the programs and tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Conf, Dest, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { clockOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { clockDifference, unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { type TakenTemplate, takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template, TemplateAbi } from '../../src/datapath/ebpf/template.gen.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { bedOf, rage, skipReasonOfStorms } from './storms.js';
import { checkTable } from './table-check.js';

const skip = skipReason();
const stormless = skipReasonOfStorms();
const key = serviceKey('tcp', VIP, 80);
const TIMEOUT_S = 300;
const HELD_S = TemplateAbi.TEMPLATE_HELD_SECONDS;
const HOST_MASK = 0xffffffff;

function setUp(bed: Bed, netmask = HOST_MASK): void {
  bed.director.addService({ ...service('tcp', VIP, 80, []).service, persistence: { timeout: TIMEOUT_S, netmask } });
  for (const server of SERVERS) bed.director.addDestination(key, destination(`${server}:80`, 'masq'));
}

const send = (bed: Bed, client: string, letters = 'S') => {
  const { verdict } = bed.send('ingress', 'front', fromClient(tcp({ from: client, to: `${VIP}:80` }, letters), '10.0.1.254'));
  assert.equal(verdict, 'redirect', `${letters} of ${client}`);
};

const templates = (bed: Bed): readonly TakenTemplate[] => [...takenTemplates(bed.tables)];

function onlyTemplate(bed: Bed): TakenTemplate {
  const found = templates(bed);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0] as TakenTemplate;
}

/** The one template's time has come. */
function expire(bed: Bed): void {
  const { conf } = bed.tables;
  const slots = bed.templates();
  const slot =
    Array.from({ length: slots.count }, (_, k) => k).find((k) => slots.big(k, Template.value) !== 0n) ?? assert.fail('no template');
  const value = slots.big(slot, Template.value);
  const past = BigInt((clockOf(bed.tables) - unitsOf(1, conf.get(0, Conf.hz))) >>> 0);
  assert.ok(slots.swapBig(slot, Template.value, value, (value & ~0xffffffffn) | past));
}

async function until(right: () => boolean, what: string): Promise<void> {
  for (let tries = 0; !right(); tries++) {
    assert.ok(tries < 1200, `not within a minute: ${what}`);
    await setTimeout(50);
  }
}

const secondsLeft = (bed: Bed): number => {
  const hz = bed.tables.conf.get(0, Conf.hz);
  return clockDifference(onlyTemplate(bed).expires, clockOf(bed.tables)) / unitsOf(1, hz);
};
const about = (seconds: number, expected: number): boolean => seconds > expected - 20 && seconds <= expected + 1;
const isHeld = (bed: Bed): boolean => !onlyTemplate(bed).asked && secondsLeft(bed) > 0;

async function inBed(work: (bed: Bed) => Promise<void> | void, bed: Bed = openBed()): Promise<void> {
  try {
    await work(bed);
  } finally {
    bed.close();
  }
}

test('one that no connection holds is removed when its time is over, and the client is scheduled again', { skip }, () =>
  inBed(async (bed) => {
    setUp(bed);
    send(bed, `${CLIENT}:4000`);
    const first = onlyTemplate(bed).dest;
    assert.ok(about(secondsLeft(bed), TIMEOUT_S), `${secondsLeft(bed)} s`);
    for (let word = 0, slots = bed.slots(); word < slots.count; word++) slots.clear(word); // the connection ended
    bed.tables.dests.set(first, Dest.active, 0);
    expire(bed);
    await until(() => templates(bed).length === 0, 'no template');
    assert.deepEqual([bed.tables.dests.get(first, Dest.persistent), bed.tables.conf.get(0, Conf.templatesLive)], [0, 0]);
    send(bed, `${CLIENT}:4001`);
    assert.notEqual(onlyTemplate(bed).dest, first, 'rr goes on');
    checkTable(bed);
  }),
);

test('one that connections hold lives on, a minute at a time from then on', { skip }, () =>
  inBed(async (bed) => {
    setUp(bed);
    send(bed, `${CLIENT}:4000`);
    const { dest } = onlyTemplate(bed);
    for (const round of [1, 2]) {
      expire(bed);
      await until(() => isHeld(bed), `held, round ${round}`);
      assert.ok(about(secondsLeft(bed), HELD_S), `round ${round}: ${secondsLeft(bed)} s`);
    }
    send(bed, `${CLIENT}:4001`);
    assert.ok(about(secondsLeft(bed), HELD_S), 'a new connection renews it for a minute, not for the time of the service');
    assert.equal(onlyTemplate(bed).dest, dest);
    assert.deepEqual(
      checkTable(bed).map(({ destination: id }) => id),
      [dest, dest],
    );
  }),
);

test('a connection of another client does not hold it', { skip }, () =>
  inBed(async (bed) => {
    setUp(bed);
    send(bed, '192.0.2.1:4000');
    expire(bed);
    for (let word = 0, slots = bed.slots(); word < slots.count; word++) slots.clear(word);
    bed.tables.dests.set(onlyTemplate(bed).dest, Dest.active, 0);
    send(bed, '192.0.2.2:4000');
    await until(() => templates(bed).length === 1, 'one template');
    assert.equal(templates(bed)[0]?.client, 0x020200c0, 'the other one');
    checkTable(bed);
  }),
);

test('a change of the mask meanwhile does not keep it for ever', { skip }, () =>
  inBed(async (bed) => {
    setUp(bed);
    send(bed, '192.0.2.1:4000');
    const spec = bed.director.service(key).spec;
    bed.director.editService({ ...spec, persistence: { timeout: TIMEOUT_S, netmask: 0xffffff00 } });
    expire(bed);
    await until(() => templates(bed).length === 0, 'no template, as the connection belongs to none of a host any more');
    checkTable(bed);
  }),
);

test('more clients than places: the table is bounded, and clients of established connections stay', { skip }, () =>
  inBed(
    (bed) => {
      setUp(bed);
      for (let k = 0; k < 20; k++) for (const letters of ['S', 'A']) send(bed, `192.0.2.${k + 1}:4000`, letters);
      const places = bed.templates().count;
      assert.equal(places, 128);
      for (let k = 0; k < 1000; k++) send(bed, `198.18.${k >> 8}.${k & 255}:4000`);
      const found = templates(bed);
      assert.ok(found.length > places * 0.9 && found.length <= places, `${found.length} of ${places}`);
      assert.equal(bed.drops()['template_replaced'], 1020 - found.length, 'each that gave way is counted');
      const assured = found.filter((each) => each.assured);
      assert.equal(assured.length, 20, 'of the clients whose connections were established, each is there');
      checkTable(bed);
    },
    openBed({ capacity: { connBuckets: 256 } }),
  ),
);

test('another size of the connection table, and other programs: each client goes where it went', { skip }, () =>
  inBed((bed) => {
    setUp(bed);
    const clients = Array.from({ length: 50 }, (_, k) => `192.0.2.${k + 1}`);
    for (const client of clients) send(bed, `${client}:4000`);
    const led = (): ReadonlyMap<number, number> => new Map(templates(bed).map(({ client, dest }) => [client, dest]));
    const before = led();
    assert.equal(before.size, clients.length);
    openDirector({ capacity: { connBuckets: 8192 } }).close();
    bed.renew();
    for (const client of clients) send(bed, `${client}:4001`);
    assert.deepEqual(led(), before);
    for (const { client, destination: id } of checkTable(bed)) assert.equal(id, before.get(swapped(client)), `${client}`);
  }),
);

test(
  'what a deleted service leaves: its templates keep the records of their destinations, and lead again when they come back',
  { skip },
  () =>
    inBed((bed) => {
      setUp(bed);
      send(bed, `${CLIENT}:4000`);
      const { dest } = onlyTemplate(bed);
      bed.director.deleteService(key);
      assert.equal(onlyTemplate(bed).dest, dest);
      setUp(bed);
      send(bed, `${CLIENT}:4001`);
      assert.equal(onlyTemplate(bed).dest, dest);
      assert.equal(bed.tables.services.get(1, Service.dests), SERVERS.length);
      checkTable(bed);
    }),
);

const swapped = (word: number): number => new DataView(Uint32Array.of(word).buffer).getUint32(0, false);

for (const kind of ['tc', 'xdp'] as const) {
  test(`${kind}: each client has one, and its connections go there`, { skip: stormless }, () =>
    inBed(
      async (bed) => {
        setUp(bed);
        await rage(bed, { kind, flows: 2500, packets: 8000, letters: ['S', 'S', 'A'] }, () => {});
        const slots = checkTable(bed);
        const led = new Map(templates(bed).map(({ client, dest }) => [swapped(client), dest]));
        assert.equal(led.size, 64);
        const elsewhere = slots.filter(({ client, destination: id }) => led.get(client) !== id);
        // Two CPUs may schedule a client's first two connections at the same time, as in the kernel.
        const strays = new Set(elsewhere.map(({ client }) => client));
        assert.equal(strays.size, elsewhere.length, 'one at most of each client');
        assert.ok(slots.length > 2000, `${slots.length} connections`);
      },
      bedOf(kind, 1024),
    ),
  );
}

test('servers that come and go meanwhile: every template is counted once', { skip: stormless }, () =>
  inBed(
    async (bed) => {
      setUp(bed);
      let turn = 0;
      await rage(bed, { kind: 'tc', flows: 700, packets: 8000, letters: ['S', 'S', 'A', 'FA', 'RA'] }, () => {
        const server = destination(`${SERVERS[turn % 3] ?? ''}:80`, 'masq', turn % 5);
        const there = bed.director.service(key).destinations.length === 3;
        if (there) bed.director.deleteDestination(key, server);
        else bed.director.addDestination(key, server);
        if (!there) turn += 1;
      });
      checkTable(bed);
    },
    bedOf('tc', 256),
  ),
);
