// Clients that read slowly or not at all, and servers that send more than they may.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';

const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
const LAST = 'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
const BODY_BYTES = 100_000;
const answer = `HTTP/1.1 200 OK\r\nContent-Length: ${BODY_BYTES}\r\n\r\n${'x'.repeat(BODY_BYTES)}`;
const SEND_TIMEOUT_S = 60;

test('a client that reads nothing is closed after its time, whether or not the answer came as a whole', () => {
  for (const [request, given] of [
    [GET, answer],
    [LAST, answer],
    [GET, answer.slice(0, -1)],
  ] as const) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    client.room = 1000;
    bed.feed(client, request);
    bed.feed(bed.servers[0]!, given);
    bed.wait(SEND_TIMEOUT_S - 1);
    assert.equal(client.isClosed, false);
    bed.wait(2);
    assert.equal(client.isClosed, true, JSON.stringify([request, given.length]));
  }
});

test('a client that reads slowly gets all of it, however long that takes', () => {
  for (const request of [GET, LAST, 'GET / HTTP/1.0\r\n\r\nmore']) {
    const bed = new ProxyBed({ servers: 1, limits: { keepAliveUs: 1e9 } });
    const client = bed.client();
    client.room = 0;
    bed.feed(client, request);
    bed.feed(bed.servers[0]!, answer);
    for (let second = 0; second < 20 * SEND_TIMEOUT_S; second += SEND_TIMEOUT_S / 2) {
      bed.room(client, BODY_BYTES / 30);
      bed.wait(SEND_TIMEOUT_S / 2);
    }
    assert.ok(client.received.endsWith('x'.repeat(BODY_BYTES)), request);
  }
});

test('any number of interim answers passes, and a slow client stops them', () => {
  const interim = 'HTTP/1.1 100 \r\n\r\n';
  const count = 7000;
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, interim.repeat(count));
  assert.equal(client.received, interim.repeat(count));
  client.room = 0;
  bed.feed(bed.servers[0]!, interim.repeat(count), interim.repeat(count), interim);
  assert.ok(bed.servers[0]!.incoming.length > 0, 'the server is not read while its client is full');
});

test('a server that breaks within the head of its answer is not asked again over a new connection', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
  bed.feed(client, GET);
  bed.feed(bed.servers[0]!, 'HTTP/1.1 20');
  bed.end(bed.servers[0]!);
  assert.equal(bed.servers.length, 1);
  assert.match(client.received, /HTTP\/1\.1 502 /);
});

test('a client that sends ahead and reads nothing has one answer waiting, and gets all when it reads', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  client.room = 0;
  bed.feed(client, GET.repeat(3));
  bed.feed(bed.servers[0]!, answer);
  assert.equal(bed.servers[0]!.received.match(/GET/g)?.length, 1);
  for (let count = 1; count <= 3; count++) {
    bed.room(client, answer.length);
    assert.equal(client.received.length, count * answer.length);
    if (count < 3) bed.feed(bed.servers[0]!, answer);
  }
  assert.equal(bed.servers[0]!.received.match(/GET/g)?.length, 3);
  assert.equal(client.isClosed, false);
});
