// What a rule or a pool asks of a request, and texts made of it. Characters are bytes, as they came.
import type { Address } from '../../model/address.js';
import type { Template, TemplatePart } from '../../model/layer7/template.js';

export interface RequestFacts {
  readonly method: string;
  /** As it stands in the request's line: path and query. */
  readonly target: string;
  /** `normalisedPath` of the target. */
  readonly path: string;
  /** Lower case, without port. */
  readonly host: string;
  readonly scheme: 'http' | 'https';
  readonly client: Address;
  readonly clientText: string;
  readonly clientPort: number;
  readonly serverText: string;
  readonly serverPort: number;
  /** The name that TLS asked for, in lower case. */
  readonly sni?: string | undefined;
  /** All lines of a field, joined by `, `. `name`: in lower case. */
  field(name: string): string | undefined;
}

/** The value of a cookie, as it came; of several of one name the first. */
export function cookieOf(facts: RequestFacts, name: string): string | undefined {
  const cookies = facts.field('cookie');
  if (cookies === undefined || cookies.length <= name.length) return undefined;
  for (let at = 0; at < cookies.length; ) {
    let end = cookies.indexOf(';', at);
    if (end < 0) end = cookies.length;
    while (at < end && cookies.charCodeAt(at) === 32) at++;
    if (cookies.charCodeAt(at + name.length) === 61 && cookies.startsWith(name, at)) return cookies.slice(at + name.length + 1, end);
    at = end + 1;
  }
  return undefined;
}

const queryOf = ({ target }: RequestFacts): string => {
  const at = target.indexOf('?');
  return at < 0 ? '' : target.slice(at + 1);
};

/** The value of an argument of the query, as it came; the first of its name, without regard to case, as nginx has it. */
function argumentOf(facts: RequestFacts, name: string): string {
  const wanted = name.toLowerCase();
  const found = queryOf(facts)
    .split('&')
    .find((one) => one.length > name.length && one[name.length] === '=' && one.slice(0, name.length).toLowerCase() === wanted);
  return found?.slice(name.length + 1) ?? '';
}

/** A decoded path may have any byte: what could end a line of a field is encoded again. */
const encoded = (path: string): string =>
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not pass
  path.replace(/[\x00-\x20\x7f]/g, (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`);

/** What a template may use besides the request: the pool's name, and the groups of the route's expression. */
export interface Surroundings {
  readonly proxyHost: string;
  readonly groups: readonly string[];
}

const listed = (before: string | undefined, one: string): string => (before === undefined || before === '' ? one : `${before}, ${one}`);

/** RFC 7239 §4: an address of IPv6 stands in brackets and quotes. */
function forwarded(facts: RequestFacts): string {
  const client = facts.client.family === 'inet' ? facts.clientText : `"[${facts.clientText}]"`;
  const host = facts.field('host') ?? facts.host;
  return `for=${client};proto=${facts.scheme}${host === '' ? '' : `;host=${/^[\w.-]+$/.test(host) ? host : `"${host.replace(/["\\]/g, '\\$&')}"`}`}`;
}

function plain(
  variable: Extract<TemplatePart, { kind: 'variable' }>['variable'],
  facts: RequestFacts,
  { proxyHost }: Surroundings,
): string {
  switch (variable) {
    case 'args':
      return queryOf(facts);
    case 'is_args':
      return queryOf(facts) === '' ? '' : '?';
    case 'host':
      return facts.host;
    case 'http_host':
      return facts.field('host') ?? '';
    case 'proxy_add_forwarded':
      return listed(facts.field('forwarded'), forwarded(facts));
    case 'proxy_add_x_forwarded_for':
      return listed(facts.field('x-forwarded-for'), facts.clientText);
    case 'proxy_host':
      return proxyHost;
    case 'remote_addr':
      return facts.clientText;
    case 'remote_port':
      return String(facts.clientPort);
    case 'request_method':
      return facts.method;
    case 'request_uri':
      return facts.target;
    case 'scheme':
      return facts.scheme;
    case 'server_addr':
      return facts.serverText;
    case 'server_port':
      return String(facts.serverPort);
    case 'uri':
      return encoded(facts.path);
  }
}

function partValue(part: TemplatePart, facts: RequestFacts, around: Surroundings): string {
  if (part.kind === 'text') return part.text;
  if (part.kind === 'variable') return plain(part.variable, facts, around);
  if (part.variable === 'http') return facts.field(part.of) ?? '';
  if (part.variable === 'cookie') return cookieOf(facts, part.of) ?? '';
  return part.variable === 'arg' ? argumentOf(facts, part.of) : encoded(around.groups[Number(part.of)] ?? '');
}

export const noSurroundings: Surroundings = { proxyHost: '', groups: [] };

/** The text of a template for one request. */
export function expand(template: Template, facts: RequestFacts, around: Surroundings = noSurroundings): string {
  const [first] = template;
  if (first === undefined) return '';
  if (template.length === 1) return partValue(first, facts, around);
  let text = '';
  for (const part of template) text += partValue(part, facts, around);
  return text;
}
