import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { type MemorySocket, ProxyBed } from '../../../test/support/proxy-bed.js';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const SENT = 'GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nVia: 1.1 weir\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
const statusOf = ({ received }: MemorySocket): string => received.slice(9, 12);
const endings = ({ edge }: ProxyBed): readonly string[] => edge.records.map(({ ending }) => ending);

test('requests of one connection go to the servers in turn, whose connections are used again', () => {
  const bed = new ProxyBed();
  const client = bed.client();
  for (let round = 0; round < 4; round++) {
    bed.feed(client, GET);
    bed.feed(bed.servers[round % 2]!, OK);
  }
  assert.equal(client.received, OK.repeat(4));
  assert.deepEqual(
    bed.servers.map(({ received }) => received),
    [SENT.repeat(2), SENT.repeat(2)],
  );
  assert.deepEqual(endings(bed), ['done', 'done', 'done', 'done']);
});

const cut = (text: string, cuts: readonly number[]): string[] => {
  const places = [...cuts.map((one) => one % (text.length + 1)), text.length].sort((a, b) => a - b);
  return places.map((place, index) => text.slice(places[index - 1] ?? 0, place));
};

const REQUESTS = [
  GET,
  'POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello',
  'PUT /c HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nT: u\r\n\r\n',
];
const BODIES = ['', 'hello', 'abcde'];
const ANSWERS = [
  OK,
  `HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${CHUNKED}4;e\r\nwxyz\r\n1\r\n!\r\n0\r\nT: u\r\n\r\n`,
  'HTTP/1.1 204 No Content\r\n\r\n',
];
const ANSWERED = ['ok', 'wxyz!', ''];

/** The body of one message, its chunks joined. */
function bodyOf(text: string): string {
  const end = text.indexOf('\r\n\r\n');
  let rest = text.slice(end + 4);
  if (!text.slice(0, end).includes('Transfer-Encoding: chunked')) return rest;
  let found = '';
  for (let size = Number.parseInt(rest, 16); size > 0; size = Number.parseInt(rest, 16)) {
    const start = rest.indexOf('\r\n') + 2;
    found += rest.slice(start, start + size);
    rest = rest.slice(start + size + 2);
  }
  return found;
}

test('any split of the bytes gives the same requests at the servers and the same answers at the client', () => {
  const cuts = fc.array(fc.nat(400), { maxLength: 10 });
  fc.assert(
    fc.property(
      fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
      cuts,
      fc.array(fc.tuple(fc.nat(2), cuts), { minLength: 4, maxLength: 4 }),
      (kinds, places, answers) => {
        const bed = new ProxyBed({ servers: 1 });
        const client = bed.client();
        bed.feed(client, ...cut(kinds.map((kind) => REQUESTS[kind]).join(''), places));
        let expected = 0;
        for (const [index, kind] of kinds.entries()) {
          const server = bed.servers.find(({ isClosed }) => !isClosed)!;
          assert.equal(bodyOf(server.received), BODIES[kind], server.received);
          assert.equal(server.received.match(/ HTTP\/1\.1\r\n/g)?.length, 1);
          server.received = '';
          const [answer, split] = answers[index]!;
          bed.feed(server, ...cut(ANSWERS[answer]!, split));
          const received = client.received.slice(expected).replace(/^HTTP\/1\.1 103[\s\S]*?\r\n\r\n/, '');
          assert.equal(bodyOf(received), ANSWERED[answer]);
          expected = client.received.length;
        }
        assert.equal(client.isClosed, false);
        assert.equal(bed.servers.length, 1);
      },
    ),
    { numRuns: 200 },
  );
});

test('what is sent ahead waits, bounded, and is served in its order', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET.repeat(1000));
  assert.equal(bed.servers[0]?.received, SENT);
  assert.ok(client.watched === 0 && client.incoming.length === 0);
  bed.feed(client, ...Array.from({ length: 20 }, () => GET));
  assert.equal(client.incoming.length, 20, 'nothing is read while enough waits');
  for (let count = 0; count < 30; count++) bed.feed(bed.servers[0]!, OK);
  assert.equal(client.received, OK.repeat(30));
});

