// Templates of persistent services over time, on several CPUs, in a full table, and through a change of the programs and tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Conf, Dest, Service } from '../../src/datapath/ebpf/abi.gen.js';
import { Template6 } from '../../src/datapath/ebpf/abi6.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { clockOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { clockDifference, unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { packetWords } from '../../src/datapath/ebpf/table/record-address.js';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { type TakenTemplate, takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template, TemplateAbi } from '../../src/datapath/ebpf/template.gen.js';
import { formatAddress } from '../../src/model/address-text.js';
import type { DestinationKey } from '../../src/model/service.js';
import { Records } from '../../src/sys/bpf/records.js';
import { until } from '../support/until.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { ip, SERVERS } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { inKeptBed } from './kept-bed.js';
import { bedOf, rage, skipReasonOfStorms } from './storms.js';
import { checkTable, checkTemplates } from './table-check.js';

const skip = skipReason();
const stormless = skipReasonOfStorms();
const TIMEOUT_S = 300;
const HELD_S = TemplateAbi.TEMPLATE_HELD_SECONDS;

const keyOf = ({ vip }: Family) => serviceKey('tcp', vip, 80);
const pinsOf = ({ name }: Family): { readonly conns: string; readonly templates: string } =>
  name === 'IPv4' ? { conns: 'conns', templates: 'templates' } : IPV6_PINS;
const templateBytesOf = ({ name }: Family): number => (name === 'IPv4' ? Template : Template6).bytes;

function setUp(bed: Bed, family: Family, netmask = family.hostMask, servers: readonly string[] = family.servers): void {
  const { service: spec } = service('tcp', family.vip, 80, []);
  bed.director.addService({ ...spec, persistence: { timeout: TIMEOUT_S, netmask } });
  for (const server of servers) bed.director.addDestination(spec.key, destination(family.at(server, 80), 'masq'));
}

const send = (bed: Bed, family: Family, client: string, port = 4000, letters = 'S') => {
  const packet = family.tcp({ from: family.at(client, port), to: family.at(family.vip, 80) }, letters);
  const { verdict } = bed.send('ingress', 'front', family.fromClient(packet, client));
  assert.equal(verdict, 'redirect', `${letters} of ${client}`);
};

const templates = (bed: Bed): readonly TakenTemplate[] => [...takenTemplates(bed.tables)];

function onlyTemplate(bed: Bed): TakenTemplate {
  const found = templates(bed);
  assert.equal(found.length, 1, JSON.stringify(found));
  return found[0] as TakenTemplate;
}

const slotsOf = (bed: Bed, family: Family): Records => new Records(bed.memoryOf(pinsOf(family).templates), templateBytesOf(family));

/** The one template's time has come. */
function expire(bed: Bed, family: Family): void {
  const { conf } = bed.tables;
  const slots = slotsOf(bed, family);
  const slot =
    Array.from({ length: slots.count }, (_, k) => k).find((k) => slots.big(k, Template.value) !== 0n) ?? assert.fail('no template');
  const value = slots.big(slot, Template.value);
  const past = BigInt((clockOf(bed.tables) - unitsOf(1, conf.get(0, Conf.hz))) >>> 0);
  assert.ok(slots.swapBig(slot, Template.value, value, (value & ~0xffffffffn) | past));
}

/** The connections ended, all of them to this destination. */
function endConnections(bed: Bed, family: Family, dest: number): void {
  new Uint8Array(bed.memoryOf(pinsOf(family).conns)).fill(0);
  bed.tables.dests.set(dest, Dest.active, 0);
}

/** At rest. IPv4: the destinations of the connections, too. */
function check(bed: Bed, { name }: Family): readonly number[] {
  if (name === 'IPv4') return checkTable(bed).map((slot) => slot.destination);
  checkTemplates(bed);
  return [];
}

/** As a listing has them: the server of each client's template; how many connections there are; and the clients of those to another server. */
function listed(bed: Bed) {
  const all = [...bed.director.connections()];
  const text = ({ address }: DestinationKey): string => formatAddress(address);
  const led = new Map(all.filter(({ client }) => client.port === 0).map((each) => [text(each.client), text(each.destination)]));
  const connections = all.filter(({ client }) => client.port !== 0);
  const strays = connections.filter((each) => led.get(text(each.client)) !== text(each.destination)).map((each) => text(each.client));
  return { led, connections: connections.length, strays };
}

const secondsLeft = (bed: Bed): number => {
  const hz = bed.tables.conf.get(0, Conf.hz);
  return clockDifference(onlyTemplate(bed).expires, clockOf(bed.tables)) / unitsOf(1, hz);
};
const about = (seconds: number, expected: number): boolean => seconds > expected - 20 && seconds <= expected + 1;
const isHeld = (bed: Bed): boolean => !onlyTemplate(bed).asked && secondsLeft(bed) > 0;

