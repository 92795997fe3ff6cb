import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CHUNKED, UNTIL_CLOSE } from './body.js';
import { forwardedInterim, forwardedResponse } from './forwarded-head.js';
import { type HttpRefusal, Refusals } from './refusal.js';
import { parseResponseHead, type ResponseHead } from './response-head.js';

function parsed(text: string, method = 'GET'): ResponseHead {
  const head = parseResponseHead(text, method);
  assert.equal(head.kind, 'response', JSON.stringify(head));
  return head as ResponseHead;
}

test('a body has the length of RFC 9112 §6.3', () => {
  assert.equal(parsed('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n').body, 5);
  assert.equal(parsed('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n').body, CHUNKED);
  assert.equal(parsed('HTTP/1.1 200 OK\r\n').body, UNTIL_CLOSE);
  assert.equal(parsed('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n', 'HEAD').body, 0);
  for (const status of ['103 Early Hints', '204 No Content', '304 Not Modified'])
    assert.equal(parsed(`HTTP/1.1 ${status}\r\nContent-Length: 5\r\n`).body, 0, status);
});

const REFUSED: readonly (readonly [head: string, refusal: HttpRefusal])[] = [
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n', Refusals.contentLengthTwice],
  ['HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n', Refusals.codingAndLength],
  ['HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n', Refusals.codingOfOldVersion],
  ['HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n', Refusals.coding],
  ['HTTP/1.1 20 OK\r\n', Refusals.statusLine],
  ['HTTP/1.1 600 OK\r\n', Refusals.statusLine],
  ['HTTP/2 200 OK\r\n', Refusals.statusLine],
  ['ICY 200 OK\r\n', Refusals.statusLine],
  ['HTTP/1.1 200 O\nK\r\n', Refusals.bareLineFeed],
  ['HTTP/1.1 200 OK\r\nX: a\rSet-Cookie: b\r\n', Refusals.bareCarriageReturn],
  ['HTTP/1.1 200 OK\r\nX : a\r\n', Refusals.fieldName],
  ['HTTP/1.1 200 OK\r\nX: a\r\n b\r\n', Refusals.fold],
];

test('a response that could be read in two ways is refused', () => {
  for (const [head, refusal] of REFUSED) assert.deepEqual(parseResponseHead(head, 'GET'), refusal, head);
});

const TO = { closes: false, isOldVersion: false, extra: '' } as const;

test('a response is sent on with one length of our own making', () => {
  const head = parsed('HTTP/1.0 200\r\nA_b: c\r\nKeep-Alive: 5\r\nConnection: x, keep-alive\r\nX: 1\r\nContent-Length: 05\r\n');
  assert.equal(head.keepsOpen, true);
  assert.equal(forwardedResponse(head, { ...TO, coding: 'length' }), 'HTTP/1.1 200 \r\nA_b: c\r\nContent-Length: 5\r\n\r\n');
  const open = parsed('HTTP/1.1 200 Fine\r\n');
  assert.equal(open.keepsOpen, false);
  assert.equal(forwardedResponse(open, { ...TO, coding: 'chunked' }), 'HTTP/1.1 200 Fine\r\nTransfer-Encoding: chunked\r\n\r\n');
  assert.equal(forwardedResponse(open, { ...TO, coding: 'close', closes: true }), 'HTTP/1.1 200 Fine\r\nConnection: close\r\n\r\n');
});

test('an answer without a body keeps the length that it describes, and gets none', () => {
  const send = (text: string, method = 'GET'): string => forwardedResponse(parsed(text, method), { ...TO, coding: 'length' });
  assert.equal(send('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n', 'HEAD'), 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n');
  assert.equal(send('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n', 'HEAD'), 'HTTP/1.1 200 OK\r\n\r\n');
  assert.equal(send('HTTP/1.1 304 \r\n'), 'HTTP/1.1 304 \r\n\r\n');
  assert.equal(send('HTTP/1.1 204 No\r\nContent-Length: 9\r\n'), 'HTTP/1.1 204 No\r\n\r\n');
});

test('1xx are sent on; of 101 the protocol', () => {
  const head = parsed('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nX: y\r\n');
  assert.equal(head.upgrade, 'websocket');
  assert.equal(forwardedInterim(head), 'HTTP/1.1 101 Switching Protocols\r\nX: y\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  assert.equal(forwardedInterim(parsed('HTTP/1.1 103 Early Hints\r\nLink: x\r\n')), 'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n');
});