test('an answer of HTTP/1.1 is framed for each client as it can read it', () => {
  const open = 'HTTP/1.1 200 OK\r\n\r\n';
  const bed = new ProxyBed({ servers: 1 });
  const old = bed.client();
  bed.feed(old, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  bed.feed(bed.servers[0]!, `${CHUNKED}3\r\nabc\r\n0\r\n\r\n`);
  assert.equal(old.received, 'HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nabc');
  assert.ok(old.isShut);
  const kept = bed.client();
  bed.feed(kept, 'GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n');
  bed.feed(bed.servers[0]!, OK);
  assert.equal(kept.received, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: keep-alive\r\n\r\nok');
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, `${open}abc`, 'def');
  bed.end(bed.servers[0]!);
  assert.equal(client.received, `${CHUNKED}3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n`);
  assert.deepEqual([client.isClosed, bed.servers[0]?.isClosed], [false, true]);
});

test('an answer cut by its server is cut for the client, and not ended', () => {
  for (const answer of ['HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc', `${CHUNKED}3\r\nabc\r\n`]) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, GET);
    bed.feed(bed.servers[0]!, answer);
    bed.end(bed.servers[0]!);
    assert.ok(client.received.endsWith('abc') || client.received.endsWith('abc\r\n'));
    assert.ok(client.isShut || client.isClosed);
    assert.deepEqual(endings(bed), ['server-closed']);
  }
});

test('bytes behind an answer end its server connection, and reach no client', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, `${OK}HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad`);
  assert.equal(client.received, OK);
  assert.equal(bed.servers[0]?.isClosed, true);
  bed.feed(client, GET);
  bed.feed(bed.servers[1]!, OK);
  bed.feed(bed.servers[1]!, 'late');
  assert.equal(bed.servers[1]?.isClosed, true);
  assert.equal(client.received, OK + OK);
});

test('a request that no server had is sent to the next one; where there is none, the answer is 502', () => {
  const bed = new ProxyBed();
  bed.edge.refusing.add('s1');
  const client = bed.client();
  bed.feed(client, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi');
  assert.equal(bed.servers[0]?.server?.name, 's2');
  bed.edge.refusing.add('s2');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok');
  bed.feed(client, GET);
  assert.match(client.received, /\r\n\r\n502 Bad Gateway\n$/);
  assert.deepEqual(endings(bed), ['done', 'connect-failed']);
  assert.equal(client.isClosed, false);
});

test('a server that breaks before its answer: idempotent requests go to the next, others are answered with 502', () => {
  for (const [request, tries] of [
    [GET, 2],
    ['PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi', 2],
    ['POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nhi', 1],
    ['PATCH / HTTP/1.1\r\nHost: h\r\n\r\n', 1],
  ] as const) {
    const bed = new ProxyBed();
    const client = bed.client();
    bed.feed(client, request);
    bed.feed(bed.servers[0]!, 'HTTP/1.1 20');
    bed.break(bed.servers[0]!);
    assert.equal(bed.servers.length, tries, request);
    if (tries === 2) {
      assert.equal(bed.servers[1]?.received, bed.servers[0]?.received);
      bed.feed(bed.servers[1]!, OK);
      assert.equal(client.received, OK);
    } else assert.equal(statusOf(client), '502');
  }
});

test('a connection that was idle and breaks costs its server nothing: it is asked again by a new one', () => {
  const bed = new ProxyBed();
  const client = bed.client();
  bed.feed(client, GET, '');
  bed.feed(bed.servers[0]!, OK);
  bed.feed(client, GET);
  bed.feed(bed.servers[1]!, OK);
  bed.feed(client, GET);
  bed.end(bed.servers[0]!);
  assert.deepEqual(
    bed.servers.map(({ server }) => server?.name),
    ['s1', 's2', 's1'],
  );
  bed.feed(bed.servers[2]!, OK);
  assert.equal(client.received, OK.repeat(3));
});

test('what is no answer is 502, and its server connection is closed', () => {
  for (const answer of [
    'HTTP/1.1 200 OK\nX: y\r\n\r\n',
    'nonsense\r\n\r\n',
    'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
    'x'.repeat(33_000),
  ]) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, GET);
    bed.feed(bed.servers[0]!, answer);
    assert.deepEqual([statusOf(client), bed.servers[0]?.isClosed, endings(bed)], ['502', true, ['server-invalid']]);
  }
});

