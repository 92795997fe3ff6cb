// A route as nginx's location.
import { defaultProxying } from '../../model/layer7/defaults.js';
import type { Proxying } from '../../model/layer7/proxying.js';
import { type Action, LEAVES_PREFIX, leavablePrefix, type PathMatch, type Route, type RouteMatch } from '../../model/layer7/route.js';
import type { ReportEngineLoss } from '../engine/engine-loss.js';
import { locationText } from '../weir/units.js';
import { quoted, templateWord, timeWord, unknownTo } from './write-words.js';

const pathWords = (path: PathMatch): string => {
  if (path.kind === 'expression') return `${path.ignoreCase ? '~*' : '~'} ${quoted(path.pattern)}`;
  const modifier = path.kind === 'exact' ? '= ' : path.beforeExpressions ? '^~ ' : '';
  return `${modifier}${quoted(path.path)}`;
};

export const hasConditions = ({ methods, fields, cookies, sni }: RouteMatch): boolean =>
  methods.length + fields.length + cookies.length > 0 || sni !== undefined;

/** What weir sends and nginx would not, and the other way round: answers pass as the server wrote them. */
const AS_THE_SERVER_WROTE = [
  'proxy_http_version 1.1;',
  'proxy_redirect off;',
  'proxy_pass_header Date;',
  'proxy_pass_header Server;',
  'proxy_ignore_headers X-Accel-Redirect X-Accel-Expires X-Accel-Limit-Rate X-Accel-Buffering X-Accel-Charset;',
];

type Lose = (key: string, why: string) => void;

/** Those that nginx can make. */
function known(fields: Proxying['requestFields'], lose: Lose): Proxying['requestFields'] {
  for (const { name, value } of fields) for (const variable of unknownTo(value)) lose(name, `nginx has no variable ${variable}`);
  return fields.filter(({ value }) => unknownTo(value).length === 0);
}

const addedFields = ({ responseFields }: Proxying, lose: Lose, uri?: string): readonly string[] =>
  known(responseFields, lose).map(({ name, value }) => `add_header ${quoted(name)} ${templateWord(value, uri)} always;`);

function proxyingLines(proxying: Proxying, lose: Lose, uri?: string): readonly string[] {
  const { requestFields, hiddenFields, timeouts, retry, bodyMaxBytes, bufferRequest } = proxying;
  if (timeouts.upgradedUs !== defaultProxying.timeouts.upgradedUs)
    lose('upgraded_timeout', 'nginx has proxy_read_timeout for upgraded connections, too');
  return [
    ...AS_THE_SERVER_WROTE,
    'proxy_set_header Upgrade $weir_upgrade;',
    'proxy_set_header Connection $weir_connection;',
    ...known(requestFields, lose).map(({ name, value }) => `proxy_set_header ${quoted(name)} ${templateWord(value, uri)};`),
    ...addedFields(proxying, lose, uri),
    ...hiddenFields.map((name) => `proxy_hide_header ${quoted(name)};`),
    `proxy_connect_timeout ${timeWord(timeouts.connectUs)};`,
    `proxy_send_timeout ${timeWord(timeouts.sendUs)};`,
    `proxy_read_timeout ${timeWord(timeouts.readUs)};`,
    `proxy_next_upstream ${retry.on.length === 0 ? 'off' : retry.on.join(' ')};`,
    `proxy_next_upstream_tries ${retry.tries};`,
    `proxy_next_upstream_timeout ${timeWord(retry.timeoutUs)};`,
    `client_max_body_size ${bodyMaxBytes};`,
    `proxy_request_buffering ${bufferRequest ? 'on' : 'off'};`,
  ];
}

