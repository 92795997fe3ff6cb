// Templates of calls (--pe sip) over time, in a full table, and through a change of the programs and tables.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AddressFamily, Conf, Dest } from '../../src/datapath/ebpf/abi.gen.js';
import { Template6 } from '../../src/datapath/ebpf/abi6.gen.js';
import { openDirector } from '../../src/datapath/ebpf/open.js';
import { clockOf } from '../../src/datapath/ebpf/recovery/batch.js';
import { Calls } from '../../src/datapath/ebpf/table/calls.js';
import { unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { IPV6_PINS } from '../../src/datapath/ebpf/table/tables.js';
import { type TakenTemplate, takenTemplates } from '../../src/datapath/ebpf/table/templates.js';
import { Template } from '../../src/datapath/ebpf/template.gen.js';
import { SIP } from '../../src/model/persistence-engine.js';
import { Records } from '../../src/sys/bpf/records.js';
import { until } from '../support/until.js';
import { type Bed, inBed, openBed, skipReason } from './bed.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service } from './fixtures/fixture.js';
import { sipMessage } from './fixtures/packets.js';
import { checkTemplates } from './table-check.js';

const skip = skipReason();
const [PORT, TIMEOUT_S] = [5060, 300] as const;

function setUp(bed: Bed, family: Family, virtual: number = PORT): void {
  const { service: spec } = service('udp', family.vip, virtual, []);
  bed.director.addService({ ...spec, persistence: { timeout: TIMEOUT_S, netmask: family.hostMask, engine: SIP } });
  for (const server of family.servers) bed.director.addDestination(spec.key, destination(family.at(server, virtual), 'masq'));
}

function send(bed: Bed, family: Family, call: string, port = 4000, virtual: number = PORT): void {
  const { client, vip, at } = family;
  const packet = family.udp({ from: at(client, port), to: at(vip, virtual) }, 64, sipMessage(call));
  assert.equal(bed.send('ingress', 'front', family.fromClient(packet, client)).verdict, 'redirect', call);
}

const isFour = ({ name }: Family): boolean => name === 'IPv4';
const templates = (bed: Bed): readonly TakenTemplate[] => [...takenTemplates(bed.tables)];
const destOf = (bed: Bed, call: string): number | undefined => templates(bed).find((each) => each.call === call)?.dest;
const slotsOf = (bed: Bed, family: Family): Records =>
  isFour(family) ? new Records(bed.memoryOf('templates'), Template.bytes) : new Records(bed.memoryOf(IPV6_PINS.templates), Template6.bytes);

/** The Call-IDs that are stored, whether their templates are there or not. */
function stored(bed: Bed, family: Family): readonly string[] {
  const calls = new Calls(bed.tables);
  try {
    const number = isFour(family) ? AddressFamily.F_INET : AddressFamily.F_INET6;
    return Array.from({ length: slotsOf(bed, family).count }, (_, slot) => calls.idAt(slot, number)).filter((id) => id !== undefined);
  } finally {
    calls.close();
  }
}

/** The time of all templates has come. */
function expire(bed: Bed, family: Family): void {
  const slots = slotsOf(bed, family);
  const past = BigInt((clockOf(bed.tables) - unitsOf(1, bed.tables.conf.get(0, Conf.hz))) >>> 0);
  for (let slot = 0; slot < slots.count; slot++) {
    const value = slots.big(slot, Template.value);
    if (value !== 0n) assert.ok(slots.swapBig(slot, Template.value, value, (value & ~0xffffffffn) | past));
  }
}

function endConnections(bed: Bed, family: Family): void {
  new Uint8Array(bed.memoryOf(isFour(family) ? 'conns' : IPV6_PINS.conns)).fill(0);
  for (const { dest } of templates(bed)) bed.tables.dests.set(dest, Dest.inactive, 0);
}

for (const family of [IPv4, IPv6]) {
  const { name } = family;

  test(`${name}: a call whose connections ended is forgotten when its time is over, and scheduled again`, { skip }, () =>
    inBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, 'one');
      const first = destOf(bed, 'one');
      assert.deepEqual(stored(bed, family), ['one']);
      endConnections(bed, family);
      expire(bed, family);
      await until(() => templates(bed).length === 0, 'no template');
      assert.deepEqual(stored(bed, family), []);
      assert.equal(bed.tables.conf.get(0, Conf.templatesLive), 0);
      send(bed, family, 'one', 4001);
      assert.notEqual(destOf(bed, 'one'), first, 'rr goes on');
      checkTemplates(bed);
    }),
  );

  test(`${name}: a connection holds its own call alone, however many expire`, { skip }, () =>
    inBed(async (bed) => {
      setUp(bed, family);
      send(bed, family, 'ended', 4000);
      endConnections(bed, family);
      send(bed, family, 'held', 4001);
      const dest = destOf(bed, 'held');
      for (const round of [1, 2]) {
        expire(bed, family);
        await until(() => templates(bed).length === 1, `one template, round ${round}`);
        assert.equal(destOf(bed, 'held'), dest);
      }
      checkTemplates(bed);
    }),
  );

  test(`${name}: of all ports, a call is assured by any connection of its client`, { skip }, () =>
    inBed(async (bed) => {
      setUp(bed, family, 0);
      const ports = [PORT, 53, 8080];
      for (const port of ports) send(bed, family, 'one', 4000, port);
      const assured = (): boolean => templates(bed).some(({ call, assured: is }) => call === 'one' && is);
      await setTimeout(1500);
      assert.ok(!assured(), 'no connection went on yet');
      send(bed, family, 'further', 4000, 8080); // of a connection that there is: no call is looked for
      await until(assured, 'its template is assured');
    }),
  );

  test(`${name}: more calls than places: the table is bounded, and no Call-ID is left behind`, { skip }, () =>
    inBed(
      (bed) => {
        setUp(bed, family);
        for (let k = 0; k < 1000; k++) send(bed, family, `${k}@${'x'.repeat(k % 200)}y`, 1024 + k);
        const found = templates(bed);
        const places = slotsOf(bed, family).count;
        assert.ok(found.length > places * 0.9 && found.length <= places, `${found.length} of ${places}`);
        assert.equal(bed.drops()['template_replaced'], 1000 - found.length, 'each that gave way is counted');
        assert.deepEqual([...stored(bed, family)].sort(), found.map(({ call }) => call).sort());
        checkTemplates(bed);
      },
      openBed({ capacity: { connBuckets: 256 } }),
    ),
  );

  test(`${name}: another size of the connection table, and other programs: each call goes where it went`, { skip }, () =>
    inBed((bed) => {
      setUp(bed, family);
      const calls = Array.from({ length: 30 }, (_, k) => `call-${k}`);
      calls.forEach((call, k) => send(bed, family, call, 4000 + k));
      const led = (): readonly (number | undefined)[] => calls.map((call) => destOf(bed, call));
      const before = led();
      openDirector({ capacity: { connBuckets: 8192 } }).close();
      bed.renew();
      calls.forEach((call, k) => send(bed, family, call, 5000 + k));
      assert.deepEqual(led(), before);
      assert.equal(templates(bed).length, calls.length);
      checkTemplates(bed);
    }),
  );
}

