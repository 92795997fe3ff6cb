// How a client's connection ends behind its last request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { templateOf } from '../../model/layer7/template.js';

const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

const LAST = [
  'GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n',
  'GET / HTTP/1.0\r\nHost: h\r\n\r\n',
  'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab',
];

test('a connection is closed behind the request that its client announced as its last', () => {
  for (const request of LAST) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, request);
    bed.feed(bed.servers[0]!, OK);
    assert.ok(client.received.endsWith('ok') && client.isClosed, request);
  }
});

test('a client that sends more behind its last request all the same gets its answer', () => {
  for (const request of LAST) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, request);
    bed.edge.onSend = (socket) => {
      if (socket === client) client.incoming.push(Buffer.from('\r\n'));
    };
    bed.feed(bed.servers[0]!, OK);
    assert.ok(client.received.endsWith('ok') && client.isClosed, request);
  }
});

test('the access log has the bytes of each answer, and of its body', () => {
  const bed = new ProxyBed({ servers: 1 });
  const client = bed.client();
  bed.feed(client, 'GET / HTTP/1.1\r\nHost: h\r\n\r\n');
  bed.feed(bed.servers[0]!, 'HTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n');
  bed.feed(bed.servers[0]!, OK);
  const first = client.received.length;
  bed.feed(client, 'GET / HTTP/1.1\r\n\r\n');
  const second = client.received.length - first;
  const body = client.received.slice(client.received.lastIndexOf('\r\n\r\n') + 4);
  assert.deepEqual(
    bed.edge.records.map(({ bytes, bodyBytes }) => [bytes, bodyBytes]),
    [
      [first, 2],
      [second, body.length],
    ],
  );
  assert.equal(body, '400 Bad Request\n');
});

test('where the client may still send, its connection is read on, so that no reset destroys the answer', () => {
  for (const request of [
    `${LAST[0]}GET /more HTTP/1.1\r\nHost: h\r\n\r\n`,
    'POST / HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 70000\r\n\r\nab',
    'POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\nab',
  ]) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, request);
    bed.feed(bed.servers[0]!, OK);
    assert.deepEqual([client.isShut, client.isClosed], [true, false], request);
    bed.end(client);
    assert.equal(client.isClosed, true);
  }
});

test('the last answer of a connection that had enough requests is marked, and what follows its request is not served', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
  const text = { kind: 'status', status: 200, body: templateOf('ok') } as const;
  for (const [action, servers] of [
    [undefined, 1],
    [undefined, 0],
    [text, 1],
  ] as const) {
    const bed = new ProxyBed({ servers, limits: { keepAliveRequests: 2 }, ...(action === undefined ? {} : { action }) });
    const client = bed.client();
    bed.feed(client, GET.repeat(4));
    for (let count = 0; count < 2; count++) for (const server of bed.servers) bed.feed(server, OK);
    const heads = client.received.split('HTTP/1.1 ').slice(1);
    assert.deepEqual(
      heads.map((head) => head.includes('\r\nConnection: close\r\n')),
      [false, true],
    );
    assert.deepEqual([client.isShut, bed.edge.records.length], [true, 2]);
  }
});

test('requests that a client sent ahead of its end are served, and one that is not whole ends with it', () => {
  const GET = 'GET / HTTP/1.1\r\nHost: h\r\n\r\n';
  for (const cut of ['', 'GET / HT', 'PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 70000\r\n\r\nab']) {
    const bed = new ProxyBed({ servers: 1 });
    const client = bed.client();
    bed.feed(client, GET.repeat(3) + cut);
    bed.end(client);
    for (let count = 0; count < 3; count++) bed.feed(bed.servers[0]!, OK);
    const heads = client.received.split('HTTP/1.1 ').slice(1);
    assert.deepEqual(
      heads.map((head) => head.includes('\r\nConnection: close\r\n')),
      [false, false, cut === ''],
    );
    assert.equal(client.isClosed, true, cut);
  }
});