function actionLines(action: Action, proxying: Proxying, lose: Lose): readonly string[] {
  if (action.kind === 'pool') {
    const uri = action.replacePrefix ?? '';
    if (/[$"\\]/.test(uri)) lose('replace_prefix', 'nginx would read a variable in it');
    return [`proxy_pass ${quoted(`http://${action.pool}${/[$"\\]/.test(uri) ? '' : uri}`)};`, ...proxyingLines(proxying, lose)];
  }
  const fields = addedFields(proxying, lose);
  if (action.kind === 'redirect') {
    for (const variable of unknownTo(action.location)) lose('redirect.to', `nginx has no variable ${variable}`);
    return [...fields, `return ${action.status} ${templateWord(action.location)};`];
  }
  const unknown = unknownTo(action.body);
  for (const variable of unknown) lose('return.body', `nginx has no variable ${variable}`);
  return [...fields, `return ${action.status}${action.body.length === 0 || unknown.length > 0 ? '' : ` ${templateWord(action.body)}`};`];
}

/** Whether another server may get a request again that nginx would repeat, and weir would not. */
const repeats = ({ retry: { on, tries } }: Proxying, servers: number): boolean =>
  servers > 1 && tries !== 1 && !on.includes('non_idempotent') && on.length > 0;

/** A path as a regular expression of it alone. */
const literalOf = (path: string): string => path.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&');

/** What nginx leaves of a path as it is where it escapes it. */
const PLAIN_PATH = /^[A-Za-z0-9._~!&'()*+,;:@/=-]*$/;

/** The location, beside that of a route, of requests that only one server may get. It has no URI behind `proxy_pass`, so that another rule replaces it. */
function onceLines(name: string, { match: { path }, action, proxying }: Route, lose: Lose): readonly string[] | undefined {
  if (action.kind !== 'pool') return undefined;
  const { replacePrefix } = action;
  const once: Proxying = { ...proxying, retry: { ...proxying.retry, on: [] } };
  const pass = `proxy_pass ${quoted(`http://${action.pool}`)};`;
  if (replacePrefix === undefined || path.kind === 'expression')
    return [`location ${name} {`, ...[pass, ...proxyingLines(once, lose)].map((line) => `  ${line}`), '}'];
  if (!PLAIN_PATH.test(replacePrefix)) {
    lose('proxy_next_upstream', 'nginx tries again with methods such as PURGE, too, where replace_prefix has such characters');
    return undefined;
  }
  const rewrite = ['set $weir_uri $uri;', `rewrite ${quoted(`^${literalOf(path.path)}(.*)$`)} ${quoted(`${replacePrefix}$1`)} break;`];
  return [`location ${name} {`, ...[...rewrite, pass, ...proxyingLines(once, lose, 'weir_uri')].map((line) => `  ${line}`), '}'];
}

/** `/api../x` of a location `/api` that becomes `/v1/` would be `/v1/../x`. Behind a slash there are no dots any more. */
function leavingLines(route: Route): readonly string[] {
  const prefix = leavablePrefix(route);
  if (prefix === undefined || prefix.endsWith('/')) return [];
  return [`if ($uri ~ ${quoted(`^${literalOf(prefix)}${LEAVES_PREFIX}`)}) { return 400; }`];
}

/** `where`: of its host. `once`: a name that no other route has; `servers`: how many its pool has. */
export function locationLines(
  route: Route,
  where: string,
  { once, servers }: { readonly once: string; readonly servers: number },
  report: ReportEngineLoss,
): readonly string[] {
  const place = `${where}, location ${locationText(route.match.path)}`;
  const lose = (key: string, why: string): void => report(`${place}: ${key}`, why);
  if (hasConditions(route.match)) {
    lose('methods, headers, cookies, sni', 'a location of nginx has no conditions; this one is left out');
    return [];
  }
  const other = repeats(route.proxying, servers) ? onceLines(once, route, lose) : undefined;
  const leads = other === undefined ? [] : [`error_page 418 = ${once};`, 'if ($weir_once) { return 418; }'];
  const lines = [...leavingLines(route), ...leads, ...actionLines(route.action, route.proxying, lose)];
  return [`location ${pathWords(route.match.path)} {`, ...lines.map((line) => `  ${line}`), '}', ...(other ?? [])];
}
