// Requests and responses of a grammar that has what smuggling is made of, and mutations of their bytes. Characters are bytes.
import fc from '../../support/properties.js';

const oneOf = (...texts: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...texts);

/** Mostly the first one. */
const mostly = (usual: string, ...others: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof({ weight: 6 * others.length, arbitrary: fc.constant(usual) }, { weight: others.length, arbitrary: fc.constantFrom(...others) });

/** What a mutation inserts, or puts in the place of what stood there. */
const PIECES = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  '\n\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '_',
  '"',
  '\x0b',
  '\x0c',
  '\x7f',
  '\x80',
  '\x85',
  '\xa0',
  '\xff',
  '0',
  '1',
  'a',
  '-',
  '+',
  '%0d%0a',
  '#',
  '?',
  'chunked',
  'Chunked',
  'xchunked',
  'identity',
  'close',
  'Host: b\r\n',
  'Content-Length: 5\r\n',
  'Content-Length: 0\r\n',
  'Content-Length : 5\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding : chunked\r\n',
  'Transfer_Encoding: chunked\r\n',
  'Transfer-Encoding:\x0bchunked\r\n',
  'Connection: Content-Length\r\n',
  'Connection: close\r\n',
  ' X: y\r\n',
  '0\r\n\r\n',
  '5\r\nhello\r\n',
  ';x\r\n',
  '0x',
  '00000000000000005',
  'GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n',
  'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok',
] as const;

interface Mutation {
  readonly at: number;
  readonly removes: number;
  readonly piece: string;
}

const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.nat(1 << 20),
  removes: fc.constantFrom(0, 0, 0, 1, 2, 5),
  piece: fc.oneof({ weight: 5, arbitrary: oneOf(...PIECES) }, { weight: 1, arbitrary: fc.constant('') }),
});

const mutated = (text: string, mutations: readonly Mutation[]): string =>
  mutations.reduce((so, { at, removes, piece }) => {
    const place = at % (so.length + 1);
    return so.slice(0, place) + piece + so.slice(place + removes);
  }, text);

const withMutations = (base: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.tuple(base, fc.array(mutation, { maxLength: 2 })).map(([text, mutations]) => mutated(text, mutations));

const field = fc.oneof(
  oneOf(
    'X-A: b',
    'Accept: */*',
    'Cookie: a=b',
    'Connection: keep-alive',
    'Connection: close',
    'Connection: X-A, TE',
    'TE: trailers',
    'TE: gzip, trailers',
    'Expect: 100-continue',
    'Upgrade: h2c',
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Content_Length: 5',
    'X-Forwarded-For: 198.51.100.1',
    'Via: 1.0 x',
    'Keep-Alive: 5',
    'Trailer: T',
    'X: ',
    'X:\ty\t',
    'Content-Type: text/plain',
    'Proxy-Connection: keep-alive',
    'HTTP2-Settings: AAMA',
  ),
);

/** Fields that frame a body, and the body. */
const framed = fc.oneof(
  { weight: 3, arbitrary: fc.constant(['', ''] as const) },
  { weight: 3, arbitrary: fc.constant(['Content-Length: 5\r\n', 'hello'] as const) },
  {
    weight: 4,
    arbitrary: oneOf(
      '5\r\nhello\r\n0\r\n\r\n',
      '5;x=y\r\nhello\r\n0\r\n\r\n',
      '2\r\nhe\r\n3\r\nllo\r\n0\r\nT: u\r\n\r\n',
      '0\r\n\r\n',
      '05\r\nhello\r\n00\r\n\r\n',
    ).map((body) => ['Transfer-Encoding: chunked\r\n', body] as const),
  },
  {
    weight: 1,
    arbitrary: oneOf(',chunked', 'chunked ,', 'CHUNKED', ' chunked\t', 'gzip, chunked', 'chunked, chunked', 'chunked;q=1', '"chunked"').map(
      (coding) => [`Transfer-Encoding: ${coding}\r\n`, '5\r\nhello\r\n0\r\n\r\n'] as const,
    ),
  },
  { weight: 1, arbitrary: fc.constant(['Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'] as const) },
);

const request = fc
  .tuple(
    oneOf('GET', 'POST', 'PUT', 'HEAD', 'DELETE', 'OPTIONS', 'get', 'M-SEARCH', 'PRI'),
    mostly('/', '/a', '/a?b=c', '/%2e%2e/a', '//a', 'http://b/p', 'http://b', '*', '/a#b', 'b:80', '/\xe9'),
    mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.9', 'HTTP/2.0', 'http/1.1', 'HTTP/01.1'),
    mostly(
      'Host: h\r\n',
      'Host: h\r\n',
      'Host: h\r\n',
      'Host: h:80\r\n',
      'Host:h\r\n',
      'Host: [::1]:80\r\n',
      '',
      'Host: a b\r\n',
      'Host: h\r\nHost: h\r\n',
    ),
    fc.array(field, { maxLength: 3 }),
    framed,
  )
  .map(
    ([method, target, version, host, fields, [framing, body]]) =>
      `${method} ${target} ${version}\r\n${host}${fields.map((one) => `${one}\r\n`).join('')}${framing}\r\n${body}`,
  );

/** One or two requests on a connection. */
export const requests = withMutations(fc.array(request, { minLength: 1, maxLength: 2 }).map((all) => all.join('')));

/** A final response, maybe with one of 1xx before and bytes behind. */
export const responses = withMutations(
  fc
    .tuple(
      mostly(
        '',
        '',
        '',
        'HTTP/1.1 100 Continue\r\n\r\n',
        'HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n',
        'HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
      ),
      mostly('HTTP/1.1', 'HTTP/1.0', 'HTTP/1.2', 'HTTP/2', 'ICY'),
      mostly('200 OK', '204 No Content', '304 Not Modified', '404 Not Found', '200', '99 X', '600 X', '500 Error'),
      fc.array(field, { maxLength: 3 }),
      framed,
      mostly('', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nbad', 'x'),
    )
    .map(
      ([interim, version, status, fields, [framing, body], behind]) =>
        `${interim}${version} ${status}\r\n${fields.map((one) => `${one}\r\n`).join('')}${framing}\r\n${body}${behind}`,
    ),
);

/** What a server sends, and whether it was asked by HEAD. */
export const answers = fc.record({ bytes: responses, isHead: fc.boolean() });
