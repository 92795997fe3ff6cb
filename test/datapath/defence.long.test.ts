// The defences against floods: what the timer makes of their settings while the table fills and empties, and whom they drop.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { Abi, Conf, ConnSlot } from '../../src/datapath/ebpf/abi.gen.js';
import { formatAddress } from '../../src/model/address-text.js';
import { ChunkType } from '../../src/wire/sctp.js';
import { type Bed, type BedOptions, openBed, skipReason } from './bed.js';
import { until } from './cluster.js';
import { CLIENT, IPV6, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { type Family, IPv4, IPv6 } from './fixtures/family.js';
import { destination, service, serviceKey } from './fixtures/fixture.js';
import { fromClient, sctp, tcp, udp } from './fixtures/packets.js';
import { fromClient6, udp6 } from './fixtures/packets6.js';
import { checkTemplates, takenSlots } from './table-check.js';

const skip = skipReason();
const ESTABLISHED = 1;

async function inBed(work: (bed: Bed) => Promise<void>, options: BedOptions = {}): Promise<void> {
  const bed = openBed(options);
  try {
    for (const { service: spec, destinations } of [
      service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]),
      service('udp', VIP, 53, [destination(`${SERVERS[0]}:53`, 'masq')]),
    ]) {
      bed.director.addService(spec);
      for (const each of destinations) bed.director.addDestination(spec.key, each);
    }
    await work(bed);
  } finally {
    bed.close();
  }
}

const send = (bed: Bed, client: number, letters: string, hook: 'ingress' | 'xdp' = 'ingress'): string =>
  bed.send(hook, 'front', fromClient(tcp({ from: `${CLIENT}:${20_000 + client}`, to: `${VIP}:80` }, letters))).verdict;
const sendUdp = (bed: Bed, client: number): string =>
  bed.send('ingress', 'front', fromClient(udp({ from: `${CLIENT}:${20_000 + client}`, to: `${VIP}:53` }))).verdict;

const setting = (bed: Bed, name: string): string | undefined => bed.director.sysctls().get(name);

/** Lets so many seconds pass for all connections. */
function age(bed: Bed, seconds: number): void {
  const slots = bed.slots();
  const units = BigInt(seconds * (bed.tables.conf.get(0, Conf.hz) >> Abi.CLOCK_SHIFT));
  for (const { index } of takenSlots(bed)) {
    const value = slots.big(index, ConnSlot.value);
    slots.setBig(index, ConnSlot.value, (value & ~0xffffffffn) | ((value - units) & 0xffffffffn));
  }
}

const templatesOf = (bed: Bed): ReadonlySet<string> =>
  new Set([...bed.director.connections()].filter(({ client }) => client.port === 0).map(({ client }) => formatAddress(client.address)));

const AUTOMATIC = ['drop_entry', 'drop_packet', 'secure_tcp'] as const;

test('automatic modes show 2 while the table is nearly full, and 1 again when it is not', { skip }, async () => {
  const places = 16 * Abi.BUCKET_SLOTS;
  await inBed(
    async (bed) => {
      const modes = (): readonly (string | undefined)[] => AUTOMATIC.map((name) => setting(bed, name));
      bed.director.setSysctl('amemthresh', String(Abi.TABLE_PARTS / 4));
      bed.director.setSysctl('drop_packet', '1');
      bed.director.setSysctl('secure_tcp', '2');
      await until(modes, ([, packet, secure]) => packet === '1' && secure === '1');
      assert.equal(bed.tables.conf.get(0, Conf.dropRate), 0, 'there is room: nothing is dropped');
      for (let client = 0; client < places - 8; client++) assert.equal(send(bed, client, 'S'), 'redirect');
      await until(modes, ([, packet, secure]) => packet === '2' && secure === '2');
      // 8 of 64 places are free, an eighth; the setting is a quarter: 2048 / (2048 - 1024)
      assert.equal(bed.tables.conf.get(0, Conf.dropRate), 2);
      assert.equal(setting(bed, 'drop_entry'), '0', 'what is off stays off');
      age(bed, 3600);
      await until(modes, ([, packet, secure]) => packet === '1' && secure === '1');
      assert.equal(bed.tables.conf.get(0, Conf.dropRate), 0);
    },
    { capacity: { connBuckets: 16 } },
  );
});

