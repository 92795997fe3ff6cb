// Payloads that programs in use read differently (facts of the issue: what nginx 1.22 and HAProxy 2.6 did with each, and what the RFCs want), with
// what weir proxy does: the status of its own answer, or the request that a server gets. Sources: src/wire/http/refusal.ts.

export interface Payload {
  readonly name: string;
  readonly bytes: string;
  /** A status: the proxy answers, and no server gets anything. Else what a server gets must match. */
  readonly expected: number | RegExp;
}

const H = 'Host: a\r\n';
const post = (fields: string, body: string, version = 'HTTP/1.1'): string => `POST / ${version}\r\n${H}${fields}\r\n${body}`;
const get = (fields: string): string => `GET / HTTP/1.1\r\n${H}${fields}\r\n`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const SMUGGLED = 'GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n';

export const payloads: readonly Payload[] = [
  { name: 'CL and TE', bytes: post(`Content-Length: 6\r\n${CHUNKED}`, '0\r\n\r\nX'), expected: 400 },
  { name: 'TE and CL', bytes: post(`${CHUNKED}Content-Length: 6\r\n`, '0\r\n\r\nX'), expected: 400 },
  { name: 'CL.TE with a request inside', bytes: post(`Content-Length: 40\r\n${CHUNKED}`, `0\r\n\r\n${SMUGGLED}`), expected: 400 },
  { name: 'two lengths', bytes: post('Content-Length: 1\r\nContent-Length: 2\r\n', 'ab'), expected: 400 },
  { name: 'one length twice', bytes: post('Content-Length: 2\r\nContent-Length: 2\r\n', 'ab'), expected: 400 },
  { name: 'a list of lengths', bytes: post('Content-Length: 2, 2\r\n', 'ab'), expected: 400 },
  { name: 'a length with a sign', bytes: post('Content-Length: +2\r\n', 'ab'), expected: 400 },
  { name: 'a negative length', bytes: post('Content-Length: -2\r\n', 'ab'), expected: 400 },
  { name: 'a hexadecimal length', bytes: post('Content-Length: 0x2\r\n', 'ab'), expected: 400 },
  { name: 'a length in words', bytes: post('Content-Length: two\r\n', 'ab'), expected: 400 },
  { name: 'an empty length', bytes: post('Content-Length: \r\n', SMUGGLED), expected: 400 },
  { name: 'a length that overflows', bytes: post('Content-Length: 18446744073709551618\r\n', 'ab'), expected: 400 },
  { name: 'a space before the colon of a length', bytes: post('Content-Length : 2\r\n', 'ab'), expected: 400 },
  { name: 'a coding that ends with chunked', bytes: post('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'a coding behind chunked', bytes: post('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'an unknown coding before chunked', bytes: post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), expected: 501 },
  { name: 'chunked twice', bytes: post(`${CHUNKED}${CHUNKED}`, '0\r\n\r\n'), expected: 400 },
  { name: 'an empty member before chunked', bytes: post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'an empty member behind chunked', bytes: post('Transfer-Encoding: chunked,\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'chunked after a vertical tab', bytes: post('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'chunked in quotes', bytes: post('Transfer-Encoding: "chunked"\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'chunked with a parameter', bytes: post('Transfer-Encoding: chunked;x=y\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'identity', bytes: post('Transfer-Encoding: identity\r\nContent-Length: 2\r\n', 'ab'), expected: 400 },
  { name: 'an empty coding', bytes: post('Transfer-Encoding:\r\nContent-Length: 2\r\n', 'ab'), expected: 400 },
  { name: 'a space before the colon of a coding', bytes: post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'chunked in HTTP/1.0', bytes: post(CHUNKED, '0\r\n\r\n', 'HTTP/1.0'), expected: 400 },
  { name: 'GET of HTTP/1.0 with a body', bytes: `GET / HTTP/1.0\r\n${H}Content-Length: 2\r\n\r\nab`, expected: 400 },
  { name: 'a folded line', bytes: get('X-A: b\r\n c\r\n'), expected: 400 },
  { name: 'a folded coding', bytes: post('Transfer-Encoding:\r\n chunked\r\n', '0\r\n\r\n'), expected: 400 },
  { name: 'a space before the first field', bytes: `GET / HTTP/1.1\r\n Foo: x\r\n${H}\r\n`, expected: 400 },
  { name: 'bare LF', bytes: 'GET / HTTP/1.1\nHost: a\n\n', expected: 400 },
  { name: 'one bare LF', bytes: get('X: y\nZ: w\r\n'), expected: 400 },
  { name: 'a bare CR in a value', bytes: get('X: a\rb\r\n'), expected: 400 },
  { name: 'NUL in a value', bytes: get('X: a\0b\r\n'), expected: 400 },
  { name: 'NUL in a name', bytes: get('X\0: a\r\n'), expected: 400 },
  { name: 'no Host', bytes: 'GET / HTTP/1.1\r\n\r\n', expected: 400 },
  { name: 'two Hosts', bytes: get('Host: b\r\n'), expected: 400 },
  { name: 'a Host with a path', bytes: 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', expected: 400 },
  { name: 'a Host with user information', bytes: 'GET / HTTP/1.1\r\nHost: u@a\r\n\r\n', expected: 400 },
  {
    name: 'an absolute target',
    bytes: `GET http://b/p HTTP/1.1\r\n${H}\r\n`,
    expected: /^GET \/p HTTP\/1\.1\r\nHost: b\r\n(?!.*Host: a)/s,
  },
  {
    name: 'an absolute target without a path, with an empty query',
    bytes: `GET http://b? HTTP/1.1\r\n${H}\r\n`,
    expected: /^GET \/\? HTTP\/1\.1\r\n/,
  },
  { name: 'an empty name', bytes: get(': x\r\n'), expected: 400 },
  { name: 'a line without a colon', bytes: get('nonsense\r\n'), expected: 400 },
  { name: 'a control in the target', bytes: `GET /\x01a HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'a space in the target', bytes: `GET /a b HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'a fragment', bytes: `GET /a#b HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'an authority as target', bytes: `GET a:80 HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'CONNECT', bytes: `CONNECT a:80 HTTP/1.1\r\n${H}\r\n`, expected: 405 },
  { name: 'TRACE', bytes: `TRACE / HTTP/1.1\r\n${H}\r\n`, expected: 405 },
  { name: 'HTTP/0.9', bytes: 'GET /\r\n\r\n', expected: 400 },
  { name: 'HTTP/1.9', bytes: `GET / HTTP/1.9\r\n${H}\r\n`, expected: 505 },
  { name: 'HTTP/2.0 as text', bytes: `GET / HTTP/2.0\r\n${H}\r\n`, expected: 505 },
  { name: 'the preface of HTTP/2', bytes: 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', expected: 505 },
  { name: 'the method of that preface', bytes: `PRI / HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'a version in lower case', bytes: `GET / http/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'two spaces in the request line', bytes: `GET  / HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'a tab in the request line', bytes: `GET\t/ HTTP/1.1\r\n${H}\r\n`, expected: 400 },
  { name: 'LF in an extension', bytes: post(CHUNKED, '1;a\nX\r\na\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk ended by LF', bytes: post(CHUNKED, '1\r\na\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk size ended by LF', bytes: post(CHUNKED, '1\na\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk longer than its size', bytes: post(CHUNKED, '1\r\nab\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk size of 0x1', bytes: post(CHUNKED, '0x1\r\na\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk size with a sign', bytes: post(CHUNKED, '+1\r\na\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a chunk size that overflows', bytes: post(CHUNKED, `1${'0'.repeat(17)}\r\na\r\n0\r\n\r\n`), expected: 400 },
  { name: 'no chunk size', bytes: post(CHUNKED, '\r\na\r\n0\r\n\r\n'), expected: 400 },
  { name: 'a length among the trailers', bytes: post(CHUNKED, '1\r\na\r\n0\r\nContent-Length: 5\r\n\r\n'), expected: 400 },
  { name: 'extensions are not passed on', bytes: post(CHUNKED, '1;x=y\r\na\r\n0\r\n\r\n'), expected: /\r\n\r\n1\r\na\r\n0\r\n\r\n$/ },
  { name: 'a field named by Connection', bytes: get('Connection: X-Secret\r\nX-Secret: 1\r\n'), expected: /^GET (?!.*X-Secret)/s },
  { name: 'Host named by Connection', bytes: get('Connection: Host, X-Forwarded-For\r\n'), expected: 400 },
  { name: 'GET with a body', bytes: get('Content-Length: 2\r\n').concat('ab'), expected: /Content-Length: 2\r\n.*\r\n\r\nab$/s },
  { name: 'an expectation that is none', bytes: post('Expect: y 100-continue\r\nContent-Length: 2\r\n', 'ab'), expected: 417 },
  {
    name: 'h2c',
    bytes: get('Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n'),
    expected: /^GET (?!.*(?:h2c|HTTP2-Settings|pgrade))/s,
  },
  { name: 'TE', bytes: get('TE: trailers, deflate\r\nConnection: TE\r\n'), expected: /TE: trailers\r\n(?!.*deflate)/s },
  { name: 'a length with an underscore', bytes: get('Content_Length: 5\r\n'), expected: /^GET (?!.*Content_Length)/s },
  {
    name: 'X-Forwarded-For of the client',
    bytes: get('X-Forwarded-For: 198.51.100.7\r\n'),
    expected: /X-Forwarded-For: 198\.51\.100\.7, /,
  },
];
