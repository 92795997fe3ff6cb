// What counts as a difference with a reason, and what as a defect: a reason explains its own construct, in the request that differs, with its own answer.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepingNone, refusalOf } from './in-process.js';
import type { OtherName } from './relation.js';
import { relationOf, type Verdict } from './three-way-requests.js';

const request = (fields: string, line = 'GET / HTTP/1.1'): string => `${line}\r\nHost: h\r\n${fields}\r\n`;
const PLAIN = request('');
const passed = (count: number, ...statuses: readonly number[]): Verdict => ({
  statuses: [...Array<number>(count).fill(200), ...statuses],
  requests: Array<string>(count).fill(PLAIN),
});
const kind = (bytes: string, weir: Verdict, other: Verdict, name: OtherName = 'haproxy', cause?: string): string =>
  relationOf(bytes, weir, other, name, () => cause).kind;

test('the reason of HAProxy: an empty member of Connection, in the request that it refuses, by 400', () => {
  const empty = request('Connection: ,keep-alive\r\n');
  assert.equal(kind(empty, passed(1), passed(0, 400)), 'the other refuses');
  assert.equal(kind(`${PLAIN}${empty}`, passed(2), passed(1, 400)), 'the other refuses');
  for (const [bytes, weir, other, name] of [
    [request('Connection: keep-alive\r\n'), passed(1), passed(0, 400), 'haproxy'],
    [request('Connection: keep-alive\r\nX-A: ,b\r\n'), passed(1), passed(0, 400), 'haproxy'],
    [empty, passed(1), passed(0, 400), 'nginx'],
    [empty, passed(1), passed(0, 502), 'haproxy'],
    [empty, passed(1), passed(0), 'haproxy'],
    [`${empty}${PLAIN}`, passed(2), passed(1, 400), 'haproxy'],
    [`${PLAIN}${empty}`, passed(2), passed(0, 400), 'haproxy'],
  ] as const)
    assert.equal(kind(bytes, weir, other, name), 'defect', JSON.stringify([bytes, other, name]));
  const elsewhere: Verdict = { statuses: [400], requests: [request('', 'GET /smuggled HTTP/1.1')] };
  assert.equal(kind(empty, passed(1), elsewhere), 'defect');
});

test('the reason of HAProxy: an upgrade to websocket without a key', () => {
  const asked = (fields: string): string => kind(request(fields), { statuses: [200], requests: [PLAIN] }, passed(0, 400));
  assert.equal(asked('Connection: Upgrade\r\nUpgrade: websocket\r\n'), 'the other refuses');
  for (const fields of [
    'Upgrade: websocket\r\n',
    'Connection: Upgrade\r\nUpgrade: h2c\r\n',
    'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n',
  ])
    assert.equal(asked(fields), 'defect', fields);
});

test('the reasons of nginx: its methods, and * of OPTIONS', () => {
  const lower = request('', 'get / HTTP/1.1');
  const weir = (bytes: string): Verdict => ({ statuses: [200], requests: [bytes] });
  const options = request('', 'OPTIONS * HTTP/1.1');
  assert.equal(kind(lower, weir(lower), passed(0, 400), 'nginx'), 'the other refuses');
  assert.equal(kind(options, weir(options), passed(0, 400), 'nginx'), 'the other refuses');
  const tabbed = `${request('Transfer-Encoding:\tchunked\r\n')}0\r\n\r\n`;
  assert.equal(kind(tabbed, weir(tabbed), passed(0, 501), 'nginx'), 'the other refuses');
  assert.equal(kind(tabbed, weir(tabbed), passed(0, 400), 'nginx'), 'defect');
  const other = request('X-A:\tchunked\r\n');
  assert.equal(kind(other, weir(other), passed(0, 501), 'nginx'), 'defect');
  const absolute = request('', 'OPTIONS http://b HTTP/1.1');
  const star = weir(request('', 'OPTIONS * HTTP/1.1'));
  const slash = (line: string): Verdict => ({ statuses: [200], requests: [request('', line)] });
  assert.equal(kind(absolute, star, slash('OPTIONS / HTTP/1.1'), 'nginx'), 'other bytes');
  assert.equal(kind(absolute, star, slash('OPTIONS /b HTTP/1.1'), 'nginx'), 'defect');
  assert.equal(kind(options, star, slash('OPTIONS / HTTP/1.1'), 'nginx'), 'defect');
  const field = request('a b: c d\r\nx y\r\n');
  assert.equal(kind(field, weir(field), passed(0, 400), 'nginx'), 'defect');
  assert.equal(kind(lower, weir(lower), passed(0, 400), 'haproxy'), 'defect');
});