test('automatic modes go by the fullest of all tables', { skip }, async () => {
  const places = 16 * Abi.BUCKET_SLOTS;
  const [six, client6] = [IPV6.vip, IPV6.client];
  const allPorts = service('udp', VIP, 0, [destination(`${SERVERS[0]}:0`, 'masq')]);
  const setups = [
    service('sctp', VIP, 2905, [destination(`${SERVERS[0]}:2905`, 'masq')]),
    service('udp', six, 53, [destination(`[${IPV6.servers[0]}]:53`, 'masq')]),
    { ...allPorts, service: { ...allPorts.service, persistence: { timeout: 300, netmask: 0xffffffff } } },
  ];
  const init = [{ type: ChunkType.init }];
  const tables: Readonly<Record<string, (port: number) => Uint8Array>> = {
    SCTP: (port) => fromClient(sctp({ from: `${CLIENT}:${port}`, to: `${VIP}:2905` }, init)),
    IPv6: (port) => fromClient6(udp6({ from: `[${client6}]:${port}`, to: `[${six}]:53` })),
    'all ports': (port) => fromClient(udp({ from: `${CLIENT}:${port}`, to: `${VIP}:${port}` })),
  };
  await inBed(
    async (bed) => {
      for (const { service: spec, destinations } of setups) {
        bed.director.addService(spec);
        for (const each of destinations) bed.director.addDestination(spec.key, each);
      }
      bed.director.setTimeouts({ tcp: 0, tcpFin: 0, udp: 3 });
      bed.director.setSysctl('amemthresh', String(Abi.TABLE_PARTS / 4));
      bed.director.setSysctl('secure_tcp', '1');
      const mode = (): string | undefined => setting(bed, 'secure_tcp');
      for (const [name, frameOf] of Object.entries(tables)) {
        await until(mode, (value) => value === '1');
        for (let k = 0; k < places - 8; k++) assert.equal(bed.send('ingress', 'front', frameOf(20_000 + k)).verdict, 'redirect', name);
        await until(mode, (value) => value === '2');
      }
      // Associations without an answer, and datagrams, end within seconds.
      await until(mode, (value) => value === '1');
    },
    { capacity: { connBuckets: 16 } },
  );
});

async function dropEveryThird(bed: Bed): Promise<void> {
  bed.director.setSysctl('am_droprate', '3');
  bed.director.setSysctl('drop_packet', '3');
  await until(
    () => bed.tables.conf.get(0, Conf.dropRate),
    (rate) => rate === 3,
  );
}

/** Counted by CPU: each drops its first, then every third. */
const assertThird = (bed: Bed, dropped: number, of: number): void =>
  assert.ok(dropped >= of / 3 && dropped < of / 3 + bed.tables.conf.get(0, Conf.cpus), `${dropped} of ${of}`);

test('drop_packet 3 drops every so many-th new connection, and no packet of those that there are', { skip }, async () => {
  await inBed(async (bed) => {
    assert.equal(send(bed, 0, 'S'), 'redirect');
    await dropEveryThird(bed);
    const verdicts = Array.from({ length: 30 }, (_, index) => (index % 2 === 0 ? send(bed, 1 + index, 'S') : sendUdp(bed, index)));
    const dropped = verdicts.filter((verdict) => verdict === 'drop').length;
    assertThird(bed, dropped, 30);
    assert.deepEqual(bed.drops(), { drop_packet: dropped });
    for (let packet = 0; packet < 9; packet++) assert.equal(send(bed, 0, 'A'), 'redirect');
    bed.director.setSysctl('drop_packet', '0');
    await until(
      () => bed.tables.conf.get(0, Conf.dropRate),
      (rate) => rate === 0,
    );
    for (let client = 100; client < 110; client++) assert.equal(send(bed, client, 'S'), 'redirect');
  });
});

test('a new connection that XDP leaves to tc counts once for drop_packet', { skip }, async () => {
  await inBed(
    async (bed) => {
      bed.director.editDestination(serviceKey('tcp', VIP, 80), destination(`${SERVERS[0]}:80`, 'masq', 0));
      await dropEveryThird(bed);
      for (let client = 0; client < 30; client++) send(bed, client, 'S', 'xdp');
      const { drop_packet: dropped = 0, no_destination: refused } = bed.drops();
      assertThird(bed, dropped, 30);
      assert.equal(refused, 30 - dropped);
    },
    { attach: 'xdp' },
  );
});

test('drop_entry 3 ends half-open connections, and no established one that is young or in use', { skip }, async () => {
  await inBed(async (bed) => {
    for (let client = 0; client < 50; client++) for (const letters of ['S', 'A']) send(bed, client, letters);
    for (let client = 100; client < 1100; client++) send(bed, client, 'S');
    bed.director.setSysctl('drop_entry', '3');
    await until(
      () => bed.drops()['drop_entry'] ?? 0,
      (ended) => ended >= 30,
    );
    bed.director.setSysctl('drop_entry', '0');
    const open = takenSlots(bed).map(({ state }) => state);
    assert.equal(open.filter((state) => state === ESTABLISHED).length, 50);
    assert.ok(open.length < 1050 - 29, 'the half-open ones left the table');
  });
});

