// nginx's directives about passing a request on, by levels: http, server, location. The innermost one that is written counts.
import { defaultProxying } from '../../model/layer7/defaults.js';
import { FIELD_NAME, isFieldText } from '../../model/layer7/field.js';
import { type FieldEdit, type Proxying, RETRY_CONDITIONS } from '../../model/layer7/proxying.js';
import { readTemplate, type Template, templateOf } from '../../model/layer7/template.js';
import { parseDuration, parseSize } from '../weir/units.js';
import type { Losses } from './losses.js';
import type { Directive } from './parse.js';

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

/** Reports, once, what of a level's directives cannot be carried. */
export function examineProxying(directive: Directive, losses: Losses): void {
  const { name, args } = directive;
  const [first = '', second] = args;
  if (TIMES.includes(name)) {
    if (parseDuration(first) === undefined) losses.add(directive, 'it is no time');
  } else if (name === 'proxy_set_header' || name === 'add_header') {
    const reading = readTemplate(second ?? '');
    if ('unknownVariable' in reading) losses.add(directive, `there is no variable $${reading.unknownVariable}`);
    if (['connection', 'upgrade'].includes(first.toLowerCase()))
      losses.add(directive, 'not needed: the proxy passes upgrades on by itself');
    if (!FIELD_NAME.test(first) || !isFieldText(second ?? '')) losses.add(directive, 'no field has this name or value');
    if (args[2] !== undefined) losses.add(directive, `${args[2]} is not carried: the field is added to every response`);
  } else if (name === 'proxy_next_upstream') {
    const unknown = args.filter((one) => one !== 'off' && !RETRY_CONDITIONS.some((known) => known === one));
    if (unknown.length > 0) losses.add(directive, `${unknown.join(' ')} is not carried`);
  } else if (name === 'client_max_body_size' && parseSize(first) === undefined) losses.add(directive, 'it is no size');
}

function editsOf(directives: readonly Directive[]): readonly FieldEdit[] {
  return directives.flatMap(({ args: [name = '', value = ''] }) => {
    const reading = readTemplate(value);
    const isOurs = ['connection', 'upgrade'].includes(name.toLowerCase());
    const isField = FIELD_NAME.test(name) && isFieldText(value);
    return 'template' in reading && !isOurs && isField ? [{ name, value: reading.template }] : [];
  });
}

/** In place of `$proxy_host`, which is what nginx calls the upstream. */
const withProxyHost = (template: Template, proxyHost: string): Template =>
  template.map((part) => (part.kind === 'variable' && part.variable === 'proxy_host' ? { kind: 'text', text: proxyHost } : part));

/** What nginx sends where nothing is written: the upstream's name as Host, and what the client sent of the fields that weir would write. */
function requestFieldsOf(directives: readonly Directive[], proxyHost: string): readonly FieldEdit[] {
  const written = editsOf(directives);
  const defaults: readonly FieldEdit[] = [
    { name: 'Host', value: templateOf('$proxy_host') },
    { name: 'X-Forwarded-For', value: templateOf('$http_x_forwarded_for') },
    { name: 'X-Forwarded-Proto', value: templateOf('$http_x_forwarded_proto') },
  ];
  const missing = defaults.filter(({ name }) => !written.some((one) => one.name.toLowerCase() === name.toLowerCase()));
  return [...missing, ...written].map(({ name, value }) => ({ name, value: withProxyHost(value, proxyHost) }));
}

/** `levels`: from the outside to the inside. */
export function proxyingOf(levels: readonly (readonly Directive[])[], proxyHost: string): Proxying {
  const all = (name: string): readonly Directive[] =>
    levels.map((level) => level.filter((one) => one.name === name)).findLast((found) => found.length > 0) ?? [];
  const word = (name: string): string => all(name)[0]?.args[0] ?? '';
  const { timeouts, retry, bodyMaxBytes, bufferRequest } = defaultProxying;
  const tries = word('proxy_next_upstream_tries');
  const on = all('proxy_next_upstream')[0]?.args;
  return {
    requestFields: requestFieldsOf(all('proxy_set_header'), proxyHost),
    responseFields: editsOf(all('add_header')).map(({ name, value }) => ({ name, value: withProxyHost(value, proxyHost) })),
    hiddenFields: all('proxy_hide_header').flatMap(({ args: [name = ''] }) => (FIELD_NAME.test(name) ? [name.toLowerCase()] : [])),
    timeouts: {
      connectUs: parseDuration(word('proxy_connect_timeout')) ?? timeouts.connectUs,
      sendUs: parseDuration(word('proxy_send_timeout')) ?? timeouts.sendUs,
      readUs: parseDuration(word('proxy_read_timeout')) ?? timeouts.readUs,
      upgradedUs: timeouts.upgradedUs,
    },
    retry: {
      on: on === undefined ? retry.on : RETRY_CONDITIONS.filter((one) => on.includes(one) && !on.includes('off')),
      tries: /^\d{1,6}$/.test(tries) ? Number(tries) : retry.tries,
      timeoutUs: parseDuration(word('proxy_next_upstream_timeout')) ?? retry.timeoutUs,
    },
    bodyMaxBytes: parseSize(word('client_max_body_size')) ?? bodyMaxBytes,
    bufferRequest: word('proxy_request_buffering') === '' ? bufferRequest : word('proxy_request_buffering') === 'on',
  };
}
