// nginx's directives about passing a request on, by levels: http, server, location. The innermost one that is written counts.
import { defaultProxying } from '../../model/layer7/defaults.js';
import { FIELD_NAME, HOP_FIELDS, isFieldText } from '../../model/layer7/field.js';
import { type FieldEdit, type Proxying, RETRY_CONDITIONS } from '../../model/layer7/proxying.js';
import { type Template, templateOf } from '../../model/layer7/template.js';
import { parseDuration, parseSize } from '../weir/units.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';
import { readNginxTemplate } from './variables.js';

const TIMES = ['proxy_connect_timeout', 'proxy_send_timeout', 'proxy_read_timeout', 'proxy_next_upstream_timeout'];
const OTHERS = [
  'proxy_set_header',
  'add_header',
  'proxy_hide_header',
  'proxy_next_upstream',
  'proxy_next_upstream_tries',
  'client_max_body_size',
  'proxy_request_buffering',
];
export const isAboutProxying = ({ name }: Directive): boolean => TIMES.includes(name) || OTHERS.includes(name);

/** nginx has the same limit, or a higher one. */
const TRIES = /^\d{1,6}$/;
const isOurs = (name: string): boolean => HOP_FIELDS.includes(name.toLowerCase());
const isOfUpgrade = (name: string): boolean => ['connection', 'upgrade'].includes(name.toLowerCase());
const isField = ([name = '', value = '']: readonly string[]): boolean => FIELD_NAME.test(name) && isFieldText(value);

function examineField(directive: Directive, losses: Losses): void {
  const { name, args } = directive;
  const [field = '', value = '', third] = args;
  const reading = readNginxTemplate(value);
  const isHost = field.toLowerCase() === 'host';
  const instead =
    name === 'add_header' ? 'it is not added' : isHost ? 'servers get $proxy_host' : 'servers get no such field, of no client either';
  if (isOurs(field) && !isOfUpgrade(field)) losses.add(directive, 'the proxy makes this field itself');
  else if (isOurs(field)) losses.add(directive, 'not needed: the proxy passes upgrades on by itself', 'equivalent');
  else if (!isField(args)) losses.add(directive, 'no field has this name or value');
  else if ('unknownVariable' in reading) losses.add(directive, `there is no variable $${reading.unknownVariable}: ${instead}`);
  else if (name === 'add_header' && third !== 'always')
    losses.add(directive, 'answers of every status have it, as with always', 'approximated');
}

/** undefined: all of it is carried. */
function whyNot({ name, args }: Directive): string | undefined {
  const [first = ''] = args;
  if (TIMES.includes(name)) return parseDuration(first) === undefined ? 'it is no time' : undefined;
  if (name === 'proxy_next_upstream') {
    const unknown = args.filter((one) => one !== 'off' && !RETRY_CONDITIONS.some((known) => known === one));
    return unknown.length > 0 ? `${unknown.join(' ')} is not carried` : undefined;
  }
  if (name === 'client_max_body_size') return parseSize(first) === undefined ? 'it is no size' : undefined;
  if (name === 'proxy_next_upstream_tries') return TRIES.test(first) ? undefined : 'it is no number of tries';
  if (name === 'proxy_request_buffering') return first === 'on' || first === 'off' ? undefined : 'it is neither on nor off';
  return FIELD_NAME.test(first) ? undefined : 'no field has this name';
}

const isSetting = ({ name }: Directive): boolean => name === 'proxy_set_header' || name === 'add_header';

/** Reports, once, what of a level's directives cannot be carried. */
export function examineProxying(directives: readonly Directive[], losses: Losses): void {
  const seen = new Set<string>();
  for (const directive of directives) {
    const { name, args } = directive;
    const key = isSetting(directive) ? `${name} ${args[0]?.toLowerCase()}` : name;
    if (seen.has(key) && name !== 'proxy_hide_header') losses.add(directive, 'the one before it counts: there is one of a name');
    else if (isSetting(directive)) examineField(directive, losses);
    else {
      const why = whyNot(directive);
      if (why !== undefined) losses.add(directive, why);
    }
    seen.add(key);
  }
}

