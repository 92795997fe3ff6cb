// Which rules of layer 7 the datapath can decide by the first bytes of a connection, and why not the others.
//
// It decides as the proxy's router does, or not at all: a name or a path that it does not know for certain is the proxy's. So only hosts with exact
// names are switched, and of their paths all are known to the datapath: those that it must leave to the proxy stand in its table without a pool.
import { type Family, isLinkLocal, isUnspecified } from '../../../model/address.js';
import { endpointText } from '../../../model/endpoint-text.js';
import { defaultProxying } from '../../../model/layer7/defaults.js';
import type { Host } from '../../../model/layer7/host.js';
import type { Layer7 } from '../../../model/layer7/layer7.js';
import type { Listener } from '../../../model/layer7/listener.js';
import type { Pool } from '../../../model/layer7/pool.js';
import type { PathMatch, Route } from '../../../model/layer7/route.js';
import {
  SWITCH_LIMITS,
  type SwitchHost,
  type SwitchListener,
  type SwitchPath,
  type SwitchPlan,
  type SwitchPool,
  type SwitchRefusal,
  type SwitchServer,
} from '../../../model/layer7/switch-plan.js';
import type { Subnet } from '../../../model/subnet.js';
import { withOwnAddresses } from './own-addresses.js';

const NAME = /^[a-z0-9._-]+$/;
/** A path that a request has as it is: normalising changes nothing of it. */
const PLAIN_PATH = /^(?!.*\/[/.])\/[!"$&-[\]-~]*$/;

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Has it names alone that a table of whole names can hold? */
const isOfWholeNames = (host: Host): boolean =>
  host.names.every((name) => name.kind === 'exact') && exactNames(host).length === host.names.length;

/**
 * The host of all names that no other one of the listener has, where the file has it so (`default_server`, or no `server_name`), and where the datapath
 * knows the others for certain. Its own names lead to it in any case.
 */
function hostOfOthers(listener: Listener, { hosts }: Layer7): Host | undefined {
  const own = hosts.filter(({ listeners }) => listeners.includes(listener.name));
  const found = own.find(({ defaultOn }) => defaultOn.includes(listener.name)) ?? own[0];
  const isMeant = found !== undefined && (found.defaultOn.includes(listener.name) || found.names.length === 0);
  const isCertain = listener.tls === undefined && own.every((host) => host === found || isOfWholeNames(host));
  return isMeant && isCertain ? found : undefined;
}

/** The names of a host that a table of whole names can hold. */
function exactNames({ names }: Host): readonly string[] {
  const whole = names.flatMap((name) =>
    name.kind === 'exact' ? [name.name] : name.kind === 'suffix' && name.withBare ? [name.suffix.slice(1)] : [],
  );
  return whole.filter((name) => NAME.test(name) && name.length <= SWITCH_LIMITS.nameBytes);
}

/** `family`: of the listener. VS/NAT changes no family. */
function whyNotPool(pool: Pool, family: Family): string | undefined {
  const { servers, balance, persistence, sendProxy } = pool;
  if (balance.kind !== 'round_robin' && balance.kind !== 'least_conn') return `the datapath does not balance by ${balance.kind}`;
  if (persistence !== undefined) return "sticky is the proxy's";
  if (sendProxy !== undefined) return "send_proxy is the proxy's";
  if (servers.some(({ backup }) => backup)) return "backup servers are the proxy's";
  if (servers.some(({ maxConns }) => maxConns > 0)) return "max_conns is the proxy's";
  if (servers.some(({ address }) => address.family !== family)) return 'a server has not the address family of the listener';
  if (servers.length > SWITCH_LIMITS.servers) return `the pool has more than ${SWITCH_LIMITS.servers} servers`;
  return servers.every(({ down }) => down) ? 'the pool has no server' : undefined;
}

function whyNotPath(path: PathMatch): string | undefined {
  if (path.kind === 'expression') return "an expression is the proxy's";
  if (!PLAIN_PATH.test(path.path)) return 'the path has characters that requests encode';
  return path.path.length > SWITCH_LIMITS.pathBytes ? `the path has more than ${SWITCH_LIMITS.pathBytes} bytes` : undefined;
}

function whyNotAction({ action, proxying }: Route): string | undefined {
  if (action.kind !== 'pool') return "an answer of its own is the proxy's";
  if (action.replacePrefix !== undefined) return 'replace_prefix changes the request';
  const { requestFields, responseFields, hiddenFields } = proxying;
  if (!same(requestFields, defaultProxying.requestFields)) return 'proxy_set_header changes the request';
  return responseFields.length + hiddenFields.length > 0 ? 'add_header and proxy_hide_header change the answer' : undefined;
}

const isConditional = ({ match: { methods, fields, cookies, sni } }: Route): boolean =>
  methods.length + fields.length + cookies.length > 0 || sni !== undefined;

/** The proxy redirects the path of a location of a pool without its last slash. */
function redirectedTo({ match: { path }, action }: Route): readonly SwitchPath[] {
  if (action.kind !== 'pool' || path.kind === 'expression' || path.path.length === 1 || !path.path.endsWith('/')) return [];
  return whyNotPath(path) === undefined ? [{ path: path.path.slice(0, -1), exact: true, pool: undefined }] : [];
}

const samePath = (one: SwitchPath, other: SwitchPath): boolean => one.path === other.path && one.exact === other.exact;

/** Of what all listeners of a host have in common. */
class HostPlanner {
  readonly #pathCounts = new Map<string, number>();
  readonly #hasExpressions: boolean;

  constructor(
    readonly host: Host,
    readonly pools: ReadonlyMap<string, Pool>,
    readonly family: Family,
  ) {
    this.#hasExpressions = host.routes.some(({ match }) => match.path.kind === 'expression');
    for (const { match } of host.routes)
      this.#pathCounts.set(this.#key(match.path), (this.#pathCounts.get(this.#key(match.path)) ?? 0) + 1);
  }

  #key(path: PathMatch): string {
    return path.kind === 'expression' ? `~ ${path.pattern}` : `${path.kind} ${path.path}`;
  }

  /** Why the datapath cannot decide this route; undefined: it can. */
  whyNot(route: Route): string | undefined {
    const { path } = route.match;
    const why = whyNotPath(path) ?? whyNotAction(route);
    if (why !== undefined) return why;
    if (isConditional(route)) return 'methods, headers, cookies and sni are looked at by the proxy';
    if ((this.#pathCounts.get(this.#key(path)) ?? 0) > 1) return 'other locations of the same path have conditions';
    if (path.kind === 'prefix' && !path.beforeExpressions && this.#hasExpressions) return 'an expression of the host may come before it';
    const pool = route.action.kind === 'pool' ? this.pools.get(route.action.pool) : undefined;
    return pool === undefined ? 'its pool is missing' : whyNotPool(pool, this.family);
  }

  path(route: Route): SwitchPath | undefined {
    const { path } = route.match;
    if (path.kind === 'expression' || whyNotPath(path) !== undefined) return undefined;
    const wanted = route.way === 'switch' || route.way === 'auto';
    const pool = wanted && route.action.kind === 'pool' && this.whyNot(route) === undefined ? route.action.pool : undefined;
    return { path: path.path, exact: path.kind === 'exact', pool };
  }

  paths(): readonly SwitchPath[] {
    // A path that no table holds may be longer than one that it has: then no shorter one counts.
    const odd = this.host.routes.some(({ match: { path } }) => path.kind !== 'expression' && whyNotPath(path) !== undefined);
    const own = this.host.routes.flatMap((route) => this.path(route) ?? []);
    const paths = [...own, ...this.host.routes.flatMap(redirectedTo).filter(({ path }) => !own.some((one) => one.path === path))];
    const first = paths.filter((each, i) => paths.findIndex((other) => samePath(other, each)) === i);
    return odd ? first.map((each) => ({ ...each, pool: each.exact ? each.pool : undefined })) : first;
  }
}

const whyNotConnection = ({ address, proxyFrom }: Listener): string | undefined => {
  if (isUnspecified(address)) return 'this host has no address for its listener, or only those of networks with servers';
  if (isLinkLocal(address)) return "link-local addresses are the proxy's";
  return proxyFrom.length > 0 ? "connections with a PROXY header are the proxy's" : undefined;
};
const whyNotListener = (listener: Listener): string | undefined =>
  whyNotConnection(listener) ?? (listener.tls === undefined ? undefined : "TLS that ends here is the proxy's");

const serversOf = (pool: Pool): readonly SwitchServer[] =>
  pool.servers.filter(({ down }) => !down).map(({ address, port, weight }) => ({ address, port, weight }));
const nameOf = ({ address, port }: SwitchServer): string => endpointText({ address, port });

/** Each server once, with the weight of the first pool that has it. */
function allServers(pools: readonly SwitchPool[]): readonly SwitchServer[] {
  const byName = new Map<string, SwitchServer>();
  for (const server of pools.flatMap(({ servers }) => servers)) if (!byName.has(nameOf(server))) byName.set(nameOf(server), server);
  return [...byName.values()];
}

/** Why the datapath cannot give connections of TLS to a host's pool; undefined: it can. */
function whyNotPassthrough(host: Host, pools: ReadonlyMap<string, Pool>, { address: { family } }: Listener): string | undefined {
  if (exactNames(host).length === 0) return 'only hosts with an exact server_name are switched';
  const pool = pools.get(host.passthrough ?? '');
  return pool === undefined ? 'its pool is missing' : whyNotPool(pool, family);
}

/** Of a listener with TLS that is the connection, by its name; of one without, paths. No path of them has a pool: nothing is switched. */
function pathsOf(listener: Listener, host: Host, pools: ReadonlyMap<string, Pool>): readonly SwitchPath[] {
  if (listener.tls === undefined) return new HostPlanner(host, pools, listener.address.family).paths();
  const pool = host.passthrough !== undefined && whyNotPassthrough(host, pools, listener) === undefined ? host.passthrough : undefined;
  return [{ path: '', exact: false, pool }];
}

const isSwitched = (paths: readonly SwitchPath[]): boolean => paths.some(({ pool }) => pool !== undefined);
/** All paths are the proxy's. */
const PROXIED: readonly SwitchPath[] = [{ path: '/', exact: false, pool: undefined }];

function listenerPlan(listener: Listener, layer7: Layer7, pools: ReadonlyMap<string, Pool>): SwitchListener | undefined {
  if (whyNotConnection(listener) !== undefined) return undefined;
  const hosts: SwitchHost[] = [];
  const taken = new Set<string>();
  const others = hostOfOthers(listener, layer7);
  const ofOthers = others === undefined ? [] : pathsOf(listener, others, pools);
  const hasOthers = isSwitched(ofOthers);
  for (const host of layer7.hosts.filter(({ listeners }) => listeners.includes(listener.name))) {
    const paths = pathsOf(listener, host, pools);
    for (const name of exactNames(host)) {
      // A name that is not in the table is one of the others.
      if ((isSwitched(paths) || hasOthers) && !taken.has(name)) hosts.push({ name, paths: isSwitched(paths) ? paths : PROXIED });
      taken.add(name);
    }
  }
  if (hasOthers) hosts.push({ name: '', paths: ofOthers });
  if (hosts.length === 0) return undefined;
  const used = [...new Set(hosts.flatMap(({ paths }) => paths.flatMap(({ pool }) => pool ?? [])))].flatMap((name) => pools.get(name) ?? []);
  const servers = allServers(used.map((pool) => ({ name: pool.name, servers: serversOf(pool) })));
  const protocol = listener.tls === undefined ? 'http' : 'tls';
  return { name: listener.name, address: listener.address, port: listener.port, protocol, hosts, servers, isOfAll: false };
}

const locationText = (path: PathMatch): string =>
  path.kind === 'prefix' ? path.path : path.kind === 'exact' ? `= ${path.path}` : `~ ${path.pattern}`;

function refusalsOf(host: Host, layer7: Layer7, pools: ReadonlyMap<string, Pool>): readonly SwitchRefusal[] {
  const listeners = layer7.listeners.filter(({ name }) => host.listeners.includes(name));
  const planners = [...new Set(listeners.map(({ address }) => address.family))].map((family) => new HostPlanner(host, pools, family));
  const everywhere = listeners.map(whyNotListener).find((why) => why !== undefined);
  const isNamed = exactNames(host).length > 0 || listeners.every((listener) => hostOfOthers(listener, layer7) === host);
  const unnamed = isNamed ? undefined : 'only hosts with an exact server_name, and those of all other names, are switched';
  return host.routes
    .filter(({ way }) => way === 'switch')
    .flatMap((route) => {
      const why = everywhere ?? unnamed ?? planners.map((planner) => planner.whyNot(route)).find((each) => each !== undefined);
      return why === undefined ? [] : [{ host: host.label, location: locationText(route.match.path), why }];
    });
}

function passthroughRefusals(host: Host, { listeners }: Layer7, pools: ReadonlyMap<string, Pool>): readonly SwitchRefusal[] {
  if (host.passthrough === undefined) return [];
  const encrypted = listeners.filter(({ name, tls }) => tls !== undefined && host.listeners.includes(name));
  const why =
    encrypted.length === 0
      ? 'no listener of the host has tls'
      : encrypted
          .map((listener) => whyNotConnection(listener) ?? whyNotPassthrough(host, pools, listener))
          .find((each) => each !== undefined);
  return why === undefined ? [] : [{ host: host.label, location: `passthrough ${host.passthrough}`, why }];
}

/** Of two pools that have one server with different weights: the datapath has one for it. */
function weightRefusals(pools: readonly SwitchPool[]): readonly SwitchRefusal[] {
  const weights = new Map<string, number>();
  return pools.flatMap(({ name, servers }) =>
    servers.flatMap((server) => {
      const known = weights.get(nameOf(server)) ?? server.weight;
      weights.set(nameOf(server), known);
      return known === server.weight
        ? []
        : [{ host: `pool ${name}`, location: `port ${server.port}`, why: 'a server has one weight in all switched pools' }];
    }),
  );
}

/** All together: what the maps of the datapath do not hold. */
function limitRefusals(listeners: readonly SwitchListener[]): readonly SwitchRefusal[] {
  const hosts = listeners.flatMap((listener) => listener.hosts);
  const poolCount = (listener: SwitchListener): number =>
    new Set(listener.hosts.flatMap(({ paths }) => paths.flatMap(({ pool }) => pool ?? []))).size;
  const total = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
  const counts = {
    listeners: listeners.length,
    hosts: hosts.length,
    paths: total(hosts.map(({ paths }) => paths.length)),
    pools: total(listeners.map(poolCount)),
  };
  return (['listeners', 'hosts', 'paths', 'pools'] as const)
    .filter((what) => counts[what] > SWITCH_LIMITS[what])
    .map((what) => ({
      host: 'the section layer7',
      location: undefined,
      why: `it has ${counts[what]} ${what} for the datapath, which holds ${SWITCH_LIMITS[what]}`,
    }));
}

/** `own`: the addresses of this host, with their networks, for listeners on all of them. */
export function switchPlan(all: Layer7, own: readonly Subnet[] = []): SwitchPlan {
  const { layer7, nameOf } = withOwnAddresses(all, own);
  const pools = new Map(layer7.pools.map((pool) => [pool.name, pool]));
  const planned = layer7.listeners.flatMap((listener) => listenerPlan(listener, layer7, pools) ?? []);
  const listeners = planned.map((one) => ({ ...one, name: nameOf(one.name), isOfAll: nameOf(one.name) !== one.name }));
  const names = new Set(listeners.flatMap(({ hosts }) => hosts.flatMap(({ paths }) => paths.flatMap(({ pool }) => pool ?? []))));
  const used = layer7.pools.filter(({ name }) => names.has(name)).map((pool) => ({ name: pool.name, servers: serversOf(pool) }));
  const refusals = [
    ...layer7.hosts.flatMap((host) => [...refusalsOf(host, layer7, pools), ...passthroughRefusals(host, layer7, pools)]),
    ...weightRefusals(used),
    ...limitRefusals(listeners),
  ];
  return { listeners, pools: used, refusals };
}
