// Connections that another director has are put into the tables of this one, and their packets go on here as they did there.

import assert from 'node:assert/strict';
import { applyChange } from '../../src/datapath/apply-change.js';
import { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import { fromPeer } from '../../src/datapath/ebpf/sync/peer-rivalry.js';
import { RecentEnds } from '../../src/datapath/ebpf/sync/recent-ends.js';
import type { Applied, ForeignConnection, Rivalry } from '../../src/model/foreign-connection.js';
import type { ForeignTemplate } from '../../src/model/foreign-template.js';
import { IpProtocol } from '../../src/model/ip-protocol.js';
import { breadth, test } from '../support/breadth.js';
import { carriageOf, subjectOf } from './fixture-subject.js';
import { at, CLIENT, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { type ConnectionAfter, destination, type Fixture, type Setup, type Step, service } from './fixtures/fixture.js';
import { fixtures } from './fixtures/index.js';
import { fromClient, tcp } from './fixtures/packets.js';
import { isTooShortForTc, prepare } from './fixtures/play-fixture.js';
import { additions } from './fixtures/setup-changes.js';
import { applier, bed, skip, wipe } from './foreign-bed.js';
import { foreignConnection as foreign } from './foreign-connection.js';
import { applyBytes, ownBytes } from './own-stream.js';
import { checkTable } from './table-check.js';

/** What a packet of these goes by is no connection alone: the note of a first fragment, the numbers of a stream of FTP, a way past the servers. */
const MORE_THAN_A_CONNECTION = /fragment|FTP|cache_bypass/i;
const MOVING: ReadonlySet<Step['kind']> = new Set(['frame', 'sysctl', 'rp_filter']);

/** With connections, and nothing that the other director knows alone: local ports, tables that change meanwhile. */
function isTransferable({ description, setup, before: steps = [] }: Fixture): boolean {
  const plain = setup.every(({ service: spec, destinations }) => {
    const kept = !spec.onePacket && !spec.scheduler.startsWith('lblc');
    return kept && destinations.every(({ method }) => method !== 'fullnat');
  });
  if (MORE_THAN_A_CONNECTION.test(description)) return false;
  return plain && steps.some(({ kind }) => kind === 'frame') && steps.every(({ kind }) => MOVING.has(kind));
}

const transferable = fixtures.filter((fixture) => isTransferable(fixture) && !isTooShortForTc(fixture));

const textOf = ({ client, virtual, destination: server }: ConnectionAfter): string => `${client} ${virtual} ${server}`;

const apply = (connections: readonly ForeignConnection[]): readonly Applied[] => bed.director.exclusively(() => applier.apply(connections));
const applyTemplates = (templates: readonly ForeignTemplate[]): readonly Applied[] =>
  bed.director.exclusively(() => applier.applyTemplates(templates));
const listing = () => subjectOf(bed, false).connections();
const counts = () =>
  [...subjectOf(bed, false).servers()].map(([name, { active, inactive, persistent }]) => [name, active, inactive, persistent]);
const texts = (all: readonly ConnectionAfter[]): ReadonlySet<string> => new Set(all.map((each) => JSON.stringify(each)));

/** All that the director has, as another one gets it. */
function own() {
  const [connections, templates]: [ForeignConnection[], ForeignTemplate[]] = [[], []];
  const news = new ConnectionNews(bed.folder);
  while (news.look(256, { connection: (each) => connections.push(each), template: (each) => templates.push(each) }));
  news.forget();
  return { connections, templates, bytes: ownBytes(news) };
}

const setUp = (setups: readonly Setup[]): void => {
  bed.wipe();
  for (const change of setups.flatMap(additions)) applyChange(bed.director, change);
};

test('there are enough fixtures with connections of every table', { skip }, () => {
  assert.ok(transferable.length > 300, `${transferable.length}`);
});

/** A packet that begins a connection goes where the scheduler stands, unless a template leads it that was there. */
function isLed(before: readonly ConnectionAfter[], left: readonly ConnectionAfter[], { setup }: Fixture): boolean {
  const known = new Set(before.map(textOf));
  const fresh = left.filter((each) => !known.has(textOf(each)));
  const persistent = setup.every(({ service: { persistence } }) => persistence !== undefined);
  return fresh.length === 0 || (persistent && fresh.every(({ client }) => !client.endsWith(':0')));
}

breadth('every fixture with connections: the same tables, and the packet goes where it went', { skip }, () => {
  let [followed, led] = [0, 0];
  for (const fixture of transferable) {
    const { hook, device, frame, description } = fixture;
    bed.wipe();
    const subject = subjectOf(bed, false);
    prepare(subject, fixture);
    const had = { listing: listing(), counts: counts(), own: own() };
    if (had.listing.some(({ virtual }) => virtual.endsWith(':65535'))) continue; // a template that leads no client stays here
    const went = bed.send(hook, device, frame, carriageOf(fixture));
    const left = listing();

    for (const come of [
      () => [...applyTemplates(had.own.templates), ...apply(had.own.connections)],
      () => applyBytes(bed, applier, had.own.bytes),
    ]) {
      wipe();
      prepare(subject, { ...fixture, before: (fixture.before ?? []).filter(({ kind }) => kind !== 'frame') });
      const answers = come();
      assert.equal(answers.length, had.own.templates.length + had.own.connections.length, description);
      assert.deepEqual(new Set(answers), new Set(answers.length === 0 ? [] : ['made']), description);
      assert.deepEqual(texts(listing()), texts(had.listing), description);
      assert.deepEqual(counts(), had.counts, description);
    }
    if (!isLed(had.listing, left, fixture)) continue;
    const goes = bed.send(hook, device, frame, carriageOf(fixture));
    assert.deepEqual(
      [goes.verdict, Buffer.from(goes.frame).toString('hex')],
      [went.verdict, Buffer.from(went.frame).toString('hex')],
      description,
    );
    assert.deepEqual(texts(listing()), texts(left), description);
    followed += 1;
    led += had.own.templates.length;
  }
  assert.ok(followed > 300, `${followed} of ${transferable.length}`);
  assert.ok(led > 60, `${led} templates`);
});

const http = service('tcp', VIP, 80, [destination(`${SERVERS[0]}:8080`, 'masq'), destination(`${SERVERS[1]}:8080`, 'masq')]);
const byState = () => listing().map(({ destination: server, state }) => [server, state]);

test('news of a connection that is there change its state and its time, and are counted', { skip }, () => {
  setUp([http]);
  assert.deepEqual(apply([foreign()]), ['made']);
  assert.deepEqual(apply([foreign({ state: 4, seconds: 120, late: true })]), ['changed']);
  assert.deepEqual(byState(), [[`${SERVERS[0]}:8080`, 'FIN_WAIT']]);
  assert.deepEqual(counts(), [
    [`${SERVERS[1]}:8080`, 0, 0, 0],
    [`${SERVERS[0]}:8080`, 0, 1, 0],
  ]);
  const [{ expires } = { expires: 0 }] = bed.director.connections();
  assert.ok(expires >= 118 && expires <= 120, `${expires}`);
});

test('without a time it lives as long as its state does', { skip }, () => {
  setUp([http]);
  assert.deepEqual(apply([foreign({ seconds: 0, state: 7 })]), ['made']);
  const [{ expires } = { expires: 0 }] = bed.director.connections();
  assert.ok(expires >= 58 && expires <= 60, `${expires}`);
});

test('a connection to another server takes its place; the late end of the former one does not', { skip }, () => {
  setUp([http]);
  const moved = foreign({ server: at(SERVERS[1], 8080) });
  assert.deepEqual(apply([foreign(), moved]), ['made', 'made']);
  assert.deepEqual(apply([foreign({ late: true, state: 6 })]), ['left']);
  assert.deepEqual(byState(), [[`${SERVERS[1]}:8080`, 'ESTABLISHED']]);
  assert.deepEqual(counts(), [
    [`${SERVERS[1]}:8080`, 1, 0, 0],
    [`${SERVERS[0]}:8080`, 0, 0, 0],
  ]);
});

test('an end ends it, once, and no other server’s', { skip }, () => {
  setUp([http]);
  assert.deepEqual(apply([foreign(), foreign({ ended: true, server: at(SERVERS[1], 8080) }), foreign({ ended: true })]), [
    'made',
    'left',
    'ended',
  ]);
  assert.deepEqual(apply([foreign({ ended: true })]), ['gone']);
  assert.deepEqual(byState(), []);
  assert.deepEqual(counts(), [
    [`${SERVERS[1]}:8080`, 0, 0, 0],
    [`${SERVERS[0]}:8080`, 0, 0, 0],
  ]);
});

test('no service, no destination: it is unbound; one of weight 0 and one that is full take it', { skip }, () => {
  setUp([http]);
  const elsewhere = [
    foreign({ virtual: at(VIP, 81) }),
    foreign({ server: at(SERVERS[0], 81) }),
    foreign({ protocol: IpProtocol.udp }),
    foreign({ mark: 7, virtual: at(VIP, 9) }),
  ];
  assert.deepEqual(apply(elsewhere), ['unbound', 'unbound', 'unbound', 'unbound']);
  bed.director.editDestination(http.service.key, { ...destination(`${SERVERS[0]}:8080`, 'masq'), weight: 0, upperThreshold: 1 });
  assert.deepEqual(apply([1, 2, 3].map((port) => foreign({ client: at(CLIENT, port) }))), ['made', 'made', 'made']);
});

test('its packets go on to its server, and no new connection is counted', { skip }, () => {
  setUp([http]);
  apply([foreign()]);
  const sent = bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:40000`, to: `${VIP}:80` }, 'A')));
  assert.equal(sent.verdict, 'redirect');
  assert.equal(bed.totals().conns, 0);
  assert.equal(bed.totals().inPackets, 1);
});

test('more than a page, more than there is room for: each has an answer, and none is twice there', { skip }, () => {
  setUp([http]);
  const many = Array.from({ length: 3000 }, (_, k) => foreign({ client: at(`10.9.${k >> 8}.${k & 255}`, 1000 + k), seconds: 900 }));
  const answers = apply(many);
  assert.equal(answers.length, many.length);
  const made = answers.filter((answer) => answer === 'made').length;
  assert.ok(made >= 900, `${made} of 1024 places`);
  assert.deepEqual([...new Set(answers)].sort(), ['full', 'made']);
  checkTable(bed);
  const again = apply(many);
  assert.ok(!again.includes('unbound'));
  checkTable(bed);
});

const kept: Setup = { ...http, service: { ...http.service, persistence: { timeout: 300, netmask: 0xffffffff } } };
const template = (rest: Partial<ForeignTemplate> = {}): ForeignTemplate => ({
  protocol: IpProtocol.tcp,
  client: at(CLIENT, 0).address,
  virtual: at(VIP, 80),
  server: at(SERVERS[0], 8080),
  mark: 0,
  method: 'masq',
  assured: false,
  seconds: 300,
  timeout: 300,
  ...rest,
});
const SYN = fromClient(tcp({ from: `${CLIENT}:40000`, to: `${VIP}:80` }, 'S'));

test('a template leads its client’s next connection; one that leads elsewhere takes its place', { skip }, () => {
  for (const server of SERVERS.slice(0, 2)) {
    setUp([kept]);
    const other = server === SERVERS[0] ? SERVERS[1] : SERVERS[0];
    assert.deepEqual(applyTemplates([template({ server: at(other, 8080), assured: true })]), ['made']);
    assert.deepEqual(applyTemplates([template({ server: at(server, 8080) })]), ['made']);
    assert.deepEqual(applyTemplates([template({ server: at(server, 8080), assured: true, seconds: 100 })]), ['changed']);
    assert.deepEqual(byState().filter(([, state]) => state === 'ASSURED').length, 2, 'one of them leads no client any more');
    bed.send('ingress', 'front', SYN);
    assert.ok(byState().some(([destinationOf, state]) => destinationOf === `${server}:8080` && state === 'SYN_RECV'));
    checkTable(bed);
  }
});

test('a template of a service that is not persistent, or not there, is left', { skip }, () => {
  setUp([http]);
  assert.deepEqual(applyTemplates([template(), template({ virtual: at(VIP, 81) })]), ['left', 'unbound']);
  assert.deepEqual(byState(), []);
});

test('templates of many clients: each has an answer, and the counts are right', { skip }, () => {
  setUp([kept]);
  const many = Array.from({ length: 2000 }, (_, k) => template({ client: at(`10.9.${k >> 8}.${k & 255}`, 0).address }));
  assert.deepEqual([...new Set(applyTemplates(many))], ['made']);
  assert.ok(byState().length > 100);
  checkTable(bed);
});

const rival = (idle: number, rest: Partial<ForeignConnection> = {}): ForeignConnection => foreign({ idle, ...rest });
/** A connection that had its last packet here so many seconds ago, by the time that it has left. */
const hereSince = (idle: number): void => {
  setUp([http]);
  assert.deepEqual(apply([foreign({ seconds: 900 - idle })]), ['made']);
};
const applied = (connection: ForeignConnection, rivalry: Rivalry = { wins: false, fresh: Number.POSITIVE_INFINITY }): Applied | undefined =>
  bed.director.exclusively(() => applier.apply([connection], { rivalry }))[0];
const elsewhere = { server: at(SERVERS[1], 8080) };
const FIN_WAIT = { state: 4, seconds: 120 };

test('of two directors the one that had the last packet knows the state', { skip }, () => {
  hereSince(50);
  assert.equal(applied(rival(60, FIN_WAIT)), 'newer');
  assert.deepEqual(byState(), [[`${SERVERS[0]}:8080`, 'ESTABLISHED']]);
  assert.equal(applied(rival(40, { ...FIN_WAIT, seconds: 80 })), 'changed');
  assert.deepEqual(byState(), [[`${SERVERS[0]}:8080`, 'FIN_WAIT']]);
});

test('where both know the same of it, it lives as long as at the one that had the last packet', { skip }, () => {
  const left = () => [...bed.director.connections()].map(({ expires }) => Math.round(expires / 10) * 10)[0];
  hereSince(500);
  assert.equal(applied(rival(700, { seconds: 200 })), 'changed');
  assert.equal(left(), 400);
  assert.equal(applied(rival(100, { seconds: 800 })), 'changed');
  assert.equal(left(), 800);
});

test('and its server; where that is not known, one of the two directors wins', { skip }, () => {
  hereSince(50);
  assert.equal(applied(rival(60, { ...elsewhere, seconds: 840 })), 'newer');
  assert.equal(applied(rival(40, { ...elsewhere, seconds: 860 })), 'made');
  assert.deepEqual(byState(), [[`${SERVERS[1]}:8080`, 'ESTABLISHED']]);
  assert.deepEqual(counts(), [
    [`${SERVERS[1]}:8080`, 1, 0, 0],
    [`${SERVERS[0]}:8080`, 0, 0, 0],
  ]);
  hereSince(0);
  assert.equal(applied(rival(0, elsewhere)), 'newer');
  assert.equal(applied(rival(0, elsewhere), { wins: true, fresh: Number.POSITIVE_INFINITY }), 'made');
  checkTable(bed);
});

test('of last packets that are too close one of the two directors wins the state, too', { skip }, () => {
  hereSince(0);
  assert.equal(applied(rival(0, FIN_WAIT)), 'newer');
  assert.equal(applied(rival(0, FIN_WAIT), { wins: true, fresh: Number.POSITIVE_INFINITY }), 'changed');
});

test('news of the peer that a connection came from count, however close; those of another one do not', { skip }, () => {
  setUp([http]);
  const [one, other] = [new ConnectionNews(bed.folder), new ConnectionNews(bed.folder)];
  const none = { connection: () => {}, template: () => {} };
  for (const news of [one, other]) while (news.look(256, none));
  const rivalry: Rivalry = { wins: false, fresh: Number.POSITIVE_INFINITY };
  const come = (from: ConnectionNews, to: ConnectionNews, connection: ForeignConnection): Applied | undefined =>
    bed.director.exclusively(() => applier.apply([connection], fromPeer(from, [to], rivalry)))[0];
  assert.equal(come(one, other, rival(0)), 'made');
  assert.equal(come(one, other, rival(0, FIN_WAIT)), 'changed');
  assert.equal(come(other, one, rival(0)), 'newer');
  assert.deepEqual(byState(), [[`${SERVERS[0]}:8080`, 'FIN_WAIT']]);
});

test('what a third director relays is made no more after its end, and sets back nothing that had a packet here', { skip }, () => {
  setUp([http]);
  const news = [0, 1].map(() => new ConnectionNews(bed.folder));
  const ends = new RecentEnds(() => performance.now());
  const to = { connection: () => {}, template: () => {} };
  const lookAll = (): void => {
    for (const each of news) while (each.look(256, { ...to, ended: to }));
  };
  const come = (peer: number, connection: ForeignConnection): Applied | undefined => {
    const options = fromPeer(news[peer]!, [news[1 - peer]!], { wins: true, fresh: 1e9 }, { ends, peer });
    return bed.director.exclusively(() => applier.apply([connection], options))[0];
  };
  lookAll();
  assert.deepEqual([come(0, rival(1)), come(0, rival(1, { ended: true })), come(1, rival(2))], ['made', 'ended', 'ended']);
  assert.deepEqual([byState(), come(0, rival(2)), byState().length], [[], 'made', 1]);
  checkTable(bed);
  setUp([http]);
  assert.deepEqual([come(0, rival(1, { ended: true })), come(1, rival(2)), come(1, rival(0))], ['gone', 'ended', 'made']);
  setUp([http]);
  lookAll();
  bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:4000`, to: `${VIP}:80` }, 'S')));
  lookAll();
  const [{ client } = assert.fail('no connection')] = bed.director.connections();
  assert.equal(come(1, rival(0, { ...FIN_WAIT, client })), 'newer', 'it has the packet');
});

