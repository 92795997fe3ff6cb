// The model as the text of a weir.yaml, without what is the default: what `readWeirFile` reads as the same.
import { stringify } from 'yaml';
import { endpointText } from '../../model/endpoint-text.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../model/layer7/defaults.js';
import type { Host } from '../../model/layer7/host.js';
import type { ClientLimits, Layer7 } from '../../model/layer7/layer7.js';
import type { Listener, ListenerTls } from '../../model/layer7/listener.js';
import type { Balance, KeepAlive, Persistence, Pool, PoolServer } from '../../model/layer7/pool.js';
import type { FieldEdit, Proxying } from '../../model/layer7/proxying.js';
import type { NamedMatch, Route, TextMatch } from '../../model/layer7/route.js';
import { templateText } from '../../model/layer7/template.js';
import { durationText, hostNameText, locationText, subnetText } from './units.js';

type Tree = Readonly<Record<string, unknown>>;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
/** The keys whose value is not the default. */
const changed = (rows: readonly (readonly [key: string, value: unknown, standard: unknown, written?: unknown])[]): Tree =>
  Object.fromEntries(rows.flatMap(([key, value, standard, written]) => (same(value, standard) ? [] : [[key, written ?? value]])));

const fieldsTree = (fields: readonly FieldEdit[]): Tree => Object.fromEntries(fields.map(({ name, value }) => [name, templateText(value)]));

function proxyingTree({ requestFields, responseFields, hiddenFields, timeouts, retry, bodyMaxBytes, bufferRequest }: Proxying): Tree {
  const base = defaultProxying;
  const own = requestFields.filter((field) => !base.requestFields.some((other) => same(field, other)));
  return changed([
    ['proxy_set_header', own, [], fieldsTree(own)],
    ['add_header', responseFields, [], fieldsTree(responseFields)],
    ['proxy_hide_header', hiddenFields, []],
    ['proxy_connect_timeout', timeouts.connectUs, base.timeouts.connectUs, durationText(timeouts.connectUs)],
    ['proxy_send_timeout', timeouts.sendUs, base.timeouts.sendUs, durationText(timeouts.sendUs)],
    ['proxy_read_timeout', timeouts.readUs, base.timeouts.readUs, durationText(timeouts.readUs)],
    ['upgraded_timeout', timeouts.upgradedUs, base.timeouts.upgradedUs, durationText(timeouts.upgradedUs)],
    ['proxy_next_upstream', retry.on, base.retry.on, retry.on.length === 0 ? ['off'] : retry.on],
    ['proxy_next_upstream_tries', retry.tries, 0],
    ['proxy_next_upstream_timeout', retry.timeoutUs, 0, durationText(retry.timeoutUs)],
    ['client_max_body_size', bodyMaxBytes, base.bodyMaxBytes],
    ['proxy_request_buffering', bufferRequest, base.bufferRequest],
  ]);
}

function serverTree(server: PoolServer): unknown {
  const own = changed([
    ['weight', server.weight, defaultServer.weight],
    ['max_fails', server.maxFails, defaultServer.maxFails],
    ['fail_timeout', server.failTimeoutUs, defaultServer.failTimeoutUs, durationText(server.failTimeoutUs)],
    ['max_conns', server.maxConns, defaultServer.maxConns],
    ['backup', server.backup, false],
    ['down', server.down, false],
  ]);
  return Object.keys(own).length === 0 ? server.name : { address: server.name, ...own };
}

function balanceTree(balance: Balance): unknown {
  if (balance.kind === 'hash') return { hash: templateText(balance.key), ...(balance.consistent ? { consistent: true } : {}) };
  if (balance.kind === 'sum') return { sum: templateText(balance.key) };
  return balance.kind === 'random' && balance.two ? 'random two' : balance.kind;
}

function stickyTree(persistence: Persistence): Tree {
  if (persistence.kind === 'field') return { header: persistence.name };
  const { name, maxAgeUs, domain, path, httpOnly, secure, sameSite } = persistence;
  return {
    cookie: name,
    ...(maxAgeUs === undefined ? {} : { max_age: durationText(maxAgeUs) }),
    ...(domain === undefined ? {} : { domain }),
    ...changed([
      ['path', path, '/'],
      ['http_only', httpOnly, true],
      ['secure', secure, false],
    ]),
    ...(sameSite === undefined ? {} : { same_site: sameSite }),
  };
}

const keepAliveTree = ({ connections, requests, idleUs, lifeUs, reuse }: KeepAlive): Tree =>
  changed([
    ['connections', connections, defaultKeepAlive.connections],
    ['requests', requests, defaultKeepAlive.requests],
    ['timeout', idleUs, defaultKeepAlive.idleUs, durationText(idleUs)],
    ['time', lifeUs, defaultKeepAlive.lifeUs, durationText(lifeUs)],
    ['reuse', reuse, defaultKeepAlive.reuse],
  ]);

