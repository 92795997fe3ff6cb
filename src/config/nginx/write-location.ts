// A route as nginx's location.
import { defaultProxying } from '../../model/layer7/defaults.js';
import type { Proxying } from '../../model/layer7/proxying.js';
import type { Action, PathMatch, Route, RouteMatch } from '../../model/layer7/route.js';
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

const addedFields = ({ responseFields }: Proxying, lose: Lose): readonly string[] =>
  known(responseFields, lose).map(({ name, value }) => `add_header ${quoted(name)} ${templateWord(value)} always;`);

function proxyingLines(proxying: Proxying, lose: Lose): readonly string[] {
  const { requestFields, hiddenFields, timeouts, retry, bodyMaxBytes, bufferRequest } = proxying;
  if (timeouts.upgradedUs !== defaultProxying.timeouts.upgradedUs)
    lose('upgraded_timeout', 'nginx has proxy_read_timeout for upgraded connections, too');
  return [
    ...AS_THE_SERVER_WROTE,
    'proxy_set_header Upgrade $weir_upgrade;',
    'proxy_set_header Connection $weir_connection;',
    ...known(requestFields, lose).map(({ name, value }) => `proxy_set_header ${quoted(name)} ${templateWord(value)};`),
    ...addedFields(proxying, lose),
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

/** `where`: of its host. */
export function locationLines(route: Route, where: string, report: ReportEngineLoss): readonly string[] {
  const place = `${where}, location ${locationText(route.match.path)}`;
  const lose = (key: string, why: string): void => report(`${place}: ${key}`, why);
  if (hasConditions(route.match)) {
    lose('methods, headers, cookies, sni', 'a location of nginx has no conditions; this one is left out');
    return [];
  }
  return [`location ${pathWords(route.match.path)} {`, ...actionLines(route.action, route.proxying, lose).map((line) => `  ${line}`), '}'];
}
