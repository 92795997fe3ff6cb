// KTCPVS's table as the model of layer 7. Patterns are tried on the path, in their order; requests of no rule go to `redirect`, or get 503.
import { endpointText } from '../../model/endpoint-text.js';
import { defaultClientLimits, defaultKeepAlive, defaultProxying, defaultServer } from '../../model/layer7/defaults.js';
import type { Host } from '../../model/layer7/host.js';
import type { Layer7 } from '../../model/layer7/layer7.js';
import type { Balance, Persistence, Pool } from '../../model/layer7/pool.js';
import type { Action, PathMatch, Route } from '../../model/layer7/route.js';
import { templateOf } from '../../model/layer7/template.js';
import type { DestinationKey } from '../../model/service.js';
import { isDefaultPattern, type KtcpvsVirtual, serverIn } from './virtual.js';

const SID_LIFE_US = 600_000_000;
const UNSERVED_STATUS = 503;

const balanceOf = ({ scheduler }: KtcpvsVirtual, match: number): Balance =>
  scheduler === 'hhttp' ? { kind: 'sum', key: templateOf(`$${Math.max(match, 1)}`) } : { kind: 'least_conn' };

/** As chttp's, but the id is a MAC of the server's name: KTCPVS's was a counter, which others could guess. */
const cookieOf = (name: string): Persistence => ({ kind: 'cookie', name, maxAgeUs: SID_LIFE_US, path: '/', httpOnly: true, secure: false });

function poolOf(virtual: KtcpvsVirtual, number: number, match: number, keys: readonly DestinationKey[]): Pool {
  const servers = keys.map((key) => {
    const weight = serverIn(virtual, key)?.weight ?? 1;
    const own = { address: key.address, port: key.port === 0 ? virtual.listen.port : key.port };
    return { ...defaultServer, ...own, name: endpointText(own), weight: Math.max(weight, 1), down: weight === 0 };
  });
  return {
    name: number === 0 ? virtual.name : `${virtual.name}_${number}`,
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
  if (redirect === undefined) return { kind: 'status', status: UNSERVED_STATUS, body: '' };
  return { kind: 'redirect', status: 302, location: templateOf(`http://${endpointText(redirect)}$request_uri`) };
}

function routesOf(virtual: KtcpvsVirtual): { readonly routes: readonly Route[]; readonly pools: readonly Pool[] } {
  const { scheduler, rules, servers } = virtual;
  if (scheduler === 'wlc' || (scheduler === 'chttp' && rules.length === 0)) {
    const pools = servers.length === 0 ? [] : [poolOf(virtual, 0, 0, servers)];
    return { pools, routes: [routeOf(everything, pools[0] === undefined ? unserved(virtual) : { kind: 'pool', pool: pools[0].name })] };
  }
  const patterns = [...new Set(rules.map(({ pattern }) => pattern))];
  const found = patterns.map((pattern, index) => {
    const own = rules.filter((rule) => rule.pattern === pattern);
    const match = own[0]?.match ?? 0;
    const pool = poolOf(
      virtual,
      index + 1,
      match,
      own.map(({ server }) => server),
    );
    const isWhole = scheduler === 'hhttp' && match === 0;
    const path: PathMatch =
      isDefaultPattern(pattern) && scheduler !== 'hhttp'
        ? everything
        : { kind: 'expression', pattern: isWhole ? `(${pattern})` : pattern, ignoreCase: false };
    return { pool, route: routeOf(path, { kind: 'pool', pool: pool.name }) };
  });
  const hasDefault = found.some(({ route }) => route.match.path.kind === 'prefix');
  return {
    pools: found.map(({ pool }) => pool),
    routes: [...found.map(({ route }) => route), ...(hasDefault ? [] : [routeOf(everything, unserved(virtual))])],
  };
}

/** The virtual services that were started. */
export function layer7OfKtcpvs(virtuals: readonly KtcpvsVirtual[]): Layer7 {
  const started = virtuals.filter(({ isStarted }) => isStarted);
  const found = started.map((virtual) => ({ virtual, ...routesOf(virtual) }));
  return {
    listeners: started.map(({ name, listen }) => ({ name, ...listen, proxyFrom: [] })),
    hosts: found.map(({ virtual: { name }, routes }): Host => ({ label: name, names: [], listeners: [name], defaultOn: [], routes })),
    pools: found.flatMap(({ pools }) => pools),
    limits: defaultClientLimits,
  };
}
