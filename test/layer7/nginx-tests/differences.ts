// Which tests of nginx-tests do not hold for weir, by file and name, and why.

type Reasons = Readonly<Record<string, string>>;

/** The same reason for several. */
const each = (why: string, ...names: readonly string[]): Reasons => Object.fromEntries(names.map((name) => [name, why]));

const PORT = 'RFC 3986 §3.2.3: a port has any digits; the proxy does not connect to it';
const FUTURE = 'no address has that form (IPvFuture): refused';
const WORDS = 'the reason phrase is that of RFC 9110 §15.5.6';
const ERROR_PAGE = 'error pages are not carried';
const NO_CACHE = 'the proxy keeps no responses';
const SUB_FILTER = 'no filter changes the body: its length is that of the server';
const PASSED = 'a field of an answer is passed on as its server wrote it';

export const differences: Readonly<Record<string, Reasons>> = {
  http_host: {
    ...each(PORT, 'ipv4 w/port long (host header)'),
    ...each(FUTURE, 'IPvFuture all symbols (host header)', 'IPvFuture all symbols (absolute request)'),
  },
  http_location: {},
  http_location_auto: {},
  http_method: each(WORDS, 'trace', 'connect', 'connect uri', 'connect no port'),
  proxy_available: {},
  proxy_chunked: {},
  proxy_chunked_extra: {},
  proxy_duplicate_headers: each(PASSED, 'duplicate expires ignored'),
  proxy_extra_data: {},
  proxy_keepalive: each('no server-side includes', 'inmemory 0 chunk', 'inmemory 0 chunk 2'),
  proxy_merge_headers: {
    ...each(NO_CACHE, 'if-modified-since cleared with cache'),
    ...each(PASSED, 'proxy_pass_header default'),
  },
  proxy_next_upstream: each(ERROR_PAGE, 'all tried once'),
  proxy_noclose: {},
  proxy_request_buffering_keepalive: {},
  proxy_unfinished: {
    ...each(NO_CACHE, 'unfinished not cached', 'unfinished chunked'),
    ...each(SUB_FILTER, 'length no final chunk', 'unbuffered length no final chunk'),
    ...each('no response is written to a file', 'no proxy temp'),
  },
  proxy_upgrade: {
    ...each('no server-side includes', 'handshake in subrequests'),
    ...each('no log has another format', '30 of 33 tests were run'),
  },
  upstream: {},
  upstream_hash: each('an answer does not name its servers', 'upstream name - busy', 'upstream name - busy consistent'),
  upstream_keepalive: each('Connection is of the proxy: $args as its value closes none', 'keepalive timer'),
  upstream_least_conn: {},
  upstream_random: {},
};