const poolTree = ({ servers, balance, persistence, keepAlive, sendProxy, checks }: Pool): Tree => ({
  ...(balance.kind === 'round_robin' ? {} : { balance: balanceTree(balance) }),
  ...(persistence === undefined ? {} : { sticky: stickyTree(persistence) }),
  ...(same(keepAlive, defaultKeepAlive) ? {} : { keepalive: keepAliveTree(keepAlive) }),
  ...(sendProxy === undefined ? {} : { send_proxy: sendProxy }),
  ...(checks === undefined ? {} : { checks: checks.tree }),
  servers: servers.map(serverTree),
});

function matchTree(match: TextMatch): unknown {
  if (match.kind === 'present' || match.kind === 'absent') return match.kind === 'present';
  if (match.kind === 'expression') return { expression: match.ignoreCase ? `(?i)${match.pattern}` : match.pattern };
  return match.kind === 'exact' ? match.text : { prefix: match.text };
}

const matchesTree = (matches: readonly NamedMatch[]): Tree =>
  Object.fromEntries(matches.map(({ name, value }) => [name, matchTree(value)]));

function routeTree({ match, action, proxying, way }: Route): Tree {
  const { methods, fields, cookies, sni } = match;
  return {
    location: locationText(match.path),
    ...(methods.length === 0 ? {} : { methods }),
    ...(fields.length === 0 ? {} : { headers: matchesTree(fields) }),
    ...(cookies.length === 0 ? {} : { cookies: matchesTree(cookies) }),
    ...(sni === undefined ? {} : { sni: matchTree(sni) }),
    ...(action.kind === 'pool'
      ? { pool: action.pool, ...(action.replacePrefix === undefined ? {} : { replace_prefix: action.replacePrefix }) }
      : {}),
    ...(action.kind === 'redirect' ? { redirect: { to: templateText(action.location), status: action.status } } : {}),
    ...(action.kind === 'status'
      ? { return: { status: action.status, ...(action.body.length === 0 ? {} : { body: templateText(action.body) }) } }
      : {}),
    ...(way === undefined ? {} : { way }),
    ...proxyingTree(proxying),
  };
}

function hostTree({ names, listeners, defaultOn, routes, passthrough }: Host, all: readonly string[]): Tree {
  return {
    ...(names.length === 0 ? {} : { server_name: names.map(hostNameText) }),
    ...(same(listeners, all) ? {} : { listen: listeners }),
    ...(defaultOn.length === 0 ? {} : { default_server: true }),
    ...(passthrough === undefined ? {} : { passthrough }),
    locations: routes.map(routeTree),
  };
}

function limitsTree(limits: ClientLimits): Tree {
  const base = defaultClientLimits;
  return changed([
    ['head_max', limits.headMaxBytes, base.headMaxBytes],
    ['fields_max', limits.fieldsMax, base.fieldsMax],
    ['client_header_timeout', limits.headTimeoutUs, base.headTimeoutUs, durationText(limits.headTimeoutUs)],
    ['client_body_timeout', limits.bodyTimeoutUs, base.bodyTimeoutUs, durationText(limits.bodyTimeoutUs)],
    ['send_timeout', limits.sendTimeoutUs, base.sendTimeoutUs, durationText(limits.sendTimeoutUs)],
    ['keepalive_timeout', limits.keepAliveUs, base.keepAliveUs, durationText(limits.keepAliveUs)],
    ['keepalive_requests', limits.keepAliveRequests, base.keepAliveRequests],
    ['connections_max', limits.connectionsMax, base.connectionsMax],
  ]);
}

const tlsTree = ({ certificates, minVersion, http2 }: ListenerTls): Tree => ({
  certificates: certificates.map(({ chain, key }) => ({ ssl_certificate: chain, ssl_certificate_key: key })),
  ...changed([
    ['min_version', minVersion, 'TLSv1.2'],
    ['http2', http2, false],
  ]),
});

function listenerTree({ proxyFrom, tls, ...key }: Listener): unknown {
  const own = {
    ...(proxyFrom.length === 0 ? {} : { proxy_protocol_from: proxyFrom.map(subnetText) }),
    ...(tls === undefined ? {} : { tls: tlsTree(tls) }),
  };
  return Object.keys(own).length === 0 ? endpointText(key) : { listen: endpointText(key), ...own };
}

export function writeWeirFile({ listeners, pools, hosts, limits, engine, accessLog }: Layer7): string {
  const names = listeners.map(({ name }) => name);
  const limited = limitsTree(limits);
  const layer7 = {
    listeners: Object.fromEntries(listeners.map((listener) => [listener.name, listenerTree(listener)])),
    ...(Object.keys(limited).length === 0 ? {} : { limits: limited }),
    ...(engine === undefined ? {} : { engine: engine.lossy ? engine : engine.name }),
    ...(accessLog === undefined ? {} : { access_log: accessLog.format === 'combined' ? accessLog.path : accessLog }),
    ...(pools.length === 0 ? {} : { pools: Object.fromEntries(pools.map((pool) => [pool.name, poolTree(pool)])) }),
    hosts: hosts.map((host) => hostTree(host, names)),
  };
  return stringify({ layer7 }, { lineWidth: 120, aliasDuplicateObjects: false });
}
