// A text with nginx's variables: the value of a header field, the key of a hash, the target of a redirect.

/** Variables without a name behind them, word for word as nginx's; `proxy_add_forwarded` is weir's own (RFC 7239). */
export const plainVariables = [
  'args',
  'host',
  'http_host',
  'is_args',
  'proxy_add_forwarded',
  'proxy_add_x_forwarded_for',
  'proxy_host',
  'remote_addr',
  'remote_port',
  'request_method',
  'request_uri',
  'scheme',
  'server_addr',
  'server_port',
  'uri',
] as const;

export type PlainVariable = (typeof plainVariables)[number];

/** Variables whose name ends with that of a field, a cookie, an argument, or the number of a group of the route's expression. */
export type NamedVariable = 'http' | 'cookie' | 'arg' | 'group';

export type TemplatePart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'variable'; readonly variable: PlainVariable }
  /** `of`: for `http` in lower case with dashes, as fields are named; for `group` a number, 1 to 9. */
  | { readonly kind: 'named'; readonly variable: NamedVariable; readonly of: string };

export type Template = readonly TemplatePart[];

export type TemplateReading = { readonly template: Template } | { readonly unknownVariable: string };

const VARIABLE = /\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+)|)/g;

function variableNamed(name: string): TemplatePart | undefined {
  const plain = plainVariables.find((one) => one === name);
  if (plain !== undefined) return { kind: 'variable', variable: plain };
  if (/^[1-9]$/.test(name)) return { kind: 'named', variable: 'group', of: name };
  const [, prefix, of] = /^(http|cookie|arg)_(.+)$/.exec(name) ?? [];
  if (of === undefined) return undefined;
  if (prefix === 'http') return { kind: 'named', variable: 'http', of: of.toLowerCase().replaceAll('_', '-') };
  return { kind: 'named', variable: prefix === 'arg' ? 'arg' : 'cookie', of };
}

/** Reads `$name` and `${name}` as nginx does. A `$` without a name behind it is unknown, with an empty name. */
export function readTemplate(text: string): TemplateReading {
  const template: TemplatePart[] = [];
  let at = 0;
  for (const match of text.matchAll(VARIABLE)) {
    const name = match[1] ?? match[2] ?? '';
    const part = variableNamed(name);
    if (part === undefined) return { unknownVariable: name };
    if (match.index > at) template.push({ kind: 'text', text: text.slice(at, match.index) });
    template.push(part);
    at = match.index + match[0].length;
  }
  if (at < text.length) template.push({ kind: 'text', text: text.slice(at) });
  return { template };
}

const nameOf = (part: Exclude<TemplatePart, { kind: 'text' }>): string => {
  if (part.kind === 'variable') return part.variable;
  return part.variable === 'group' ? part.of : `${part.variable}_${part.of.replaceAll('-', '_')}`;
};

/** The text that `readTemplate` reads as this template. */
export const templateText = (template: Template): string =>
  template.map((part) => (part.kind === 'text' ? part.text : `\${${nameOf(part)}}`)).join('');

/** A template of a text that is known to have no unknown variables. @throws Error otherwise */
export function templateOf(text: string): Template {
  const reading = readTemplate(text);
  if ('unknownVariable' in reading) throw new Error(`no variable $${reading.unknownVariable}`);
  return reading.template;
}
