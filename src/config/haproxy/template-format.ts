// Texts with nginx's variables as HAProxy's log formats. What a variable needs besides a sample is collected, to be made before any rule changes
// the request.
import type { Template, TemplatePart } from '../../model/layer7/template.js';
import { argument, formatText, is, replaced, word } from './haproxy-words.js';

/** What differs between the places where a template is used. */
export interface TemplatePlace {
  readonly scheme: 'http' | 'https';
  readonly serverPort: number;
  /** The pool's name. */
  readonly proxyHost: string;
  /** Of the route's expression, for `$1`. */
  readonly expression?: { readonly pattern: string; readonly ignoreCase: boolean };
  /** The rules' condition: the route. */
  readonly when: readonly string[];
}

const setVar = (name: string, value: string, conditions: readonly string[] = []): string =>
  `http-request set-var(txn.${name}) ${word(value)}${conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`}`;
const setFormat = (name: string, format: string, conditions: readonly string[] = []): string =>
  `http-request set-var-fmt(txn.${name}) ${word(format)}${conditions.length === 0 ? '' : ` if ${conditions.join(' ')}`}`;

/** Lines of a field that a client may repeat: so many are joined. */
const LINES_MAX = 3;

/** `name`: all lines of `field`, then `own`, joined by `, `. */
function listRules(name: string, field: string, own: string): readonly string[] {
  const counts = Array.from({ length: LINES_MAX }, (_, index) => index + 1);
  return [
    setFormat(name, own),
    ...counts.map((count) => {
      const lines = Array.from({ length: count }, (_, index) => `%[req.fhdr(${field},${index - count})], `).join('');
      const many = is(`req.fhdr_cnt(${field})`, 'int', [count === LINES_MAX ? `${count}:` : count]);
      return setFormat(name, `${lines}${own}`, [many, is(`req.fhdr(${field})`, 'len', ['1:'])]);
    }),
  ];
}

/** Space is what is left of what a decoded path may have and a field may not. */
const encoded = (sample: string): string => replaced(sample, ' ', '%20', 'g');

export class TemplateFormats {
  /** By name, so that each is made once. */
  readonly #rules = new Map<string, readonly string[]>();

  /** To stand before all rules that use formats. */
  get rules(): readonly string[] {
    return [...this.#rules.values()].flat();
  }

  #need(name: string, rules: () => readonly string[]): string {
    if (!this.#rules.has(name)) this.#rules.set(name, rules());
    return `%[var(txn.${name})]`;
  }

  /** `?` with the query; empty without one. */
  query(): string {
    return this.#need('query', () => [setFormat('query', '?%[query]', [is('query', 'len', ['1:'])])]);
  }

  /** A sample of the request as it came. */
  field(name: string): string {
    return this.#need(`f_${name.replaceAll(/[^a-z0-9]/g, '_')}`, () => [
      setVar(`f_${name.replaceAll(/[^a-z0-9]/g, '_')}`, `req.fhdr(${name})`),
    ]);
  }

  #forwarded(place: TemplatePlace): string {
    this.#need('fwd_host', () => [
      setVar('fwd_host', 'req.fhdr(host)'),
      setVar('fwd_host', replaced('req.fhdr(host)', '^(.*)$', '"\\1"'), [`!${is('req.fhdr(host)', 'reg', ['^[A-Za-z0-9_.-]*$'])}`]),
    ]);
    this.#need('fwd_for', () => [setVar('fwd_for', replaced('src', '^(.*:.*)$', '"[\\1]"'))]);
    const own = `for=%[var(txn.fwd_for)];proto=${place.scheme};host=%[var(txn.fwd_host)]`;
    return this.#need(`forwarded_${place.scheme}`, () => listRules(`forwarded_${place.scheme}`, 'forwarded', own));
  }

  #plain(variable: Extract<TemplatePart, { kind: 'variable' }>['variable'], place: TemplatePlace): string {
    switch (variable) {
      case 'args':
        return this.#need('args', () => [setVar('args', 'query')]);
      case 'is_args':
        return this.#need('is_args', () => [setVar('is_args', "str('?')", [is('query', 'len', ['1:'])])]);
      case 'host':
        return '%[var(txn.host)]';
      case 'http_host':
        return this.field('host');
      case 'proxy_add_forwarded':
        return this.#forwarded(place);
      case 'proxy_add_x_forwarded_for':
        return this.#need('xff', () => listRules('xff', 'x-forwarded-for', '%[src]'));
      case 'proxy_host':
        return formatText(place.proxyHost);
      case 'remote_addr':
        return '%[src]';
      case 'remote_port':
        return '%[src_port]';
      case 'request_method':
        return this.#need('method', () => [setFormat('method', '%[method]')]);
      case 'request_uri':
        return this.#need('target', () => [setVar('target', 'pathq')]);
      case 'scheme':
        return place.scheme;
      case 'server_addr':
        return '%[dst]';
      case 'server_port':
        return String(place.serverPort);
      case 'uri':
        return this.#need('uri', () => [setVar('uri', encoded('var(txn.path)'))]);
    }
  }

  #group(of: string, { expression, when }: TemplatePlace): string {
    if (expression === undefined) return '';
    const whole = `^(?s:.*?)(?:${expression.pattern})(?s:.*)$`;
    const value = encoded(`var(txn.path),regsub(${argument(whole)},${argument(`\\${of}`)}${expression.ignoreCase ? ',i' : ''})`);
    const name = `g${of}`;
    // of each route that has it
    return this.#need(`${name} ${when.join(' ')}`, () => [setVar(name, value, when)]).replace(/%\[.*\]/, `%[var(txn.${name})]`);
  }

  #part(part: TemplatePart, place: TemplatePlace): string {
    if (part.kind === 'text') return formatText(part.text);
    if (part.kind === 'variable') return this.#plain(part.variable, place);
    switch (part.variable) {
      case 'http':
        return this.field(part.of);
      case 'cookie':
        return this.#need(`c_${part.of}`, () => [setVar(`c_${part.of}`, `req.cook(${part.of})`)]);
      case 'arg':
        return this.#need(`a_${part.of}`, () => [setVar(`a_${part.of}`, `url_param(${part.of})`)]);
      case 'group':
        return this.#group(part.of, place);
    }
  }

  /** A log format; what it uses is in `rules` from then on. */
  format(template: Template, place: TemplatePlace): string {
    return template.map((part) => this.#part(part, place)).join('');
  }
}

/** Variables that have a value in every request. */
const ALWAYS = ['remote_addr', 'remote_port', 'request_method', 'request_uri', 'scheme', 'server_addr', 'server_port', 'uri'];

/** Whether a template comes out as a text for every request. */
export const isNeverEmpty = (template: Template): boolean =>
  template.some(
    (part) =>
      (part.kind === 'text' && part.text !== '') ||
      (part.kind === 'variable' && (ALWAYS.includes(part.variable) || part.variable.startsWith('proxy_'))),
  );

/** Keeps the value of a template beyond the request, for rules of responses. */
export const keepRule = (name: string, format: string, when: readonly string[]): string => setFormat(name, format, when);

export const hasValue = (name: string): string => is(`var(txn.${name})`, 'len', ['1:']);
