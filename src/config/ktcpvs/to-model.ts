// KTCPVS's table as the model of layer 7. Patterns are tried on the path, in their order; requests of no rule go to `redirect`, or get 503.
import { endpointText } from '../../model/endpoint-text.js';
import { destinationId } from '../../model/identity.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../model/layer7/defaults.js';
import type { Host } from '../../model/layer7/host.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Balance, Persistence, Pool } from '../../model/layer7/pool.js';
import type { Action, PathMatch, Route } from '../../model/layer7/route.js';
import type { Way } from '../../model/layer7/switch-plan.js';
import { templateOf } from '../../model/layer7/template.js';
import { isDefaultPattern, type KtcpvsServer, type KtcpvsVirtual, rulesByPattern } from './virtual.js';

const SID_LIFE_US = 600_000_000;
const UNSERVED_STATUS = 503;

const balanceOf = ({ scheduler }: KtcpvsVirtual, match: number): Balance =>
  scheduler === 'hhttp' ? { kind: 'sum', key: templateOf(`$${Math.max(match, 1)}`) } : { kind: 'least_conn' };

/** As chttp's, but the id is a MAC of the server's name: KTCPVS's was a counter, which others could guess. */
const cookieOf = (name: string): Persistence => ({ kind: 'cookie', name, maxAgeUs: SID_LIFE_US, path: '/', httpOnly: true, secure: false });

/** Of its rules by their numbers, or of itself: no name that another virtual service has. */
function poolName({ name }: KtcpvsVirtual, number: number, taken: ReadonlySet<string>): string {
  if (number === 0) return name;
  let found = `${name}_${number}`;
  while (taken.has(found)) found += '_';
  return found;
}

function poolOf(virtual: KtcpvsVirtual, number: number, match: number, keys: readonly KtcpvsServer[], taken: ReadonlySet<string>): Pool {
  const servers = keys.map(({ weight, ...key }) => {
    const own = { address: key.address, port: key.port === 0 ? virtual.listen.port : key.port };
    return { ...defaultServer, ...own, name: endpointText(own), weight: Math.max(weight, 1), down: weight === 0 };
  });
  return {
    name: poolName(virtual, number, taken),
    servers,
    balance: balanceOf(virtual, match),
    ...(virtual.scheduler === 'chttp' ? { persistence: cookieOf(number === 0 ? 'KTCPVS_SID' : `KTCPVS_SID_${number}`) } : {}),
    keepAlive: defaultKeepAlive,
  };
}

const routeOf = (path: PathMatch, action: Action): Route => ({
  match: { path, methods: [], fields: [], cookies: [] },
  action,
  proxying: defaultProxying,
});

const everything: PathMatch = { kind: 'prefix', path: '/', beforeExpressions: false };

function unserved({ redirect }: KtcpvsVirtual): Action {
  if (redirect === undefined) return { kind: 'status', status: UNSERVED_STATUS, body: [] };
  return { kind: 'redirect', status: 302, location: templateOf(`http://${endpointText(redirect)}$request_uri`) };
}

/** A literal beginning of paths, and nothing else: `^/images/`. */
const LITERAL = /^\^(\/(?:[A-Za-z0-9_/~!@,;:=&-]|\\\.)*)$/;
const literalOf = (pattern: string): string | undefined => LITERAL.exec(pattern)?.[1]?.replaceAll('\\.', '.');

/**
 * Rules are tried in their order, the first one that matches counts. So literal beginnings that stand before all expressions are prefixes that come before
 * those, if no later one of them is longer than one before it: that never has a request.
 */
function literalPrefixes(patterns: readonly string[]): ReadonlyMap<string, string> {
  const prefixes = new Map<string, string>();
  for (const pattern of patterns) {
    const prefix = literalOf(pattern);
    if (prefix === undefined) break;
    if (![...prefixes.values()].some((before) => prefix.startsWith(before))) prefixes.set(pattern, prefix);
  }
  return prefixes;
}

