// The first request of a connection: it is mostly there when the connection is accepted, and then served without a place in the set of what is
// watched; its answer acknowledges it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { PEER_CLOSED, READABLE } from './edge.js';

const GET = 'GET /a HTTP/1.1\r\nHost: h\r\n\r\n';
const LAST = 'GET /a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n';
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
const READING = READABLE | PEER_CLOSED;
const TICK_S = 0.1;

test('one that came with its connection is answered without a watch; the connection is watched from then on', () => {
  const bed = new ProxyBed({ servers: 1 });
  const [last, kept] = [bed.client(LAST), bed.client(GET)];
  for (const server of bed.servers) bed.feed(server, OK);
  assert.ok(last.received.endsWith('ok') && kept.received.endsWith('ok'));
  assert.deepEqual([last.isClosed, last.watched, last.acknowledges], [true, undefined, false]);
  assert.deepEqual([kept.isClosed, kept.watched, kept.acknowledges], [false, READING, false]);
  bed.feed(kept, LAST);
  // the connection that was used last
  bed.feed(bed.servers[1]!, OK);
  assert.ok(kept.isClosed);
});

test('a connection without a request is watched, and so is one whose request is not whole, which is acknowledged', () => {
  for (const [sent, acknowledges] of [
    ['', false],
    ['GET /a HT', true],
    ['PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na', true],
    ['PUT /a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n', true],
  ] as const) {
    const client = new ProxyBed().client(sent);
    assert.deepEqual([client.watched, client.acknowledges], [READING, acknowledges], sent);
  }
});

test('each request in pieces is acknowledged once, also behind another one; one that is answered by then is not', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  const acknowledges = (sent: string): boolean => {
    client.acknowledges = false;
    bed.feed(client, sent);
    return client.acknowledges;
  };
  for (let count = 0; count < 3; count++) {
    assert.deepEqual(['PUT /a HTTP/1.1\r\n', 'Host: h\r\n', 'Content-Length: 2\r\n\r\n', 'a', 'b'].map(acknowledges), [
      ...[true, false, false, false],
      false,
    ]);
    bed.feed(bed.servers[0]!, OK);
  }
  assert.ok(acknowledges('PUT /a HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n'));
  bed.feed(bed.servers[0]!, 'HTTP/1.1 100 Continue\r\n\r\n');
  assert.equal(acknowledges('a'), false, 'it is whole');
  assert.equal(acknowledges('no request\r\n\r\n'), false, 'refused');
});

test('a client that goes while its first request is served is seen by the next tick', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client(LAST);
  assert.equal(client.watched, undefined);
  bed.break(client);
  bed.wait(TICK_S);
  assert.ok(client.isClosed && bed.servers[0]!.isClosed);
  assert.deepEqual(
    bed.edge.records.map(({ ending }) => ending),
    ['client-closed'],
  );
});

test('of a client that sends no more behind its first request the answer is whole', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client(GET);
  client.ended = true;
  bed.wait(TICK_S);
  bed.feed(bed.servers[0]!, OK);
  assert.ok(client.received.endsWith('ok') && client.isClosed);
});

test('one that cannot be watched is closed, and nothing of it is left', () => {
  const bed = new ProxyBed({ servers: 1 });
  const [served, kept] = [bed.client(GET), bed.client(GET)];
  bed.edge.isSetFull = true;
  const silent = bed.client();
  assert.ok(silent.isClosed);
  bed.feed(bed.servers[0]!, OK);
  assert.ok(served.received.endsWith('ok') && served.isClosed, 'after its answer');
  bed.wait(TICK_S);
  assert.ok(kept.isClosed && bed.servers[1]!.isClosed);
  assert.deepEqual([bed.machine.clients, bed.machine.idleClients.size], [0, 0]);
});