for (const family of [IPv4, IPv6]) {
  const { name, client } = family;

  test(`${name}: one that no connection holds is removed when its time is over, and the client is scheduled again`, { skip }, () =>
    inKeptBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, client);
      const first = onlyTemplate(bed).dest;
      assert.ok(about(secondsLeft(bed), TIMEOUT_S), `${secondsLeft(bed)} s`);
      endConnections(bed, family, first);
      expire(bed, family);
      await until(() => templates(bed).length === 0, 'no template');
      assert.deepEqual([bed.tables.dests.get(first, Dest.persistent), bed.tables.conf.get(0, Conf.templatesLive)], [0, 0]);
      send(bed, family, client, 4001);
      assert.notEqual(onlyTemplate(bed).dest, first, 'rr goes on');
      check(bed, family);
    }),
  );

  test(`${name}: one that connections hold lives on, a minute at a time from then on`, { skip }, () =>
    inKeptBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, client);
      const { dest } = onlyTemplate(bed);
      for (const round of [1, 2]) {
        expire(bed, family);
        await until(() => isHeld(bed), `held, round ${round}`);
        assert.ok(about(secondsLeft(bed), HELD_S), `round ${round}: ${secondsLeft(bed)} s`);
      }
      send(bed, family, client, 4001);
      assert.ok(about(secondsLeft(bed), HELD_S), 'a new connection renews it for a minute, not for the time of the service');
      assert.equal(onlyTemplate(bed).dest, dest);
      assert.equal(bed.tables.dests.get(dest, Dest.active), 2);
      assert.deepEqual(check(bed, family), name === 'IPv4' ? [dest, dest] : []);
    }),
  );

  test(`${name}: a connection of another client does not hold it`, { skip }, () =>
    inKeptBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, family.farClient);
      expire(bed, family);
      endConnections(bed, family, onlyTemplate(bed).dest);
      send(bed, family, family.nearFarClient);
      await until(() => templates(bed).length === 1, 'one template');
      assert.deepEqual(templates(bed)[0]?.client, packetWords(ip(family.nearFarClient)), 'the other one');
      check(bed, family);
    }),
  );

  test(`${name}: a change of the mask meanwhile does not keep it for ever`, { skip }, () =>
    inKeptBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, family.farClient);
      const { spec } = bed.director.service(keyOf(family));
      bed.director.editService({ ...spec, persistence: { timeout: TIMEOUT_S, netmask: family.networkMask } });
      expire(bed, family);
      await until(() => templates(bed).length === 0, 'no template, as the connection belongs to none of a host any more');
      check(bed, family);
    }),
  );

  test(
    `${name}: what a deleted service leaves: its templates keep the records of their destinations, and lead again when they come back`,
    { skip },
    () =>
      inKeptBed((bed) => {
        setUp(bed, family);
        send(bed, family, client);
        const { dest } = onlyTemplate(bed);
        bed.director.deleteService(keyOf(family));
        assert.equal(onlyTemplate(bed).dest, dest);
        setUp(bed, family);
        send(bed, family, client, 4001);
        assert.equal(onlyTemplate(bed).dest, dest);
        assert.equal(bed.tables.services.get(1, Service.dests), family.servers.length);
        check(bed, family);
      }),
  );

  test(`${name}: more clients than places: the table is bounded, and clients of established connections stay`, { skip }, () =>
    inBed(
      (bed) => {
        setUp(bed, family);
        for (let k = 1; k <= 20; k++) for (const letters of ['S', 'A']) send(bed, family, family.manyClients(k), 4000, letters);
        const places = slotsOf(bed, family).count;
        assert.equal(places, 128);
        for (let k = 1; k <= 1000; k++) send(bed, family, family.manyClients(k + 20));
        const found = templates(bed);
        assert.ok(found.length > places * 0.9 && found.length <= places, `${found.length} of ${places}`);
        assert.equal(bed.drops()['template_replaced'], 1020 - found.length, 'each that gave way is counted');
        const assured = found.filter((each) => each.assured);
        assert.equal(assured.length, 20, 'of the clients whose connections were established, each is there');
        check(bed, family);
      },
      openBed({ capacity: { connBuckets: 256 } }),
    ),
  );

  test(`${name}: another size of the connection table, and other programs: each client goes where it went`, { skip }, () =>
    inBed((bed) => {
      setUp(bed, family);
      const clients = Array.from({ length: 50 }, (_, k) => family.manyClients(k + 1));
      for (const each of clients) send(bed, family, each);
      const before = listed(bed).led;
      assert.equal(before.size, clients.length);
      openDirector({ capacity: { connBuckets: 8192 } }).close();
      bed.renew();
      for (const each of clients) send(bed, family, each, 4001);
      assert.deepEqual(listed(bed), { led: before, connections: 2 * clients.length, strays: [] });
      check(bed, family);
    }),
  );
}

for (const [kind, family] of [
  ['tc', IPv4],
  ['xdp', IPv4],
  ['tc', IPv6],
] as const) {
  test(`${family.name} by ${kind}: each client has one, and its connections go there`, { skip: stormless }, () =>
    inBed(
      async (bed) => {
        setUp(bed, family);
        await rage(bed, { kind, flows: 2500, packets: 8000, letters: ['S', 'S', 'A'], vip: family.vip }, () => {});
        check(bed, family);
        const { led, connections, strays } = listed(bed);
        assert.equal(led.size, 64);
        // Two CPUs may schedule a client's first two connections at the same time, as in the kernel.
        assert.equal(new Set(strays).size, strays.length, 'one at most of each client');
        assert.ok(connections > 2000, `${connections} connections`);
      },
      bedOf(kind, family.name === 'IPv4' ? 1024 : 2048),
    ),
  );
}

test('servers that come and go meanwhile: every template is counted once', { skip: stormless }, () =>
  inBed(
    async (bed) => {
      setUp(bed, IPv4, IPv4.hostMask, SERVERS);
      const key = keyOf(IPv4);
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