function pathOf({ scheduler, isSwitched }: KtcpvsVirtual, pattern: string, match: number, prefix: string | undefined): PathMatch {
  if (scheduler !== 'hhttp' && isDefaultPattern(pattern)) return everything;
  if (isSwitched && prefix !== undefined) return { kind: 'prefix', path: prefix, beforeExpressions: true };
  const isWhole = scheduler === 'hhttp' && match === 0;
  return { kind: 'expression', pattern: isWhole ? `(${pattern})` : pattern, ignoreCase: false };
}

function routesOf(
  virtual: KtcpvsVirtual,
  taken: ReadonlySet<string>,
): { readonly routes: readonly Route[]; readonly pools: readonly Pool[] } {
  const { scheduler, rules, servers } = virtual;
  if (scheduler === 'wlc' || (scheduler === 'chttp' && rules.length === 0)) {
    const pools = servers.length === 0 ? [] : [poolOf(virtual, 0, 0, servers, taken)];
    return { pools, routes: [routeOf(everything, pools[0] === undefined ? unserved(virtual) : { kind: 'pool', pool: pools[0].name })] };
  }
  const byPattern = rulesByPattern(rules);
  const prefixes = literalPrefixes([...byPattern.keys()]);
  const weights = new Map(servers.map((server) => [destinationId(server), server.weight]));
  const found = [...byPattern].map(([pattern, own], index) => {
    const match = own[0]?.match ?? 0;
    const asked = own.map(({ server }) => ({ ...server, weight: weights.get(destinationId(server)) ?? 1 }));
    const pool = poolOf(virtual, index + 1, match, asked, taken);
    const path = pathOf(virtual, pattern, match, prefixes.get(pattern));
    return { pool, route: routeOf(path, { kind: 'pool', pool: pool.name }) };
  });
  const isOfAll = ({ route: { match } }: { readonly route: Route }): boolean => match.path.kind === 'prefix' && match.path.path === '/';
  const all = found.find(isOfAll);
  // Of two rules for all requests the first one has them.
  const asked = found.filter((one) => one === all || !isOfAll(one));
  return {
    pools: asked.map(({ pool }) => pool),
    routes: [...asked.map(({ route }) => route), ...(all === undefined ? [routeOf(everything, unserved(virtual))] : [])],
  };
}

/** phttp chooses for each request: the datapath cannot. */
const mayBeSwitched = ({ isSwitched, scheduler }: KtcpvsVirtual): boolean => isSwitched && scheduler !== 'phttp';

/** The virtual services that were started. `way`: of those that the datapath is to serve. */
export function layer7OfKtcpvs(virtuals: readonly KtcpvsVirtual[], way: Way = 'auto'): Layer7 {
  const started = virtuals.filter(({ isStarted }) => isStarted);
  const taken = new Set(started.map(({ name }) => name));
  const found = started.map((virtual) => {
    const { routes, pools } = routesOf(virtual, taken);
    return { virtual, pools, routes: mayBeSwitched(virtual) ? routes.map((route) => ({ ...route, way })) : routes };
  });
  return {
    listeners: started.map(({ name, listen }) => ({ name, ...listen, proxyFrom: [] })),
    hosts: found.map(({ virtual: { name }, routes }): Host => ({ label: name, names: [], listeners: [name], defaultOn: [], routes })),
    pools: found.flatMap(({ pools }) => pools),
    limits: defaultClientLimits,
  };
}

/** What the datapath was asked to serve and leaves to the proxy, and why: a line each. `refusalsOf`: of a model. */
export function unswitchedLines(
  virtuals: readonly KtcpvsVirtual[],
  refusalsOf: (layer7: Layer7) => readonly { readonly host: string; readonly location: string | undefined; readonly why: string }[],
): readonly string[] {
  const wanted = virtuals.filter(({ isStarted, isSwitched }) => isStarted && isSwitched);
  const each = wanted.filter((virtual) => !mayBeSwitched(virtual)).map(({ name }) => `${name}: phttp chooses for each request`);
  const refused = refusalsOf(layer7OfKtcpvs(wanted, 'switch'));
  return [...each, ...refused.map(({ host, location, why }) => `${host}${location === undefined ? '' : `, ${location}`}: ${why}`)];
}
