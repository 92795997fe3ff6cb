// What is new among the connections since the last look: each change once, of every table, and again before another director forgets it.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { applyChange } from '../../src/datapath/apply-change.js';
import { Conf } from '../../src/datapath/ebpf/abi.gen.js';
import { ConnectionApplier } from '../../src/datapath/ebpf/sync/connection-applier.js';
import { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import type { NewsTo } from '../../src/datapath/ebpf/sync/own-news.js';
import { TableScan } from '../../src/datapath/ebpf/sync/table-scan.js';
import type { TemplateAt } from '../../src/datapath/ebpf/sync/template-scan.js';
import { clockNow, unitsOf } from '../../src/datapath/ebpf/table/clock.js';
import { Tables } from '../../src/datapath/ebpf/table/tables.js';
import type { ForeignConnection } from '../../src/model/foreign-connection.js';
import { swap16 } from '../../src/wire/bytes.js';
import { type Bed, openBed, skipReason } from './bed.js';
import { at, CLIENT, IPV6, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, type Setup, service } from './fixtures/fixture.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { additions } from './fixtures/setup-changes.js';
import { foreignConnection } from './foreign-connection.js';

const skip = skipReason();
/** Buckets, of 1,024. */
const LONG = 900;
let bed: Bed;
let applier: ConnectionApplier;
before(() => {
  if (skip !== false) return;
  bed = openBed({ attach: 'tc', capacity: { connBuckets: 1024 } });
  applier = new ConnectionApplier(bed.tables);
});
after(() => {
  if (skip !== false) return;
  applier.close();
  bed.close();
});

const web: Setup = service('tcp', VIP, 80, [destination(`${SERVERS[0]}:8080`, 'masq')]);
const all: Setup = { ...service('tcp', VIP, 0, [destination(`${SERVERS[0]}:0`, 'masq')]) };
const six: Setup = service('tcp', IPV6.vip, 80, [destination(`[${IPV6.servers[0]}]:8080`, 'masq')]);

const setUp = (...setups: readonly Setup[]): void => {
  bed.wipe();
  for (const change of setups.flatMap(additions)) applyChange(bed.director, change);
};
const segment = (letters: string, port = 40000): void => {
  bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:${port}`, to: `${VIP}:80` }, letters)));
};

/** Whole rounds, in parts of so many buckets. */
function reported(news: ConnectionNews, buckets = 100): readonly ForeignConnection[] {
  const found: ForeignConnection[] = [];
  while (news.look(buckets, { connection: (connection) => found.push(connection), template: () => assert.fail('no template') }));
  return found;
}
const states = (found: readonly ForeignConnection[]) => found.map(({ client, state }) => [client.port, state]);

test('a new connection, and each of its states, is reported once', { skip }, () => {
  setUp(web);
  const news = new ConnectionNews(bed.folder);
  assert.deepEqual(reported(news), []);
  segment('S');
  assert.deepEqual(states(reported(news)), [[40000, 3]]);
  assert.deepEqual(states(reported(news)), []);
  segment('A');
  segment('A');
  assert.deepEqual(states(reported(news)), [[40000, 1]]);
  segment('S', 40001);
  segment('FA');
  assert.deepEqual(new Set(states(reported(news)).map(String)), new Set(['40001,3', '40000,7']));
  assert.deepEqual(states(reported(news)), []);
  news.forget();
  assert.equal(reported(news).length, 2);
});

test('what begins behind the place where a long round is does not wait for its end', { skip }, async () => {
  setUp(web);
  const news = new ConnectionNews(bed.folder);
  assert.deepEqual(reported(news), []);
  news.forget();
  const found: ForeignConnection[] = [];
  const look = (buckets: number): boolean =>
    news.look(buckets, { connection: (connection) => found.push(connection), template: () => assert.fail('no template') });
  assert.ok(look(LONG));
  const ports = Array.from({ length: 20 }, (_, k) => 41000 + k);
  for (const port of ports) segment('S', port);
  assert.ok(look(1));
  assert.ok(found.length < ports.length, 'the rest of the round has room for a few of them');
  await delay(100);
  assert.ok(look(ports.length + 1), 'the round goes on');
  assert.deepEqual(found.map(({ client }) => client.port).sort(), ports);
});

test('what ended is not reported; nor is one that comes again as others still have it', { skip }, () => {
  setUp(web);
  const news = new ConnectionNews(bed.folder);
  const own = (port: number, rest: Partial<ForeignConnection> = {}): ForeignConnection =>
    foreignConnection({ client: at(CLIENT, port), ...rest });
  const apply = (...connections: readonly ForeignConnection[]) => bed.director.exclusively(() => applier.apply(connections));
  apply(own(1));
  assert.equal(reported(news).length, 1);
  apply(own(1, { ended: true }));
  assert.equal(reported(news).length, 0);
  apply(own(1));
  assert.equal(reported(news).length, 0);
  apply(own(1, { state: 4, late: true }));
  assert.equal(reported(news).length, 1);
});

test('the tables of other builds count from their first service on', { skip }, () => {
  setUp(web);
  const news = new ConnectionNews(bed.folder);
  reported(news);
  for (const change of [...additions(six), ...additions(all)]) applyChange(bed.director, change);
  const connection = { protocol: 6, mark: 0, method: 'masq', state: 1, seconds: 900, timeout: 900, late: false } as const;
  const answers = bed.director.exclusively(() =>
    applier.apply([
      { ...connection, client: at(IPV6.client, 7), virtual: at(IPV6.vip, 80), server: at(IPV6.servers[0], 8080) },
      { ...connection, client: at(CLIENT, 8), virtual: at(VIP, 443), server: at(SERVERS[0], 443) },
    ]),
  );
  assert.deepEqual(answers, ['made', 'made']);
  assert.deepEqual(new Set(reported(news).map(({ client, virtual }) => `${client.port} ${virtual.port}`)), new Set(['7 80', '8 443']));
  assert.deepEqual(reported(news), []);
});

test('a connection with traffic is reported again when half of its time has passed; sooner where that is wished', { skip }, () => {
  setUp(web);
  segment('S');
  segment('A');
  const scan = new TableScan(Tables.readable(bed.folder));
  const hz = bed.tables.conf.get(0, Conf.hz);
  const begun = clockNow(bed.tables.conf);
  const look = (seconds: number, refresh: number): number => {
    let found = 0;
    const moment = { now: begun + unitsOf(seconds, hz), refresh: unitsOf(refresh, hz) };
    scan.forget();
    scan.begin(moment.now, hz);
    while (scan.look(64, moment, { found: () => (found += 1) }));
    return found;
  };
  const touchedAt = (seconds: number): void => {
    const slots = bed.slots();
    for (let k = 0; k < slots.count; k++) {
      const at = k * 4;
      const words = new Uint32Array(slots.memory);
      if (words[at + 3] !== 0) words[at + 2] = begun + unitsOf(900 + seconds, hz);
    }
  };
  touchedAt(0);
  assert.equal(look(0, 0), 1);
  touchedAt(400);
  assert.equal(look(400, 0), 0, 'less than half of 900 s');
  assert.equal(look(400, 500), 0);
  assert.equal(look(400, 300), 1, 'refreshed');
  touchedAt(900);
  assert.equal(look(900, 0), 1, 'more than half of it');
  assert.equal(look(1300, 0), 0, 'idle since');
});

test('what packets change is found in the next round, what changes without one as soon as each bucket was looked at', { skip }, () => {
  setUp(web, six, all);
  const scan = new TableScan(Tables.readable(bed.folder));
  const pass = 64;
  let now = clockNow(bed.tables.conf);
  /** A round, so many clock units after the one before: the ports and states that it found. */
  const round = (units: number): readonly string[] => {
    const found: string[] = [];
    now += units;
    scan.begin(now, pass);
    while (scan.look(100, { now, refresh: 0 }, { found: ({ keyHigh, high }) => found.push(`${keyHigh & 0xffff} ${(high >>> 20) & 15}`) }));
    return found;
  };
  const ports = Array.from({ length: 200 }, (_, k) => 41000 + k);
  const inState = (state: number) => new Set(ports.map((port) => `${swap16(port)} ${state}`));
  round(0);
  for (const port of ports) segment('S', port);
  assert.deepEqual(new Set(round(0)), inState(3));
  for (const port of ports) segment('A', port);
  assert.deepEqual(new Set(round(0)), inState(1));
  const words = new Uint32Array(bed.slots().memory);
  for (let at = 0; at < words.length; at += 4) if (words[at + 3] !== 0) words[at + 3] = (words[at + 3] ?? 0) ^ (2 << 20);
  assert.deepEqual(round(0), []);
  const parts = Array.from({ length: pass + 1 }, () => round(1));
  assert.deepEqual(parts.flat().length, ports.length);
  assert.deepEqual(new Set(parts.flat()), inState(3));
  assert.ok(parts.filter(({ length }) => length > 0).length > pass / 8, 'a round looks at a part of all buckets');
});

test('what ended before its time is reported, of every table, and what others refused comes again, as its end does', { skip }, () => {
  setUp(web, six, all);
  const news = new ConnectionNews(bed.folder);
  const ends: string[] = [];
  const places: TemplateAt[] = [];
  const look = (): number => {
    let found = 0;
    const to: NewsTo = {
      connection: (_connection, where) => (found = places.push(where)),
      template: () => assert.fail('no template'),
      ended: {
        connection: ({ client, virtual, server, state }) => ends.push(`${client.port} ${virtual.port} ${server.port} ${state}`),
        template: () => assert.fail('no template'),
      },
    };
    while (news.look(100, to));
    return found;
  };
  const connection = { protocol: 6, mark: 0, method: 'masq', state: 1, seconds: 900, timeout: 900, late: false } as const;
  const come: readonly ForeignConnection[] = [
    { ...connection, client: at(CLIENT, 6), virtual: at(VIP, 80), server: at(SERVERS[0], 8080) },
    { ...connection, client: at(IPV6.client, 7), virtual: at(IPV6.vip, 80), server: at(IPV6.servers[0], 8080) },
    { ...connection, client: at(CLIENT, 8), virtual: at(VIP, 443), server: at(SERVERS[0], 443) },
  ];
  const apply = (more: Partial<ForeignConnection> = {}) =>
    bed.director.exclusively(() => applier.apply(come.map((one) => ({ ...one, ...more }))));
  apply();
  assert.equal(look(), 3);
  for (const { slots, at: place, keyLow, keyHigh } of places) slots.refused(place, keyLow, keyHigh);
  assert.deepEqual([look(), news.forgetRefused(), news.forgetRefused()], [0, 3, 0]);
  places.length = 0;
  assert.equal(look(), 3);
  apply({ ended: true });
  places.length = 0;
  assert.equal(look(), 0);
  const ended = new Set(['6 80 8080 1', '7 80 8080 1', '8 443 443 1']);
  assert.deepEqual(new Set(ends), ended);
  ends.length = 0;
  apply();
  assert.equal(look(), 3, 'what others have no more is news');
  for (const { slots, at: place, keyLow, keyHigh } of places) slots.refused(place, keyLow, keyHigh);
  apply({ ended: true });
  look();
  assert.deepEqual(new Set(ends), ended, 'also of what others refused: they may have it from another node');
});
