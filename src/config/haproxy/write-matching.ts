// Which host and which route a request has, as rules of a frontend that leave numbers in variables: weir's order, which is nginx's.
import type { Host, HostName } from '../../model/layer7/host.js';
import type { PathMatch, Route, RouteMatch, TextMatch } from '../../model/layer7/route.js';
import { found, is, nameArgument, not, replaced, word } from './haproxy-words.js';

/** A route with its number, which is its own in the whole configuration. */
export interface NumberedRoute {
  readonly number: number;
  readonly route: Route;
}

export interface NumberedHost {
  readonly number: number;
  readonly host: Host;
  readonly routes: readonly NumberedRoute[];
}

const ROUTE = 'var(txn.route)';
const PREFIX = 'var(txn.prefix)';
const PATH = 'var(txn.path)';
/** Of folders above (`..`) so many stand in a path; one with more is refused. */
const PARENTS_MAX = 16;
/** Requests for a route's path without its last slash have the route's number and this. */
const SLASHLESS = 1_000_000;

export const onRoutes = (numbers: readonly number[]): string => is(ROUTE, 'int', numbers);
export const slashlessOf = (number: number): number => number + SLASHLESS;
export const noRoute = not(found(ROUTE));

const set = (name: string, value: string, ...conditions: readonly string[]): string =>
  `http-request set-var(txn.${name}) ${word(value)}${conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`}`;

/** The path that rules see: decoded, slashes merged, dots resolved. What nginx refuses is refused, and what could end a line behind it. */
export function pathRules(): readonly string[] {
  const needsWork = is('path', 'sub', ['%', '//', '/.']);
  const parents = is(PATH, 'reg', ['/\\.\\.(/|$)']);
  const refuse = (condition: string): string => `http-request deny status 400 if ${condition}`;
  return [
    refuse(is('path', 'reg', ['%(00|(?![0-9A-Fa-f]{2}))'])),
    set('path', 'path'),
    set('path', replaced('path,url_dec', '/+', '/', 'g'), needsWork),
    set('path', replaced(replaced(PATH, '/(\\./)+', '/', 'g'), '/\\.$', '/'), needsWork),
    ...Array.from({ length: PARENTS_MAX }, () => set('path', replaced(PATH, '/(?!\\.\\.(/|$))[^/]+/\\.\\.(/|$)', '/'), parents)),
    refuse(parents),
    refuse(is(PATH, 'reg', ['[\\x00-\\x1f\\x7f]'])),
  ];
}

function nameCondition(name: HostName): string {
  const of = 'var(txn.name)';
  switch (name.kind) {
    case 'exact':
      return is(of, 'str', [name.name]);
    case 'suffix':
      return is(of, 'end', [name.suffix]);
    case 'prefix':
      return is(of, 'beg', [name.prefix]);
    case 'expression':
      return is(of, 'reg', [name.pattern], name.ignoreCase ? '-i' : '');
  }
}

const lengthOf = (name: HostName): number =>
  name.kind === 'suffix' ? name.suffix.length : name.kind === 'prefix' ? name.prefix.length : 0;

/** Exact names, the longest `*.x`, the longest `x.*`, expressions, the default. */
export function hostRules(hosts: readonly NumberedHost[], fallback: NumberedHost): readonly string[] {
  const named = hosts.flatMap(({ number, host }) => host.names.map((name) => ({ number, name })));
  const bare = named.flatMap(({ number, name }) =>
    name.kind === 'suffix' && name.withBare ? [{ number, name: { kind: 'exact', name: name.suffix.slice(1) } as const }] : [],
  );
  const all = [...named, ...bare];
  const of = (kind: HostName['kind']): typeof all =>
    all.filter(({ name }) => name.kind === kind).toSorted((a, b) => lengthOf(b.name) - lengthOf(a.name));
  const unless = not(found('var(txn.vhost)'));
  return [
    ...(['exact', 'suffix', 'prefix', 'expression'] as const)
      .flatMap(of)
      .map(({ number, name }) => set('vhost', `int(${number})`, unless, nameCondition(name))),
    set('vhost', `int(${fallback.number})`, unless),
  ];
}

function textCondition(sample: string, match: TextMatch): string {
  switch (match.kind) {
    case 'present':
      return found(sample);
    case 'absent':
      return not(found(sample));
    case 'exact':
      return is(sample, 'str', [match.text]);
    case 'prefix':
      return is(sample, 'beg', [match.text]);
    case 'expression':
      return is(sample, 'reg', [match.pattern], match.ignoreCase ? '-i' : '');
  }
}

const conditionsOf = ({ methods, fields, cookies, sni }: RouteMatch): readonly string[] => [
  ...(methods.length === 0 ? [] : [is('method', 'str', methods)]),
  ...fields.map(({ name, value }) => textCondition(`req.fhdr(${nameArgument(name)})`, value)),
  ...cookies.map(({ name, value }) => textCondition(`req.cook(${nameArgument(name)})`, value)),
  ...(sni === undefined ? [] : [textCondition('ssl_fc_sni,lower', sni)]),
];

const pathOf = (path: PathMatch): string => (path.kind === 'expression' ? '' : path.path);

/** Whether a request for a route's path without its last slash is redirected to it. */
export const addsSlash = ({ route: { match, action } }: NumberedRoute): boolean =>
  action.kind === 'pool' && /.\/$/.test(pathOf(match.path));

/** The routes of one host, which `onHost` holds for. */
export function routeRules(routes: readonly NumberedRoute[], onHost: readonly string[]): readonly string[] {
  const of = (kind: PathMatch['kind']): readonly NumberedRoute[] => routes.filter(({ route }) => route.match.path.kind === kind);
  const prefixes = of('prefix').toSorted((a, b) => pathOf(b.route.match.path).length - pathOf(a.route.match.path).length);
  const goesFirst = prefixes.filter(({ route: { match } }) => match.path.kind === 'prefix' && match.path.beforeExpressions);
  const slashless = [...of('exact'), ...prefixes].filter(addsSlash);
  const take = (number: number, ...conditions: readonly string[]): string =>
    set('route', `int(${number})`, noRoute, ...onHost, ...conditions);
  const takePrefix = (...conditions: readonly string[]): string => set('route', PREFIX, noRoute, ...onHost, found(PREFIX), ...conditions);
  return [
    ...of('exact').map(({ number, route: { match } }) => take(number, is(PATH, 'str', [pathOf(match.path)]), ...conditionsOf(match))),
    ...prefixes.map(({ number, route: { match } }) =>
      set('prefix', `int(${number})`, ...onHost, not(found(PREFIX)), is(PATH, 'beg', [pathOf(match.path)]), ...conditionsOf(match)),
    ),
    ...slashless.map(({ number, route: { match } }) => {
      const path = pathOf(match.path).slice(0, -1);
      const itself = prefixes.filter(({ route }) => pathOf(route.match.path) === path).map((one) => one.number);
      const unlessItself = itself.length === 0 ? [] : [not(is(PREFIX, 'int', itself))];
      return take(slashlessOf(number), is(PATH, 'str', [path]), ...unlessItself, ...conditionsOf(match));
    }),
    ...(goesFirst.length === 0
      ? []
      : [
          takePrefix(
            is(
              PREFIX,
              'int',
              goesFirst.map(({ number }) => number),
            ),
          ),
        ]),
    ...of('expression').map(({ number, route: { match } }) => {
      const { path } = match;
      if (path.kind !== 'expression') throw new Error('a route of an expression has one');
      return take(number, is(PATH, 'reg', [path.pattern], path.ignoreCase ? '-i' : ''), ...conditionsOf(match));
    }),
    ...(prefixes.length === 0 ? [] : [takePrefix()]),
  ];
}