/** A field whose value is not carried is emptied: so a client's own one does not pass for it. Not Host, which has a default. */
function editsOf(directives: readonly Directive[], serverName: string): readonly FieldEdit[] {
  const edits = new Map<string, FieldEdit>();
  for (const { name: directive, args } of directives) {
    const [name = '', value = ''] = args;
    const key = name.toLowerCase();
    const reading = readNginxTemplate(value, serverName);
    const isLost = 'unknownVariable' in reading;
    if (isOurs(name) || !isField(args) || edits.has(key) || (isLost && (directive === 'add_header' || key === 'host'))) continue;
    edits.set(key, { name, value: isLost ? [] : reading.template });
  }
  return [...edits.values()];
}

/** In place of `$proxy_host`, which is what nginx calls the upstream. */
const withProxyHost = (template: Template, proxyHost: string): Template =>
  template.map((part) => (part.kind === 'variable' && part.variable === 'proxy_host' ? { kind: 'text', text: proxyHost } : part));

/** What nginx sends where nothing is written: the upstream's name as Host, and what the client sent of the fields that weir would write. */
function requestFieldsOf(directives: readonly Directive[], proxyHost: string, serverName: string): readonly FieldEdit[] {
  const written = editsOf(directives, serverName);
  const defaults: readonly FieldEdit[] = [
    { name: 'Host', value: templateOf('$proxy_host') },
    { name: 'X-Forwarded-For', value: templateOf('$http_x_forwarded_for') },
    { name: 'X-Forwarded-Proto', value: templateOf('$http_x_forwarded_proto') },
  ];
  const missing = defaults.filter(({ name }) => !written.some((one) => one.name.toLowerCase() === name.toLowerCase()));
  return [...missing, ...written].map(({ name, value }) => ({ name, value: withProxyHost(value, proxyHost) }));
}

/** `levels`: from the outside to the inside. */
export function proxyingOf(levels: readonly (readonly Directive[])[], proxyHost: string, serverName: string): Proxying {
  const all = (name: string): readonly Directive[] =>
    levels.map((level) => level.filter((one) => one.name === name)).findLast((found) => found.length > 0) ?? [];
  const word = (name: string): string => all(name)[0]?.args[0] ?? '';
  const { timeouts, retry, bodyMaxBytes, bufferRequest } = defaultProxying;
  const tries = word('proxy_next_upstream_tries');
  const on = all('proxy_next_upstream')[0]?.args;
  return {
    requestFields: requestFieldsOf(all('proxy_set_header'), proxyHost, serverName),
    responseFields: editsOf(all('add_header'), serverName).map(({ name, value }) => ({ name, value: withProxyHost(value, proxyHost) })),
    hiddenFields: all('proxy_hide_header').flatMap(({ args: [name = ''] }) => (FIELD_NAME.test(name) ? [name.toLowerCase()] : [])),
    timeouts: {
      connectUs: parseDuration(word('proxy_connect_timeout')) ?? timeouts.connectUs,
      sendUs: parseDuration(word('proxy_send_timeout')) ?? timeouts.sendUs,
      readUs: parseDuration(word('proxy_read_timeout')) ?? timeouts.readUs,
      upgradedUs: timeouts.upgradedUs,
    },
    retry: {
      on: on === undefined ? retry.on : RETRY_CONDITIONS.filter((one) => on.includes(one) && !on.includes('off')),
      tries: TRIES.test(tries) ? Number(tries) : retry.tries,
      timeoutUs: parseDuration(word('proxy_next_upstream_timeout')) ?? retry.timeoutUs,
    },
    bodyMaxBytes: parseSize(word('client_max_body_size')) ?? bodyMaxBytes,
    bufferRequest: word('proxy_request_buffering') === '' ? bufferRequest : word('proxy_request_buffering') === 'on',
  };
}