test('the next server is asked for the statuses that the route names, and the last answer is sent', () => {
  const bed = new ProxyBed({ proxying: { retry: { on: ['error', 'http_503'], tries: 0, timeoutUs: 0 } } });
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\na');
  assert.equal(client.received, '');
  bed.feed(bed.servers[1]!, 'HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nb');
  assert.equal(client.received, 'HTTP/1.1 503 No\r\nContent-Length: 1\r\n\r\nb');
});

test('Expect waits for the server, and a final answer before the body ends the connection', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, 'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  assert.match(bed.servers[0]!.received, /Expect: 100-continue/);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(client.received, 'HTTP/1.1 100 Continue\r\n\r\n');
  bed.feed(client, 'hi');
  bed.feed(bed.servers[0]!, OK);
  assert.ok(client.received.endsWith(OK) && bed.servers[0]!.received.endsWith('hi'));
  const other = bed.client();
  bed.feed(other, 'POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n');
  bed.feed(bed.servers[0]!, OK);
  assert.equal(other.received, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok');
  assert.deepEqual([other.isShut, bed.servers[0]?.isClosed], [true, true]);
});

test('a WebSocket passes bytes both ways, and each side ends by itself', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, 'GET /ws HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n\r\n');
  const [server] = bed.servers;
  assert.match(server!.received, /Connection: upgrade\r\nUpgrade: websocket\r\n/);
  bed.feed(server!, 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01a');
  bed.feed(client, '\x81\x01b', 'GET / HTTP/1.1\r\n\r\n');
  assert.ok(client.received.endsWith('\r\n\r\n\x81\x01a'));
  assert.ok(server!.received.endsWith('\x81\x01bGET / HTTP/1.1\r\n\r\n'));
  bed.machine.configure({ router: bed.machine.router, limits: bed.machine.limits, explainToken: undefined });
  bed.wait(600);
  assert.equal(client.isClosed, false);
  bed.end(client);
  assert.deepEqual([server!.isShut, server!.isClosed], [true, false]);
  bed.feed(server!, 'last');
  bed.end(server!);
  assert.ok(client.received.endsWith('last'));
  assert.equal(server!.isClosed, true);
  assert.deepEqual(endings(bed), ['tunnel-closed']);
});

test('h2c is not passed on', () => {
  const bed = new ProxyBed();
  bed.feed(
    bed.client(),
    'GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n',
  );
  assert.doesNotMatch(bed.servers[0]!.received, /upgrade|h2c|settings/i);
});

