// The section `layer7` of a weir.yaml: its keys are nginx's directives where nginx has them.

import { FIELD_NAME, HOP_FIELDS } from '../../model/layer7/field.js';
import { ACCESS_LOG_FORMATS, ENGINE_NAMES } from '../../model/layer7/layer7.js';
import { TLS_VERSIONS } from '../../model/layer7/listener.js';
import { RETRY_CONDITIONS } from '../../model/layer7/proxying.js';
import type { TextMatch } from '../../model/layer7/route.js';
import { poolChecksShape } from './pool-checks.js';
import { byName, choice, either, flag, integer, listOf, type Of, optional, placed, record, required, type Shape, scalar } from './shape.js';
import {
  bodyTemplate,
  duration,
  endpoint,
  expression,
  fieldName,
  headSize,
  hostName,
  location,
  serverEndpoint,
  size,
  subnet,
  template,
  word,
} from './units.js';

/** What a request can have for its target. */
const TARGET_PATH = /^\/[!-~]*$/;
const NAME = /^[A-Za-z0-9_.-]{1,64}$/;
const COUNT_MAX = 1_000_000;

const absolutePath = scalar('an absolute path', { type: 'string' }, (given) => (given.startsWith('/') ? given : undefined));

const fields = byName(FIELD_NAME, template, HOP_FIELDS);

/** In `layer7`, in hosts and in locations: the innermost one that is written counts. */
const proxying = {
  proxy_set_header: optional(fields),
  add_header: optional(fields),
  proxy_hide_header: optional(listOf(fieldName)),
  proxy_connect_timeout: optional(duration),
  proxy_send_timeout: optional(duration),
  proxy_read_timeout: optional(duration),
  upgraded_timeout: optional(duration),
  proxy_next_upstream: optional(listOf(choice([...RETRY_CONDITIONS, 'off']))),
  proxy_next_upstream_tries: optional(integer(0, COUNT_MAX)),
  proxy_next_upstream_timeout: optional(duration),
  client_max_body_size: optional(size),
  proxy_request_buffering: optional(flag),
  way: optional(choice(['proxy', 'switch', 'auto'])),
};
const proxyingRecord = record('settings of proxying', proxying);
export type ProxyingKeys = Of<typeof proxyingRecord>['value'];

const matchRecord = record('exact, prefix or expression', {
  exact: optional(word),
  prefix: optional(word),
  expression: optional(expression),
});

/** A text alone must be the whole value; true and false: there is one, there is none. */
const textMatch: Shape<TextMatch> = {
  expected: `a text, true, false, or ${matchRecord.expected}`,
  schema: { anyOf: [word.schema, flag.schema, matchRecord.schema] },
  read(value, report) {
    if (value.kind === 'scalar' && typeof value.value === 'boolean') return value.value ? { kind: 'present' } : { kind: 'absent' };
    if (value.kind !== 'map') {
      const text = word.read(value, report);
      return text === undefined ? undefined : { kind: 'exact', text };
    }
    const read = matchRecord.read(value, report)?.value;
    if (read?.prefix !== undefined) return { kind: 'prefix', text: read.prefix };
    if (read?.exact !== undefined) return { kind: 'exact', text: read.exact };
    return read?.expression;
  },
};

const locationRecord = record('a location', {
  location: required(location),
  methods: optional(
    listOf(scalar('a method in capitals', { type: 'string' }, (given) => (/^[A-Z-]{1,32}$/.test(given) ? given : undefined))),
  ),
  headers: optional(byName(FIELD_NAME, textMatch)),
  cookies: optional(byName(FIELD_NAME, textMatch)),
  sni: optional(textMatch),
  pool: optional(placed(word)),
  replace_prefix: optional(
    scalar('a path of printable ASCII without spaces', { type: 'string', pattern: TARGET_PATH.source }, (given) =>
      TARGET_PATH.test(given) ? given : undefined,
    ),
  ),
  redirect: optional(record('a redirect', { to: required(template), status: optional(choice([301, 302, 303, 307, 308])) })),
  return: optional(record('an answer', { status: required(integer(200, 599)), body: optional(bodyTemplate) })),
  ...proxying,
});
export type LocationKeys = Of<typeof locationRecord>;