test('drop_entry 3 ends what was idle for a minute after very few packets', { skip }, async () => {
  await inBed(async (bed) => {
    for (let client = 0; client < 800; client++) sendUdp(bed, client);
    for (let client = 0; client < 400; client++) for (const letters of ['S', 'A']) send(bed, client, letters);
    age(bed, 61);
    bed.director.setSysctl('drop_entry', '3');
    const left = (): readonly [number, number] => {
      const states = takenSlots(bed).map(({ state }) => state);
      return [states.filter((state) => state === ESTABLISHED).length, states.filter((state) => state !== ESTABLISHED).length];
    };
    await until(left, ([tcps, udps]) => tcps < 400 && udps < 790);
    bed.director.setSysctl('drop_entry', '0');
  });
});

/** What a client sends to a persistent service. */
function meet(bed: Bed, family: Family, client: number, ...letters: readonly string[]): void {
  const from = family.manyClients(client);
  for (const each of letters) {
    const segment = family.tcp({ from: family.at(from, 4000), to: family.at(family.vip, 443) }, each);
    assert.equal(bed.send('ingress', 'front', family.fromClient(segment, from)).verdict, 'redirect');
  }
}

for (const family of [IPv4, IPv6]) {
  test(`${family.name}: drop_entry 3 ends templates of clients that established nothing, unless a connection holds them`, { skip }, () =>
    inBed(async (bed) => {
      const persistent = service('tcp', family.vip, 443, []).service;
      bed.director.addService({ ...persistent, persistence: { timeout: 300, netmask: family.hostMask } });
      bed.director.addDestination(persistent.key, destination(family.at(family.servers[0], 443), 'masq'));
      const [forged, some] = [200, 60];
      // drop_entry ends what is half open, and nothing of what is closed.
      const others: readonly [number, ...(readonly string[])][] = [
        ...Array.from({ length: 40 }, (_, k): [number, ...string[]] => [1000 + k, 'S', 'A']),
        ...Array.from({ length: 20 }, (_, k): [number, ...string[]] => [2000 + k, 'S', 'FA']),
      ];
      for (const [client, ...letters] of others) meet(bed, family, client, ...letters);
      for (let k = 0; k < forged; k++) meet(bed, family, k, 'S');
      assert.equal(templatesOf(bed).size, forged + others.length);
      bed.director.setSysctl('drop_entry', '3');
      const left = await until(
        () => templatesOf(bed),
        ({ size }) => size <= forged - some + others.length,
      );
      bed.director.setSysctl('drop_entry', '0');
      for (const [client, ...letters] of others) assert.ok(left.has(family.manyClients(client)), `client ${client}, ${letters}`);
      checkTemplates(bed);
      assert.ok((bed.drops()['drop_entry'] ?? 0) > some, 'connections, too');
    }),
  );
}

test('expire_nodest_conn: connections and templates of a destination that is removed meanwhile end within a sweep', { skip }, async () => {
  await inBed(async (bed) => {
    const { service: spec, destinations } = service('tcp', VIP, 80, [destination(`${SERVERS[0]}:80`, 'masq')]);
    bed.director.editService({ ...spec, persistence: { timeout: 300, netmask: 0xffffffff } });
    const remove = (): void => {
      for (let client = 0; client < 20; client++) send(bed, client, 'S');
      for (const each of destinations) bed.director.deleteDestination(spec.key, each);
    };
    remove();
    bed.director.setSysctl('expire_nodest_conn', '1');
    await setTimeout(2500);
    assert.equal(takenSlots(bed).length, 20, 'as in the kernel, removed before, it stays until a packet comes');
    assert.equal(templatesOf(bed).size, 1);
    const ended = (): Promise<unknown> =>
      until(
        () => [takenSlots(bed).length, templatesOf(bed).size],
        ([connections, templates]) => connections === 0 && templates === 0,
      );
    const other = service('tcp', VIP, 81, [destination(`${SERVERS[1]}:81`, 'masq')]);
    bed.director.addService(other.service);
    for (const each of other.destinations) bed.director.addDestination(other.service.key, each);
    for (const each of other.destinations) bed.director.deleteDestination(other.service.key, each);
    await ended(); // with that one, though none were of it
    for (const each of destinations) bed.director.addDestination(spec.key, each);
    remove();
    await ended();
    assert.deepEqual(bed.drops(), {});
    checkTemplates(bed);
  });
});
