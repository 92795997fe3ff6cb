// Connections by FULLNAT that another director has: they keep their local port here, which no pool hands out to another client meanwhile.

import assert from 'node:assert/strict';
import { applyChange } from '../../src/datapath/apply-change.js';
import { ConnectionNews } from '../../src/datapath/ebpf/sync/connection-news.js';
import { FullnatPools } from '../../src/datapath/ebpf/table/fullnat-pools.js';
import type { Applied, Rivalry } from '../../src/model/foreign-connection.js';
import { ItemFlag, type StreamItem } from '../../src/wire/sync/stream-item.js';
import { breadth, test } from '../support/breadth.js';
import { carriageOf, subjectOf } from './fixture-subject.js';
import { CLIENT, ip, OWN, SERVERS, VIP } from './fixtures/bed-addresses.js';
import { destination, type Fixture, type Setup, type Step, service } from './fixtures/fixture.js';
import { fixtures } from './fixtures/index.js';
import { fromClient, fromServer, tcp, toClient, udp } from './fixtures/packets.js';
import { isTooShortForTc, prepare } from './fixtures/play-fixture.js';
import { additions } from './fixtures/setup-changes.js';
import { applier, bed, skip, wipe } from './foreign-bed.js';
import { applyBytes, changedBytes, ownBytes } from './own-stream.js';

/** What goes with a fragment, a line of FTP or a client's report beside its flow. */
const MORE_THAN_A_FLOW = /fragment|FTP|TOA|PROXY|report/i;
const MOVING: ReadonlySet<Step['kind']> = new Set(['frame', 'sysctl', 'rp_filter']);

function isTransferable({ description, setup, before: steps = [] }: Fixture): boolean {
  const locals = setup.some(({ destinations }) => destinations.some(({ method }) => method === 'fullnat'));
  const plain = locals && !MORE_THAN_A_FLOW.test(description);
  return plain && steps.some(({ kind }) => kind === 'frame') && steps.every(({ kind }) => MOVING.has(kind));
}

function own(): Uint8Array {
  const news = new ConnectionNews(bed.folder);
  return ownBytes(news);
}
const listing = () => new Set([...subjectOf(bed, false).connections()].map((each) => JSON.stringify(each)));

breadth('every fixture with FULLNAT’s connections: the same ports, and the packet goes where it went', { skip }, () => {
  const all = fixtures.filter((fixture) => isTransferable(fixture) && !isTooShortForTc(fixture));
  let followed = 0;
  for (const fixture of all) {
    const { hook, device, frame, description } = fixture;
    bed.wipe();
    const subject = subjectOf(bed, false);
    prepare(subject, fixture);
    const [had, bytes] = [listing(), own()];
    if (had.size === 0) continue;
    const went = bed.send(hook, device, frame, carriageOf(fixture));
    const left = listing();
    wipe();
    prepare(subject, { ...fixture, before: (fixture.before ?? []).filter(({ kind }) => kind !== 'frame') });
    assert.deepEqual(new Set(applyBytes(bed, applier, bytes)), new Set(['made']), description);
    assert.deepEqual(listing(), had, description);
    if (left.size !== had.size) continue; // another client’s first packet goes where the pool stands
    const goes = bed.send(hook, device, frame, carriageOf(fixture));
    assert.deepEqual(
      [goes.verdict, Buffer.from(goes.frame).toString('hex')],
      [went.verdict, Buffer.from(went.frame).toString('hex')],
      description,
    );
    followed += 1;
  }
  assert.ok(followed > 60, `${followed} of ${all.length}`);
});

const LOCAL = OWN.back;
const [FIRST_PORT, SERVER] = [1024, `${SERVERS[0]}:8080`];
const setup: readonly Setup[] = [service('tcp', VIP, 80, [{ ...destination(SERVER, 'fullnat'), localAddresses: [ip(LOCAL)] }])];
const setUp = (ports: number): void => {
  wipe();
  for (const change of setup.flatMap(additions)) applyChange(bed.director, change);
  bed.limitLocalPorts(ports);
};

const asks = (k: number) => ({ from: `${CLIENT}:${40000 + k}`, to: `${VIP}:80` });
const send = (k: number, letters: string) => bed.send('ingress', 'front', fromClient(tcp(asks(k), letters)));
const answers = (port: number, letters: string) =>
  bed.send('ingress', 'back', fromServer(tcp({ from: SERVER, to: `${LOCAL}:${port}` }, letters)));
/** The port by which the server sees a client’s packet. */
function portOf(k: number, letters: string): number | undefined {
  const { verdict, frame } = send(k, letters);
  return verdict === 'redirect' ? Buffer.from(frame).readUInt16BE(34) : undefined;
}
const used = (): number => new FullnatPools(bed.tables).usedOf('inet');

/** Items as another director may send them. */
const items = (change: (item: StreamItem) => void, ended = false): Uint8Array => changedBytes(own(), change, ended);
const put = (bytes: Uint8Array, rivalry?: Rivalry): readonly (Applied | undefined)[] =>
  applyBytes(bed, applier, bytes, rivalry && { rivalry });

/** Of clients that have begun. */
function established(...clients: readonly number[]): void {
  for (const k of clients) {
    const port = portOf(k, 'S');
    assert.ok(port !== undefined);
    answers(port, 'SA');
    send(k, 'A');
  }
}
const unchanged = (): void => {};