test('the reason of nginx: the empty query of a target without a path, where it asks for / by the same method', () => {
  const one = (line: string): Verdict => ({ statuses: [200], requests: [request('', line)] });
  const asked = (line: string, weir: string, other: string, name: OtherName = 'nginx'): string =>
    kind(request('', line), one(weir), one(other), name);
  for (const method of ['GET', 'OPTIONS'])
    assert.equal(asked(`${method} http://b? HTTP/1.1`, `${method} /? HTTP/1.1`, `${method} / HTTP/1.1`), 'other bytes', method);
  for (const [line, weir, other, name] of [
    ['GET http://b?', 'GET /?', 'HEAD /', 'nginx'],
    ['GET http://b?', 'GET /?', 'GET /a', 'nginx'],
    ['GET http://b?', 'GET /?', 'GET /', 'haproxy'],
    ['GET http://b?x', 'GET /?x', 'GET /', 'nginx'],
    ['GET http://b/?', 'GET /?', 'GET /', 'nginx'],
    ['GET /?', 'GET /?', 'GET /', 'nginx'],
  ] as const)
    assert.equal(asked(`${line} HTTP/1.1`, `${weir} HTTP/1.1`, `${other} HTTP/1.1`, name), 'defect', `${line}, ${other}`);
});

test('the reasons of nginx: what it takes for the end of a connection', () => {
  const behind = (first: string, weir: readonly string[], other: Verdict): string =>
    kind(`${first}${PLAIN}`, { statuses: [200, 200], requests: weir }, other, 'nginx');
  const above = request('', 'GET /%2e%2e/a HTTP/1.1');
  assert.equal(behind(above, [PLAIN], passed(0, 400)), 'the other refuses');
  assert.equal(behind(above, [PLAIN], passed(0, 404)), 'defect');
  for (const target of ['/%2E.?/a', '/..', 'http://h/a/.//../..'])
    assert.equal(behind(request('', `GET ${target} HTTP/1.1`), [PLAIN], passed(0, 400)), 'the other refuses', target);
  for (const target of ['/a%2e%2e/a', '/a/..', '/?/../..'])
    assert.equal(behind(request('', `GET ${target} HTTP/1.1`), [PLAIN], passed(0, 400)), 'defect', target);
  for (const [options, expected] of [
    ['closeidentity', 'the other refuses'],
    ['X-A, Close Upgrade', 'the other refuses'],
    ['X-A', 'defect'],
    ['close', 'defect'],
  ]) {
    const first = request(`Connection: ${options}\r\n`, 'GET /b HTTP/1.1');
    assert.equal(behind(first, [first, PLAIN], { statuses: [200], requests: [first] }), expected, options);
  }
});

test('the reason of HAProxy: an upgrade without its key, also behind what weir refuses, and as the last of its connection', () => {
  const fields = 'Connection: Upgrade\r\nUpgrade: websocket\r\n';
  const [above, upgrade] = [request('', 'GET /%2e%2e/a HTTP/1.1'), request(fields, 'GET /b HTTP/1.1')];
  const weir = { statuses: [404, 200], requests: [upgrade] };
  assert.equal(kind(`${above}${upgrade}`, weir, { statuses: [200, 400], requests: [above] }), 'the other refuses');
  assert.equal(kind(`${above}${upgrade}`, weir, { statuses: [200, 400], requests: [request('', 'GET /c HTTP/1.1')] }), 'defect');
  const both = request(fields, 'GET /%2e%2e/a HTTP/1.1');
  assert.equal(kind(`${both}${PLAIN}`, { statuses: [404, 200], requests: [PLAIN] }, passed(0, 400)), 'the other refuses');
  assert.equal(kind(`${above}${PLAIN}`, { statuses: [404, 200], requests: [PLAIN] }, passed(0, 400)), 'defect');
});

test('what weir does not pass on has a cause and a status of it, is not there as a whole, or comes behind the last request', () => {
  assert.equal(kind(PLAIN, passed(0, 400), passed(1), 'nginx', 'a cause'), 'weir refuses');
  assert.equal(kind(PLAIN, passed(0), passed(1), 'nginx', 'a cause'), 'defect');
  assert.equal(kind(PLAIN, passed(0), passed(1), 'nginx'), 'defect');
  assert.equal(kind(PLAIN.slice(0, -2), passed(0), passed(1), 'nginx'), 'weir refuses');
  assert.equal(kind(`${request('Connection: close\r\n')}${PLAIN}`, passed(1), passed(2), 'nginx'), 'weir refuses');
  assert.equal(kind(`${PLAIN}${PLAIN}`, passed(1), passed(2), 'nginx'), 'defect');
});

test('what the proxy refuses without asking a server has a cause in its log, a path above the root, too', () => {
  assert.match(refusalOf(keepingNone(), request('', 'GET /%2e%2e/a HTTP/1.1')) ?? '', /leads above the root/);
  assert.equal(refusalOf(keepingNone(), PLAIN), undefined);
});
