// What a pool states of its connections, and the limit of fields.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OWN, ProxyBed } from '../../../test/support/proxy-bed.js';
import { defaultKeepAlive } from '../../model/layer7/defaults.js';
import { templateOf } from '../../model/layer7/template.js';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const SENT = 'GET /a HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: http\r\nVia: 1.1 weir\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

test('a pool with the PROXY protocol gets the client in front of each request, on a connection of its own', () => {
  for (const [sendProxy, before] of [
    ['v1', 'PROXY TCP4 192.0.2.1 192.0.2.1 1024 80\r\n'],
    ['v2', '\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x01\xc0\0\x02\x01\x04\0\0\x50'],
  ] as const) {
    const bed = new ProxyBed({ servers: 1, pool: { sendProxy } });
    const client = bed.client();
    for (let round = 0; round < 2; round++) {
      bed.feed(client, GET);
      const server = bed.servers[round]!;
      assert.ok(server.received.startsWith(`${before}GET /a HTTP/1.1\r\n`), JSON.stringify(server.received));
      assert.match(server.received, /\r\nConnection: close\r\n/);
      bed.feed(server, OK);
      assert.ok(server.isClosed);
    }
    assert.equal(client.received, OK.repeat(2));
  }
});

test('of a listener of all addresses a server and a route get the one that the client connected to', () => {
  const requestFields = [{ name: 'X-At', value: templateOf('$server_addr') }];
  for (const [listensOn, own] of [
    ['0.0.0.0', OWN],
    ['::', OWN],
    ['192.0.2.7', '192.0.2.7'],
  ]) {
    const bed = new ProxyBed({ servers: 1, listensOn: listensOn!, pool: { sendProxy: 'v1' }, proxying: { requestFields } });
    bed.feed(bed.client(), GET);
    const { received } = bed.servers[0]!;
    assert.ok(received.startsWith(`PROXY TCP4 192.0.2.1 ${own} 1024 80\r\n`), received);
    assert.match(received, new RegExp(`\r\nX-At: ${own}\r\n`));
  }
});

test('a pool whose connections are not shared uses one for its client alone, and closes it with the client', () => {
  const bed = new ProxyBed({ servers: 1, pool: { keepAlive: { ...defaultKeepAlive, reuse: 'client' } } });
  const [one, other] = [bed.client(), bed.client()];
  for (let round = 0; round < 2; round++) {
    for (const [index, client] of [one, other].entries()) {
      bed.feed(client, GET);
      bed.feed(bed.servers[index]!, OK);
    }
  }
  assert.deepEqual(
    bed.servers.map(({ received }) => received),
    [SENT.repeat(2), SENT.repeat(2)],
  );
  bed.end(one);
  assert.deepEqual(
    bed.servers.map(({ isClosed }) => isClosed),
    [true, false],
  );
});

test('a connection to a server that a client proved itself on is for no other client, and ends with it', () => {
  const asked = (extra: string): string => GET.replace('\r\n\r\n', `\r\n${extra}\r\n`);
  const challenge = (value: string): string => `HTTP/1.1 401 No\r\nWWW-Authenticate: ${value}\r\nContent-Length: 0\r\n\r\n`;
  const rounds: readonly (readonly [authorization: string, answer: string, isBound: boolean])[] = [
    ['', challenge('NTLM'), true],
    ['', challenge('Basic realm="a, b", negotiate'), true],
    ['', challenge('Basic realm=NTLM'), false],
    ['Authorization: Negotiate YII=\r\n', OK, true],
    ['AUTHORIZATION: ntlm TlRM\r\n', OK, true],
    ['Authorization: Nego2 x\r\n', OK, true],
    ['Authorization: Negotiated x\r\n', OK, false],
    ['Authorization: Basic eDp5\r\n', OK, false],
  ];
  for (const [authorization, answer, isBound] of rounds) {
    const bed = new ProxyBed({ servers: 1 });
    const [one, other] = [bed.client(), bed.client()];
    bed.feed(one, asked(authorization));
    bed.feed(bed.servers[0]!, answer);
    bed.feed(other, GET);
    assert.equal(bed.servers.length, isBound ? 2 : 1, authorization + answer);
    bed.feed(bed.servers.at(-1)!, OK);
    bed.feed(one, asked('X: again\r\n'));
    assert.match(bed.servers[0]!.received, /X: again/);
    bed.feed(bed.servers[0]!, OK);
    bed.end(one);
    assert.deepEqual(
      bed.servers.map(({ isClosed }) => isClosed),
      isBound ? [true, false] : [false],
    );
  }
});

test('the number of fields is the limit that is stated', () => {
  const bed = new ProxyBed({ servers: 1, limits: { fieldsMax: 3 } });
  const request = (fields: number): string => `GET / HTTP/1.1\r\nHost: h\r\n${'A: b\r\n'.repeat(fields - 1)}\r\n`;
  const [taken, refused] = [bed.client(), bed.client()];
  bed.feed(taken, request(3));
  bed.feed(refused, request(4));
  assert.equal(bed.servers.length, 1);
  assert.match(refused.received, /^HTTP\/1\.1 431 /);
});