test('an end counts where the connection had no packet since', { skip }, () => {
  hereSince(50);
  assert.equal(applied(rival(60, { ended: true })), 'newer');
  assert.equal(applied(rival(50, { ended: true })), 'ended');
  assert.deepEqual(byState(), []);
});

test('what this director knew, and what ended here since, does not come back', { skip }, () => {
  setUp([http]);
  assert.equal(applied(rival(60, { seconds: 840 }), { wins: true, fresh: 50 }), 'gone');
  assert.equal(applied(rival(60, { seconds: 840 }), { wins: false, fresh: 70 }), 'made');
});

test('a time that is longer than a state has here is cut to that', { skip }, () => {
  setUp([http]);
  assert.equal(applied(rival(0, { ...FIN_WAIT, seconds: 100_000 })), 'made');
  const [{ expires } = { expires: 0 }] = bed.director.connections();
  assert.ok(expires >= 118 && expires <= 120, `${expires}`);
});

test('templates of two directors: the later use counts, and one that connections hold is in use', { skip }, () => {
  const used = (idle: number, server: string, rest: Partial<ForeignTemplate> = {}): ForeignTemplate =>
    template({ server: at(server, 8080), idle, seconds: 300 - idle, ...rest });
  const only = (one: ForeignTemplate, wins = false): Applied | undefined =>
    bed.director.exclusively(() => applier.applyTemplates([one], { rivalry: { wins, fresh: 200 } }))[0];
  setUp([kept]);
  assert.equal(only(used(250, SERVERS[0])), 'gone');
  assert.equal(only(used(50, SERVERS[0])), 'made');
  assert.equal(only(used(60, SERVERS[1])), 'newer');
  assert.equal(only(used(60, SERVERS[0])), 'changed');
  assert.equal(only(used(60, SERVERS[0], { ended: true })), 'newer');
  assert.equal(only(used(10, SERVERS[1])), 'made');
  assert.equal(only(used(10, SERVERS[0])), 'newer');
  assert.equal(only(used(10, SERVERS[0]), true), 'made');
  assert.equal(only(used(5, SERVERS[0], { ended: true })), 'ended');
  checkTable(bed);
});

test('where each came to is reported, with what the other director has of it', { skip }, () => {
  setUp([http]);
  const news = new ConnectionNews(bed.folder);
  const reportedPorts = (): readonly number[] => {
    const found: number[] = [];
    while (news.look(256, { connection: ({ client }) => found.push(client.port), template: () => assert.fail('no template') }));
    return found;
  };
  reportedPorts();
  const come = (connections: readonly ForeignConnection[]) =>
    bed.director.exclusively(() => applier.apply(connections, { placed: (_, place, answer) => news.known(place, answer === 'made') }));
  assert.deepEqual(come([1, 2].map((port) => rival(0, { client: at(CLIENT, port) }))), ['made', 'made']);
  assert.deepEqual(reportedPorts(), [], 'it is no news to whom it came from');
  come([rival(0, { client: at(CLIENT, 1), ...FIN_WAIT })]);
  assert.deepEqual(reportedPorts(), []);
  bed.send('ingress', 'front', fromClient(tcp({ from: `${CLIENT}:2`, to: `${VIP}:80` }, 'FA')));
  assert.deepEqual(reportedPorts(), [2]);
});
