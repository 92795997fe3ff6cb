// The proxy's own answers: what follows the head of one is the client's next answer, unless the head has announced it.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ProxyBed } from '../../../test/support/proxy-bed.js';
import { templateOf } from '../../model/layer7/template.js';
import { ownAnswer } from './own-answer.js';

test('204, 205 and 304 have no body, whatever the route has, and a HEAD has none either', () => {
  const answered = (status: number, method = 'GET'): readonly (string | undefined)[] => {
    const bed = new ProxyBed({ action: { kind: 'status', status, body: templateOf('some text') } });
    const client = bed.client();
    bed.feed(client, `${method} / HTTP/1.1\r\nHost: h\r\n\r\n`);
    const end = client.received.indexOf('\r\n\r\n') + 4;
    return [/\r\nContent-Length: (.*)\r\n/.exec(client.received.slice(0, end))?.[1], client.received.slice(end)];
  };
  for (const status of [204, 304]) for (const method of ['GET', 'HEAD']) assert.deepEqual(answered(status, method), [undefined, '']);
  assert.deepEqual(answered(205), ['0', '']);
  assert.deepEqual(answered(200), ['9', 'some text']);
  assert.deepEqual(answered(200, 'HEAD'), ['9', '']);
});

test('without a text of its own each of them has its reason', () => {
  assert.equal(ownAnswer({ status: 304, body: '', closes: false, isHead: false }), 'HTTP/1.1 304 Not Modified\r\n\r\n');
  assert.match(ownAnswer({ status: 404, body: '', closes: true, isHead: false }), /\r\nConnection: close\r\n\r\n404 Not Found\n$/);
});