test('a slow client stops its server from being read, and a slow server its client: memory is bounded', () => {
  const bed = new ProxyBed({ servers: 1, proxying: { bodyMaxBytes: 0 } });
  const client = bed.client();
  bed.feed(client, 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 3000000\r\n\r\n');
  const [server] = bed.servers;
  server!.room = 1000;
  bed.feed(client, 'x'.repeat(1_500_000), 'x'.repeat(1_500_000));
  assert.ok(client.incoming.length > 0);
  bed.room(server!, Number.POSITIVE_INFINITY);
  assert.equal(client.incoming.length, 0);
  assert.equal(server!.received.length, server!.received.indexOf('\r\n\r\n') + 4 + 3_000_000);
  client.room = 500;
  bed.feed(server!, `HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n${'y'.repeat(2_000_000)}`);
  assert.ok(server!.incoming.length > 0 && client.received.length === 500);
  bed.room(client, Number.POSITIVE_INFINITY);
  assert.equal(client.received.length, 'HTTP/1.1 200 OK\r\nContent-Length: 2000000\r\n\r\n'.length + 2_000_000);
  assert.deepEqual(endings(bed), ['done']);
});

test('each phase has its time', () => {
  const bed = new ProxyBed();
  const silent = bed.client();
  bed.wait(61);
  assert.deepEqual([silent.received, silent.isClosed], ['', true]);
  const slow = bed.client();
  for (let second = 0; second < 70; second++) {
    if (!slow.isShut) bed.feed(slow, second === 0 ? 'GET / HTTP/1.1\r\n' : 'x');
    bed.wait(1);
  }
  assert.deepEqual([statusOf(slow), slow.isClosed], ['408', true]);
  const waiting = bed.client();
  bed.feed(waiting, 'POST / HTTP/1.1\r\nHost: h\r\n\r\n');
  bed.wait(61);
  assert.equal(statusOf(waiting), '504');
  const sending = bed.client();
  bed.feed(sending, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nabc');
  bed.wait(61);
  assert.equal(statusOf(sending), '408');
  const idle = bed.client();
  bed.feed(idle, GET);
  bed.feed(bed.servers.findLast(({ isClosed }) => !isClosed)!, OK);
  bed.wait(76);
  assert.equal(idle.isClosed, true);
  assert.ok(bed.servers.every(({ isClosed }) => isClosed));
});

test('a client that goes away takes its request along', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET);
  bed.break(client);
  assert.deepEqual([bed.servers[0]?.isClosed, endings(bed), bed.edge.records[0]?.status], [true, ['client-closed'], 499]);
  const half = bed.client();
  bed.feed(half, GET);
  bed.end(half);
  assert.equal(bed.servers[1]?.isClosed, false, 'who ends only its sending side gets its answer');
  bed.feed(bed.servers[1]!, OK);
  assert.ok(half.received.startsWith('HTTP/1.1 200') && half.isClosed);
});

test('limits are answered, and too many connections close an idle one', () => {
  const bed = new ProxyBed({ limits: { connectionsMax: 2, headMaxBytes: 4096 }, proxying: { bodyMaxBytes: 10 } });
  const long = bed.client();
  bed.feed(long, `GET /${'a'.repeat(5000)}`);
  assert.equal(statusOf(long), '431');
  bed.end(long);
  const big = bed.client();
  bed.feed(big, 'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n');
  assert.equal(statusOf(big), '413');
  bed.end(big);
  const chunks = bed.client();
  bed.feed(chunks, 'POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n01234567890\r\n');
  assert.equal(statusOf(chunks), '413');
  bed.end(chunks);
  const clients = [bed.client(), bed.client(), bed.client()];
  assert.deepEqual(
    clients.map(({ isClosed }) => isClosed),
    [true, false, false],
  );
  assert.equal(bed.machine.clients, 2);
});

test('bare LFs are refused before the head has ended, and one empty line before a request is ignored', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, 'GET / HTTP/1.1\nHost: h\n\n');
  assert.deepEqual([statusOf(client), client.isShut, bed.servers.length], ['400', true, 0]);
  const other = bed.client();
  bed.feed(other, '\r\n', GET);
  assert.equal(bed.servers[0]?.received, SENT);
});

test('the cause of an error reaches the operator who asks for it, and no other client', () => {
  const bed = new ProxyBed({ servers: 1, explainToken: 'secret' });
  bed.edge.refusing.add('s1');
  for (const [field, expected] of [
    ['X: y', false],
    ['Weir-Explain: other', false],
    ['Weir-Explain: secret', true],
  ] as const) {
    const client = bed.client();
    bed.feed(client, `GET / HTTP/1.1\r\nHost: h\r\n${field}\r\n\r\n`);
    assert.equal(/\r\nWeir-Cause: /.test(client.received), expected);
  }
});