const [CLIENTS_PORT, CROWD] = [5070, 2000] as const;

test('as many calls as there is room for: one more gets no template, which is counted, and none gives way to it', { skip }, () =>
  inBed(
    (bed) => {
      setUp(bed, IPv4);
      setUp(bed, IPv6);
      const { service: clients } = service('udp', IPv6.vip, CLIENTS_PORT, []);
      bed.director.addService({ ...clients, persistence: { timeout: TIMEOUT_S, netmask: IPv6.hostMask } });
      bed.director.addDestination(clients.key, destination(IPv6.at(IPv6.servers[0], CLIENTS_PORT), 'route'));
      for (let k = 1; k < CROWD; k++) {
        const client = IPv6.manyClients(k);
        const packet = IPv6.udp({ from: IPv6.at(client, 4000), to: IPv6.at(IPv6.vip, CLIENTS_PORT) });
        assert.equal(bed.send('ingress', 'front', IPv6.fromClient(packet, client)).verdict, 'redirect', client);
      }
      for (let k = 0; k < CROWD; k++) send(bed, IPv4, `${k}`, 1024 + k);
      const places = slotsOf(bed, IPv4).count;
      const before = templates(bed);
      assert.equal(before.length, 2 * places, 'both tables are full');
      assert.equal(stored(bed, IPv4).length + stored(bed, IPv6).length, places, 'and so are the calls');
      const replaced = bed.drops()['template_replaced'];
      ['first', 'second'].forEach((call, k) => send(bed, IPv6, call, 6000 + k));
      assert.deepEqual(templates(bed), before);
      assert.deepEqual([bed.drops()['template_replaced'], bed.drops()['call_not_stored']], [replaced, 2]);
      checkTemplates(bed);
      // A call that takes the place of another one needs no more room.
      send(bed, IPv4, 'third', 6000);
      assert.notEqual(destOf(bed, 'third'), undefined);
      checkTemplates(bed);
    },
    openBed({ capacity: { connBuckets: 256 } }),
  ),
);

test('a listing has the Call-ID of each call', { skip }, () =>
  inBed((bed) => {
    for (const family of [IPv4, IPv6]) {
      setUp(bed, family);
      send(bed, family, `${family.name}@example.net`);
    }
    const engines = [...bed.director.connections()].flatMap(({ engine }) => (engine === undefined ? [] : [engine]));
    assert.deepEqual(engines, [
      { name: 'sip', data: 'IPv4@example.net' },
      { name: 'sip', data: 'IPv6@example.net' },
    ]);
    assert.deepEqual(
      bed.director.services().map(({ spec }) => spec.persistence?.engine),
      [SIP, SIP],
    );
  }),
);