const hostRecord = record('a host', {
  server_name: optional(listOf(hostName)),
  listen: optional(listOf(placed(word))),
  default_server: optional(flag),
  passthrough: optional(placed(word)),
  locations: required(listOf(locationRecord)),
  ...proxying,
});
export type HostKeys = Of<typeof hostRecord>;

const serverRecord = record('a server', {
  address: required(serverEndpoint),
  weight: optional(integer(1, 65_535)),
  max_fails: optional(integer(0, COUNT_MAX)),
  fail_timeout: optional(duration),
  max_conns: optional(integer(0, COUNT_MAX)),
  backup: optional(flag),
  down: optional(flag),
});

const balanceRecord = record('hash or sum, with its key', {
  hash: optional(template),
  consistent: optional(flag),
  sum: optional(template),
});

const stickyRecord = record('cookie or header', {
  cookie: optional(
    scalar('the name of a cookie', { type: 'string' }, (given) => (/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(given) ? given : undefined)),
  ),
  header: optional(fieldName),
  max_age: optional(duration),
  domain: optional(scalar('a domain', { type: 'string' }, (given) => (/^[A-Za-z0-9.-]+$/.test(given) ? given : undefined))),
  path: optional(scalar('a path', { type: 'string' }, (given) => (/^\/[!-:<-~]*$/.test(given) ? given : undefined))),
  http_only: optional(flag),
  secure: optional(flag),
  same_site: optional(choice(['strict', 'lax', 'none'])),
});

const poolRecord = record('a pool', {
  servers: required(listOf(either(placed(serverEndpoint), serverRecord), 1)),
  balance: optional(either(choice(['round_robin', 'least_conn', 'ip_hash', 'random', 'random two']), balanceRecord)),
  sticky: optional(stickyRecord),
  keepalive: optional(
    either(
      integer(0, COUNT_MAX),
      record('settings of keepalive', {
        connections: optional(integer(0, COUNT_MAX)),
        requests: optional(integer(1, COUNT_MAX)),
        timeout: optional(duration),
        time: optional(duration),
        reuse: optional(choice(['pool', 'client'])),
      }),
    ),
  ),
  send_proxy: optional(choice(['v1', 'v2'])),
  checks: optional(poolChecksShape),
});
export type PoolKeys = Of<typeof poolRecord>;
export type ServerKeys = NonNullable<PoolKeys['value']['servers']>[number];

const tlsRecord = record('settings of TLS', {
  certificates: required(listOf(record('a certificate', { ssl_certificate: required(word), ssl_certificate_key: required(word) }), 1)),
  min_version: optional(choice(TLS_VERSIONS)),
  http2: optional(flag),
});
export type TlsKeys = Of<typeof tlsRecord>;

const listenerRecord = record('a listener', {
  listen: required(endpoint),
  proxy_protocol_from: optional(listOf(subnet)),
  tls: optional(tlsRecord),
});

export const layer7Shape = record('the settings of layer 7', {
  listeners: required(byName(NAME, either(placed(endpoint), listenerRecord))),
  pools: optional(byName(NAME, poolRecord)),
  hosts: required(listOf(hostRecord)),
  engine: optional(
    either(choice(['proxy', ...ENGINE_NAMES]), record('an engine', { name: required(choice(ENGINE_NAMES)), lossy: optional(flag) })),
  ),
  access_log: optional(
    either(absolutePath, record('an access log', { path: required(absolutePath), format: optional(choice(ACCESS_LOG_FORMATS)) })),
  ),
  limits: optional(
    record('limits of clients', {
      head_max: optional(headSize),
      fields_max: optional(integer(1, 1000)),
      client_header_timeout: optional(duration),
      client_body_timeout: optional(duration),
      send_timeout: optional(duration),
      keepalive_timeout: optional(duration),
      keepalive_requests: optional(integer(1, COUNT_MAX)),
      connections_max: optional(integer(1, COUNT_MAX)),
    }),
  ),
  ...proxying,
});
export type Layer7Keys = Of<typeof layer7Shape>['value'];
