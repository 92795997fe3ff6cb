// How a client's connection ends behind its last request.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';

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
    assert.equal(client.isShut, false);
  }
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