test('a pool does not hand out the port of a connection from elsewhere, and gets it back once', { skip }, () => {
  setUp(4);
  established(0, 1);
  const [two, end] = [items(unchanged), items(unchanged, true)];
  setUp(4);
  assert.deepEqual(put(two), ['made', 'made']);
  assert.deepEqual(put(two), ['changed', 'changed']);
  assert.equal(used(), 2);
  assert.deepEqual(
    [2, 3].map((k) => portOf(k, 'S')),
    [FIRST_PORT + 2, FIRST_PORT + 3],
  );
  assert.deepEqual(
    [0, 1].map((k) => portOf(k, 'A')),
    [FIRST_PORT, FIRST_PORT + 1],
  );
  assert.equal(used(), 4);
  assert.deepEqual(put(end), ['ended', 'ended']);
  assert.equal(used(), 2);
  assert.deepEqual([4, 5].map((k) => portOf(k, 'S')).sort(), [FIRST_PORT, FIRST_PORT + 1]);
  assert.equal(used(), 4);
});

test('one that ends before its port’s turn comes leaves the port to its pool', { skip }, () => {
  setUp(4);
  established(0, 1);
  const [two, end] = [items(unchanged), items(unchanged, true)];
  setUp(4);
  put(two);
  assert.deepEqual(put(end), ['ended', 'ended']);
  assert.equal(used(), 0);
  const ports = [2, 3, 4, 5].map((k) => portOf(k, 'S'));
  assert.deepEqual(
    ports,
    [0, 1, 2, 3].map((k) => FIRST_PORT + k),
  );
  assert.equal(used(), 4);
});

test('a port that another client has: refused, and taken from one that is closed', { skip }, () => {
  setUp(4);
  established(0);
  const zero = items(unchanged);
  const other = items((item) => {
    item.port = 50_000;
  });
  setUp(4);
  assert.deepEqual(put(zero), ['made']);
  assert.deepEqual(put(other), ['port']);
  assert.equal(portOf(0, 'A'), FIRST_PORT);
  send(0, 'R');
  assert.deepEqual(put(other), ['made']);
  assert.equal(used(), 1);
  assert.equal(portOf(10_000, 'A'), FIRST_PORT);
  assert.deepEqual(bed.drops(), { local_port_replaced: 1 });
});

test('one that is not made leaves no flow', { skip }, () => {
  setUp(4);
  established(0);
  const stale = items((item) => {
    item.idle = 100_000;
  });
  setUp(4);
  assert.deepEqual(put(stale, { wins: false, fresh: 10 }), ['gone']);
  assert.equal(used(), 0);
  assert.equal(listing().size, 0);
});

test('of two flows of one client that with the later packet stays', { skip }, () => {
  setUp(4);
  established(0);
  const elsewhere = items((item) => {
    item.localPort = FIRST_PORT + 3;
    item.idle = 5000;
    item.seconds = 850;
  });
  const later = items((item) => {
    item.localPort = FIRST_PORT + 3;
    item.bits = (item.bits & ~15) | 4;
    item.seconds = 120;
  });
  assert.deepEqual(put(elsewhere), ['changed']);
  assert.equal(portOf(0, 'A'), FIRST_PORT);
  assert.deepEqual(put(later, { wins: true, fresh: Number.POSITIVE_INFINITY }), ['changed']);
  assert.equal(portOf(0, 'A'), FIRST_PORT + 3);
  assert.equal(used(), 1);
});

test('no such local address, or none at all: it is refused', { skip }, () => {
  setUp(4);
  established(0);
  const elsewhere = items((item) => {
    item.local[0] = 0x01020304;
  });
  const without = items((item) => {
    item.flags &= ~ItemFlag.local;
  });
  const six = items((item) => {
    item.isLocalInet6 = true;
  });
  setUp(4);
  assert.deepEqual([...put(elsewhere), ...put(without), ...put(six)], ['unbound', 'unsupported', 'unsupported']);
  assert.equal(listing().size, 0);
});

test('a reply of such a connection goes to its client by VIP', { skip }, () => {
  setUp(4);
  established(0);
  const bytes = items(unchanged);
  setUp(4);
  put(bytes);
  const { verdict, frame } = answers(FIRST_PORT, 'A');
  assert.equal(verdict, 'redirect');
  assert.deepEqual(Buffer.from(frame), Buffer.from(toClient(tcp({ from: `${VIP}:80`, to: asks(0).from }, 'A', { ttl: 63 }))));
});

test('a UDP client’s port is known as soon as its datagram was sent', { skip }, () => {
  wipe();
  const spec = service('udp', VIP, 53, [{ ...destination(`${SERVERS[0]}:53`, 'fullnat'), localAddresses: [ip(LOCAL)] }]);
  for (const change of additions(spec)) applyChange(bed.director, change);
  const datagram = fromClient(udp({ from: `${CLIENT}:5000`, to: `${VIP}:53` }));
  const went = bed.send('ingress', 'front', datagram);
  const bytes = own();
  wipe();
  for (const change of additions(spec)) applyChange(bed.director, change);
  assert.deepEqual(put(bytes), ['made']);
  assert.deepEqual(Buffer.from(bed.send('ingress', 'front', datagram).frame), Buffer.from(went.frame));
});
