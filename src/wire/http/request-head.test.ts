import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../../test/support/properties.js';
import { CHUNKED } from './body.js';
import { fieldValue } from './fields.js';
import { forwardedRequest } from './forwarded-head.js';
import { type HttpRefusal, Refusals } from './refusal.js';
import { parseRequestHead, type RequestHead } from './request-head.js';

const H = 'Host: a\r\n';

/** The payloads of facts §9 that a head alone decides, and more of their kind: what each is refused for. */
const REFUSED: readonly (readonly [name: string, head: string, refusal: HttpRefusal])[] = [
  ['CL and TE', `POST / HTTP/1.1\r\n${H}Content-Length: 6\r\nTransfer-Encoding: chunked\r\n`, Refusals.codingAndLength],
  ['TE and CL', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nContent-Length: 6\r\n`, Refusals.codingAndLength],
  ['two CL that differ', `POST / HTTP/1.1\r\n${H}Content-Length: 1\r\nContent-Length: 2\r\n`, Refusals.contentLengthTwice],
  ['two CL, the same', `POST / HTTP/1.1\r\n${H}Content-Length: 2\r\nContent-Length: 2\r\n`, Refusals.contentLengthTwice],
  ['CL as a list', `POST / HTTP/1.1\r\n${H}Content-Length: 2, 2\r\n`, Refusals.contentLength],
  ['CL +2', `POST / HTTP/1.1\r\n${H}Content-Length: +2\r\n`, Refusals.contentLength],
  ['CL 0x2', `POST / HTTP/1.1\r\n${H}Content-Length: 0x2\r\n`, Refusals.contentLength],
  ['CL empty', `POST / HTTP/1.1\r\n${H}Content-Length:\r\n`, Refusals.contentLength],
  ['CL with NBSP', `POST / HTTP/1.1\r\n${H}Content-Length: \xa02\r\n`, Refusals.contentLength],
  ['CL of 16 digits', `POST / HTTP/1.1\r\n${H}Content-Length: 1000000000000000\r\n`, Refusals.contentLength],
  ['TE xchunked', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: xchunked\r\n`, Refusals.codingLast],
  ['TE gzip, chunked', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: gzip, chunked\r\n`, Refusals.coding],
  ['TE ,chunked', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: ,chunked\r\n`, Refusals.codingEmpty],
  ['TE chunked, identity', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, identity\r\n`, Refusals.codingLast],
  ['TE chunked, chunked', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked, chunked\r\n`, Refusals.codingLast],
  ['TE twice', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n`, Refusals.codingLast],
  ['TE empty', `POST / HTTP/1.1\r\n${H}Transfer-Encoding:\r\n`, Refusals.codingLast],
  ['TE with vertical tab', `POST / HTTP/1.1\r\n${H}Transfer-Encoding: \x0bchunked\r\n`, Refusals.control],
  ['space before the colon', `POST / HTTP/1.1\r\n${H}Transfer-Encoding : chunked\r\n`, Refusals.fieldName],
  ['TE in HTTP/1.0', `POST / HTTP/1.0\r\n${H}Transfer-Encoding: chunked\r\n`, Refusals.codingOfOldVersion],
  ['obs-fold', `GET / HTTP/1.1\r\n${H}X-A: b\r\n c\r\n`, Refusals.fold],
  ['space before the first field', `GET / HTTP/1.1\r\n Foo: x\r\n${H}`, Refusals.fold],
  ['bare LF as a line end', `GET / HTTP/1.1\r\nX: y\n${H}`, Refusals.bareLineFeed],
  ['bare CR in a value', `GET / HTTP/1.1\r\n${H}X: a\rb\r\n`, Refusals.bareCarriageReturn],
  ['NUL in a value', `GET / HTTP/1.1\r\n${H}X: a\0b\r\n`, Refusals.control],
  ['no Host in HTTP/1.1', 'GET / HTTP/1.1\r\n', Refusals.hostMissing],
  ['two Hosts', 'GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n', Refusals.hostTwice],
  ['two Hosts, the same', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n', Refusals.hostTwice],
  ['empty Host', 'GET / HTTP/1.1\r\nHost:\r\n', Refusals.hostInvalid],
  ['Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n', Refusals.hostInvalid],
  ['Host with a user', 'GET / HTTP/1.1\r\nHost: u@a\r\n', Refusals.hostInvalid],
  ['Host as a list', 'GET / HTTP/1.1\r\nHost: a, b\r\n', Refusals.hostInvalid],
  ['absolute-form with a user', `GET http://u@b/p HTTP/1.1\r\n${H}`, Refusals.hostInvalid],
  ['absolute-form of another scheme', `GET ftp://b/p HTTP/1.1\r\n${H}`, Refusals.targetForm],
  ['empty name', `GET / HTTP/1.1\r\n${H}: x\r\n`, Refusals.fieldName],
  ['name that is no token', `GET / HTTP/1.1\r\n${H}a(b: x\r\n`, Refusals.fieldName],
  ['line without colon', `GET / HTTP/1.1\r\n${H}abc\r\n`, Refusals.fieldName],
  ['control in the target', `GET /\x01a HTTP/1.1\r\n${H}`, Refusals.control],
  ['space in the target', `GET /a b HTTP/1.1\r\n${H}`, Refusals.target],
  ['byte above ASCII in the target', `GET /\xe4 HTTP/1.1\r\n${H}`, Refusals.target],
  ['fragment in the target', `GET /a#b HTTP/1.1\r\n${H}`, Refusals.target],
  ['two spaces', `GET  / HTTP/1.1\r\n${H}`, Refusals.target],
  ['* of GET', `GET * HTTP/1.1\r\n${H}`, Refusals.targetForm],
  ['HTTP/0.9', 'GET /\r\n', Refusals.requestLine],
  ['HTTP/1.9', `GET / HTTP/1.9\r\n${H}`, Refusals.version],
  ['HTTP/2.0 as text', `PRI * HTTP/2.0\r\n${H}`, Refusals.version],
  ['http/1.1', `GET / http/1.1\r\n${H}`, Refusals.requestLine],
  ['HTTP/1.10', `GET / HTTP/1.10\r\n${H}`, Refusals.requestLine],
  ['method that is no token', `GE(T / HTTP/1.1\r\n${H}`, Refusals.method],
  ['CONNECT', `CONNECT a:80 HTTP/1.1\r\n${H}`, Refusals.connect],
  ['TRACE', `TRACE / HTTP/1.1\r\n${H}`, Refusals.trace],
  ['Connection names Host', `GET / HTTP/1.1\r\n${H}Connection: Host\r\n`, Refusals.connectionOption],
  ['Connection names XFF', `GET / HTTP/1.1\r\n${H}Connection: X, x-Forwarded-For\r\n`, Refusals.connectionOption],
  ['Connection names Authorization', `GET / HTTP/1.1\r\n${H}Connection: close, authorization\r\n`, Refusals.connectionOption],
  ['obfuscated Expect', `POST / HTTP/1.1\r\n${H}Expect: y 100-continue\r\nContent-Length: 2\r\n`, Refusals.expectation],
  ['101 fields', `GET / HTTP/1.1\r\n${H}${'a: b\r\n'.repeat(100)}`, Refusals.fieldsMax],
];

test('what the strictness list names is refused, for the reason that is logged', () => {
  for (const [name, head, refusal] of REFUSED) assert.deepEqual(parseRequestHead(head), refusal, name);
});

function parsed(text: string): RequestHead {
  const head = parseRequestHead(text);
  assert.equal(head.kind, 'request', JSON.stringify(head));
  return head as RequestHead;
}

const HOP = {
  client: '192.0.2.1',
  proto: 'http',
  addsForwarded: true,
  hostOfNone: 'pool',
  upgrade: '',
  closes: false,
} as const;

test('fields of this hop go, all others stay as they came and in their order', () => {
  const head = parsed(
    `GET /a?b=%20 HTTP/1.1\r\nAccept: x\r\n${H}Connection: X-Secret, keep-alive\r\nx-SECRET: 1\r\nKeep-Alive: 1\r\nTE: trailers, deflate\r\nA_B: 1\r\nB: \xe4  \r\nX-Forwarded-For: 10.0.0.1\r\nx-forwarded-for: 10.0.0.2\r\nX-Forwarded-Proto: https\r\nForwarded: for=x\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\nProxy-Connection: x\r\n`,
  );
  assert.equal(head.lines, `Accept: x\r\n${H}B: \xe4  \r\n`);
  assert.equal(head.upgrade, '');
  const text = forwardedRequest(head, HOP);
  assert.equal(
    text,
    `GET /a?b=%20 HTTP/1.1\r\nAccept: x\r\n${H}B: \xe4  \r\nTE: trailers\r\nConnection: TE\r\nX-Forwarded-For: 10.0.0.1, 10.0.0.2, 192.0.2.1\r\nX-Forwarded-Proto: http\r\nVia: 1.1 weir\r\n\r\n`,
  );
});

test('of an absolute target the authority counts, and Host is made of it (RFC 9112 §3.2.2)', () => {
  const head = parsed('GET HTTP://b.example:81?q HTTP/1.1\r\nX: y\r\nHost: a\r\nZ: 1\r\n');
  assert.deepEqual([head.target, head.host, head.lines], ['/?q', 'b.example:81', 'Host: b.example:81\r\nX: y\r\nZ: 1\r\n']);
  assert.equal(parsed('OPTIONS http://b HTTP/1.1\r\nHost: a\r\n').target, '*');
});

test('a connection is kept as the version and Connection decide', () => {
  assert.equal(parsed(`GET / HTTP/1.1\r\n${H}`).keepsOpen, true);
  assert.equal(parsed(`GET / HTTP/1.1\r\n${H}Connection: Close\r\n`).keepsOpen, false);
  assert.equal(parsed('GET / HTTP/1.0\r\n').keepsOpen, false);
  assert.equal(parsed('GET / HTTP/1.0\r\nConnection: keep-alive\r\n').keepsOpen, true);
});

test('one length of our own making is sent on', () => {
  const body = (text: string): string =>
    /(?:Content-Length|Transfer-Encoding)[^\r]*/.exec(forwardedRequest(parsed(text), HOP))?.[0] ?? 'none';
  assert.equal(body(`POST / HTTP/1.1\r\n${H}content-length: 007\r\n`), 'Content-Length: 7');
  assert.equal(body(`POST / HTTP/1.1\r\n${H}`), 'Content-Length: 0');
  assert.equal(body(`GET / HTTP/1.1\r\n${H}Content-Length: 2\r\n`), 'Content-Length: 2');
  assert.equal(body(`GET / HTTP/1.1\r\n${H}`), 'none');
  assert.equal(body(`POST / HTTP/1.1\r\n${H}Transfer-Encoding: CHUNKED\r\n`), 'Transfer-Encoding: chunked');
  assert.equal(parsed(`POST / HTTP/1.1\r\n${H}Transfer-Encoding: chunked\r\n`).body, CHUNKED);
});

test('an upgrade and Expect are passed only as they may be', () => {
  const upgrade = `GET / HTTP/1.1\r\n${H}Connection: Upgrade\r\nUpgrade: WebSocket\r\n`;
  assert.equal(parsed(upgrade).upgrade, 'websocket');
  assert.equal(parsed(`${upgrade}Content-Length: 1\r\n`).upgrade, '');
  assert.match(forwardedRequest(parsed(upgrade), { ...HOP, upgrade: 'websocket' }), /Connection: upgrade\r\nUpgrade: websocket\r\n/);
  const expects = parsed(`POST / HTTP/1.1\r\n${H}Expect: 100-Continue\r\nContent-Length: 2\r\n`);
  assert.equal(expects.expectsContinue, true);
  assert.match(forwardedRequest(expects, HOP), /\r\nExpect: 100-continue\r\n/);
});

test('Host is sent for a request without one, and the forwarded fields only where they are wanted', () => {
  const text = forwardedRequest(parsed('GET / HTTP/1.0\r\n'), { ...HOP, addsForwarded: false, closes: true });
  assert.match(text, /^GET \/ HTTP\/1\.1\r\nHost: pool\r\nConnection: close\r\nVia: 1\.0 weir\r\n\r\n$/);
});

test('a field is found by its name, in any case, and lines are joined', () => {
  const { lines } = parsed(`GET / HTTP/1.1\r\n${H}X-A: 1\r\nCookie: a=b\r\nx-a:  2 \r\n`);
  assert.equal(fieldValue(lines, 'x-a'), '1, 2');
  assert.equal(fieldValue(lines, 'host'), 'a');
  assert.equal(fieldValue(lines, 'x'), undefined);
});

const TCHARS = "!#$%&'*+-.^`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const textOf = (chars: string, min: number, max: number): fc.Arbitrary<string> =>
  fc.array(fc.constantFrom(...chars), { minLength: min, maxLength: max }).map((all) => all.join(''));
const names = fc.oneof(
  textOf(TCHARS, 1, 20),
  fc.constantFrom('Connection', 'TE', 'Content-Length', 'Transfer-Encoding', 'Expect', 'Upgrade', 'X-Forwarded-For', 'Forwarded'),
);
const values = fc.oneof(
  textOf(`${TCHARS} \t"(),/:;<=>?@[]{}\\\xe4\xff`, 0, 20),
  fc.constantFrom('chunked', '5', 'close', 'keep-alive, x', 'upgrade', '100-continue', 'trailers'),
);
const spaces = fc.constantFrom('', ' ', '\t', '  ');
const fieldLines = fc
  .array(fc.tuple(names, spaces, values, spaces), { maxLength: 12 })
  .map((all) => all.map(([name, before, value, after]) => `${name}:${before}${value}${after}\r\n`).join(''));

test('what is forwarded is read again as the same one request', () => {
  fc.assert(
    fc.property(
      fc.constantFrom('GET', 'POST', 'OPTIONS', 'FOO'),
      fc.constantFrom('/', '/a?b', 'http://h:1/x'),
      fieldLines,
      (method, target, lines) => {
        const head = parseRequestHead(`${method} ${target} HTTP/1.1\r\n${H}${lines}`);
        if (head.kind === 'refusal') return;
        const text = forwardedRequest(head, HOP);
        assert.equal(text.indexOf('\r\n\r\n'), text.length - 4);
        const again = parsed(text.slice(0, -2));
        const { method: sent, target: path, host, body, expectsContinue } = again;
        assert.deepEqual([sent, path, host, body, expectsContinue], [head.method, head.target, head.host, head.body, head.expectsContinue]);
        assert.equal(again.lines, `${head.lines}Via: 1.1 weir\r\n`);
      },
    ),
  );
});

test('no text makes the parser fail', () => {
  fc.assert(fc.property(textOf('GET / HTTP/1.1\r\n\0:a,\xa0_', 0, 60), (text) => void parseRequestHead(`${text}\r\n`)));
});
