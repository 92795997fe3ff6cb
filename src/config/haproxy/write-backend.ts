// A pool as HAProxy's backend: how a server is chosen, when another one is tried, and what each may take.
import { endpointText } from '../../model/endpoint-text.js';
import { defaultKeepAlive } from '../../model/layer7/defaults.js';
import type { Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { PoolOrder } from '../../model/layer7/pool-status.js';
import type { Retry, RetryCondition } from '../../model/layer7/proxying.js';
import type { EngineOptions } from '../engine/engine-options.js';
import type { BackendUse } from './backend-book.js';
import { type HaproxyServerState, haproxyStates, isByPlace, serverName } from './haproxy-weights.js';
import { found, is, not, timeWord, word } from './haproxy-words.js';
import { textDigest } from './text-digest.js';
import { onRoutes } from './write-matching.js';

type Lose = (key: string, why: string) => void;

const RETRY_ON: Readonly<Partial<Record<RetryCondition, string>>> = {
  error: 'conn-failure empty-response',
  timeout: 'response-timeout',
  invalid_header: 'junk-response',
  http_500: '500',
  http_502: '502',
  http_503: '503',
  http_504: '504',
  http_403: '403',
  http_404: '404',
};
const SERVER_ERRORS: readonly RetryCondition[] = ['http_500', 'http_502', 'http_503', 'http_504'];
const IP_HASH_START = 89;
const ID_MAX = 2_000_000_000n;

/** The first three bytes of an IPv4 address, all sixteen of IPv6, as nginx adds them up. */
function ipHashRules(total: number): readonly string[] {
  const hashOf = (count: number): string => {
    const steps = Array.from({ length: count }, (_, index) => `mul(113),add(txn.b${index}),mod(6271)`);
    return `int(${IP_HASH_START}),${steps.join(',')},mod(${total})`;
  };
  const byte = (index: number): string => `http-request set-var(txn.b${index}) ${word(`src,bytes(${index},1),hex,hex2i`)}`;
  const isOld = is('src', 'ip', ['0.0.0.0/0']);
  return [
    ...[0, 1, 2].map(byte),
    `http-request set-var(txn.place) ${word(hashOf(3))} if ${isOld}`,
    ...Array.from({ length: 13 }, (_, index) => `${byte(index + 3)} if ${not(isOld)}`),
    `http-request set-var(txn.place) ${word(hashOf(16))} if ${not(isOld)}`,
  ];
}

/** Each server has as many places as its weight in the file. */
function placeRules({ balance, servers }: Pool): readonly string[] {
  const total = servers.reduce((sum, { weight }) => sum + weight, 0);
  const rules =
    balance.kind === 'ip_hash'
      ? ipHashRules(total)
      : [
          `http-request set-var(txn.place) ${word(`var(txn.key),crc32,div(65536),and(32767),mod(${total})`)} if ${is('var(txn.key)', 'len', ['1:'])}`,
        ];
  return rules;
}

/** Which server has a place, behind all other rules. */
function placeLines(pool: Pool): readonly string[] {
  if (!isByPlace(pool) || pool.persistence?.kind === 'field') return [];
  let from = 0;
  return pool.servers.map((server) => {
    const places = `${from}:${from + server.weight - 1}`;
    from += server.weight;
    return `use-server ${serverName(server)} if ${is('var(txn.place)', 'int', [places])}`;
  });
}

const consistent = ['hash-type consistent sdbm avalanche'];

function balanceLines(pool: Pool, lose: Lose): readonly string[] {
  const { balance, persistence } = pool;
  if (persistence?.kind === 'field') {
    if (balance.kind !== 'round_robin') lose('balance', 'of requests without the field HAProxy has turns alone');
    return ['balance hash var(txn.sticky)', ...consistent];
  }
  switch (balance.kind) {
    case 'round_robin':
      return ['balance roundrobin'];
    case 'least_conn':
      return ['balance leastconn'];
    case 'random':
      return [`balance random(${balance.two ? 2 : 1})`];
    case 'hash':
      if (balance.consistent) return ['balance hash var(txn.key)', ...consistent];
      return ['balance roundrobin', ...placeRules(pool)];
    case 'ip_hash':
      return ['balance roundrobin', ...placeRules(pool)];
    case 'sum':
      lose('balance', 'HAProxy has no sum; the CRC of hash is used, which chooses other servers');
      return ['balance roundrobin', ...placeRules(pool)];
  }
}

const SAME_SITE = { strict: 'Strict', lax: 'Lax', none: 'None' } as const;

function cookieLines(persistence: Persistence | undefined, lose: Lose): readonly string[] {
  if (persistence?.kind !== 'cookie') return [];
  const { name, path, domain, httpOnly, secure, maxAgeUs, sameSite } = persistence;
  if (path !== '/') lose('sticky.path', "HAProxy's cookies are of the path / alone");
  return [
    [
      `cookie ${word(name)} insert`,
      ...(domain === undefined ? [] : [`domain ${domain}`]),
      ...(httpOnly ? ['httponly'] : []),
      ...(secure ? ['secure'] : []),
      ...(maxAgeUs === undefined ? [] : [`attr Max-Age=${Math.floor(maxAgeUs / 1_000_000)}`]),
      ...(sameSite === undefined ? [] : [`attr SameSite=${SAME_SITE[sameSite]}`]),
    ].join(' '),
  ];
}

function retryLines({ on, tries, timeoutUs }: Retry, servers: number, lose: Lose): readonly string[] {
  if (timeoutUs !== 0) lose('proxy_next_upstream_timeout', 'HAProxy limits how often it tries, not for how long');
  const known = on.flatMap((one) => RETRY_ON[one] ?? []);
  for (const one of on)
    if (RETRY_ON[one] === undefined && one !== 'non_idempotent') lose('proxy_next_upstream', `HAProxy does not try again after ${one}`);
  const retries = known.length === 0 ? 0 : Math.min(tries === 0 ? servers : tries, servers) - 1;
  if (retries === 0) return ['retries 0'];
  return [
    `retries ${retries}`,
    'option redispatch 1',
    `retry-on ${known.join(' ')}`,
    ...(on.includes('non_idempotent') ? [] : ['http-request disable-l7-retry unless { method GET HEAD OPTIONS PUT DELETE }']),
  ];
}

function timeoutLines({ proxying, routes }: BackendUse, lose: Lose): readonly string[] {
  const { timeouts } = proxying;
  if (timeouts.sendUs !== timeouts.readUs)
    lose('proxy_send_timeout', 'HAProxy has one time for both directions, which is proxy_read_timeout');
  const others = routes
    .filter(({ route }) => route.proxying !== proxying)
    .flatMap(({ number, route: { proxying: own } }) => {
      const set = (what: string, us: number): string => `http-request set-timeout ${what} ${timeWord(us)} if ${onRoutes([number])}`;
      return [
        ...(own.timeouts.readUs === timeouts.readUs ? [] : [set('server', own.timeouts.readUs)]),
        ...(own.timeouts.upgradedUs === timeouts.upgradedUs ? [] : [set('tunnel', own.timeouts.upgradedUs)]),
      ];
    });
  return [
    `timeout connect ${timeWord(timeouts.connectUs)}`,
    `timeout server ${timeWord(timeouts.readUs)}`,
    ...(timeouts.upgradedUs === 0 ? [] : [`timeout tunnel ${timeWord(timeouts.upgradedUs)}`]),
    ...others,
  ];
}

function keepAliveLines({ keepAlive, sendProxy }: Pool, lose: Lose): readonly string[] {
  const { connections, reuse, lifeUs } = keepAlive;
  if (lifeUs !== defaultKeepAlive.lifeUs) lose('keepalive.time', 'HAProxy ends connections by their requests and by silence alone');
  if (connections === 0) return ['option http-server-close', 'http-reuse never'];
  return [`http-reuse ${reuse === 'client' || sendProxy !== undefined ? 'never' : 'safe'}`];
}

/** Failures take a server out, and a connection brings it back: HAProxy tries one for each fail_timeout. A single server is never taken out. */
function failureWords({ maxFails, failTimeoutUs }: PoolServer, isAlone: boolean, observesAnswers: boolean): readonly string[] {
  if (maxFails === 0 || isAlone) return [];
  return [
    `check inter ${timeWord(Math.max(failTimeoutUs, 1000))} fall 1 rise 1`,
    `observe ${observesAnswers ? 'layer7' : 'layer4'} error-limit ${maxFails} on-error mark-down`,
  ];
}

export class BackendWriter {
  constructor(
    readonly options: EngineOptions,
    readonly report: (where: string, why: string) => void,
  ) {}

  #server({ pool, proxying }: BackendUse, server: PoolServer, { weight, isOut }: HaproxyServerState): string {
    const { persistence, keepAlive, sendProxy, servers } = pool;
    const primaries = servers.filter(({ backup }) => !backup).length;
    const isHashed = persistence?.kind === 'field' || (pool.balance.kind === 'hash' && pool.balance.consistent);
    return [
      `server ${serverName(server)} ${endpointText(server)}`,
      // so that a server that comes or goes moves no other one on the ring
      ...(isHashed ? [`id ${(textDigest(server.name) % ID_MAX) + 1n}`] : []),
      `weight ${weight}`,
      ...(server.maxConns === 0 ? [] : [`maxconn ${server.maxConns}`]),
      ...(keepAlive.connections === 0
        ? []
        : [
            `pool-max-conn ${keepAlive.connections}`,
            `pool-purge-delay ${timeWord(keepAlive.idleUs)}`,
            `max-reuse ${Math.max(0, keepAlive.requests - 1)}`,
          ]),
      ...(sendProxy === undefined ? [] : [sendProxy === 'v1' ? 'send-proxy' : 'send-proxy-v2']),
      ...(persistence?.kind === 'cookie' ? [`cookie ${word(this.options.bindingId(pool.name, server.name))}`] : []),
      ...failureWords(
        server,
        servers.length === 1 || (primaries === 1 && server.backup),
        proxying.retry.on.some((one) => SERVER_ERRORS.includes(one)),
      ),
      ...(server.backup ? ['backup'] : []),
      ...(isOut ? ['disabled'] : []),
    ].join(' ');
  }

  /** `copies`: in how many backends the pool is. */
  lines(use: BackendUse, copies: number, order: PoolOrder | undefined): readonly string[] {
    const { name, pool, proxying } = use;
    const lose: Lose = (what, why) => this.report(`layer7.pools.${pool.name}.${what}`, why);
    const where = use.routes.length === 0 ? '' : `layer7, locations of ${pool.name}`;
    const loseRoute: Lose = (what, why) => this.report(`${where}: ${what}`, why);
    if (copies > 1 && pool.servers.some(({ maxConns }) => maxConns > 0))
      lose('max_conns', `its locations differ in times or retries, so that HAProxy counts in ${copies} backends`);
    const states = haproxyStates(pool, order);
    return [
      `backend ${name}`,
      ...balanceLines(pool, lose),
      ...cookieLines(pool.persistence, lose),
      ...timeoutLines(use, loseRoute),
      ...retryLines(proxying.retry, pool.servers.length, loseRoute),
      ...keepAliveLines(pool, lose),
      ...(proxying.bufferRequest ? ['option http-buffer-request'] : []),
      ...(pool.servers.some(({ backup }) => backup) ? ['option allbackups'] : []),
      // who has no server is answered as by weir proxy and nginx
      `http-response set-var(txn.answered) bool(true)`,
      `http-after-response set-status 502 if { status 503 } ${not(found('var(txn.answered)'))}`,
      ...placeLines(pool),
      ...pool.servers.map((server, index) => this.#server(use, server, states[index]!)),
    ];
  }
}
