// Values of one word: times and sizes as nginx writes them, addresses, hosts, texts with variables, expressions.
import { formatAddress, parseAddress } from '../../model/address-text.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { failure } from '../../model/errors/weir-error.js';
import { expressionFault } from '../../model/expression/regular-expression.js';
import { HEAD_MAX_BYTES } from '../../model/layer7/defaults.js';
import { FIELD_NAME, isFieldText } from '../../model/layer7/field.js';
import type { HostName } from '../../model/layer7/host.js';
import type { PathMatch } from '../../model/layer7/route.js';
import { plainVariables, readTemplate, type Template } from '../../model/layer7/template.js';
import { nearest } from '../../model/nearest.js';
import type { DestinationKey } from '../../model/service.js';
import { hostLength, type Subnet } from '../../model/subnet.js';
import { type Refusal, scalar } from './shape.js';

const UNIT_US: Readonly<Record<string, number>> = { ms: 1e3, s: 1e6, m: 60e6, h: 3600e6, d: 86_400e6 };
const DURATION = /^(?:\d{1,9}|(?:\d{1,9}d)?(?:\d{1,9}h)?(?:\d{1,9}m(?!s))?(?:\d{1,9}s)?(?:\d{1,9}ms)?)$/;
const DURATION_MAX_US = 365 * 86_400e6;
const SIZE_UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 };
/** Less than what browsers send would refuse them all, bytes. */
const HEAD_LIMIT_MIN = 1024;
const PREFIX_LENGTH = /^\d{1,3}$/;

/** `90`, `90s`, `1m30s`, `500ms`: microseconds; a number alone is seconds. */
export function parseDuration(text: string): number | undefined {
  if (text === '' || !DURATION.test(text)) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1e6 <= DURATION_MAX_US ? Number(text) * 1e6 : undefined;
  let us = 0;
  for (const [, number, unit] of text.matchAll(/(\d+)(ms|[dhms])/g)) us += Number(number) * (UNIT_US[unit ?? ''] ?? 0);
  return us <= DURATION_MAX_US ? us : undefined;
}

/** The shortest text that `parseDuration` reads as this. */
export function durationText(us: number): string {
  const unit = ['d', 'h', 'm', 's'].find((one) => us > 0 && us % (UNIT_US[one] ?? 1) === 0);
  return unit === undefined ? `${us / 1e3}ms` : `${us / (UNIT_US[unit] ?? 1)}${unit}`;
}

/** `1024`, `8k`, `1m`, `2g`: bytes. */
export function parseSize(text: string): number | undefined {
  const [, number, unit] = /^(\d{1,12})([kmg]?)$/i.exec(text) ?? [];
  const bytes = Number(number) * (SIZE_UNITS[unit?.toLowerCase() ?? ''] ?? 1);
  return number !== undefined && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** An address, with the length of its prefix behind it or without. */
export function parseSubnet(text: string): Subnet | undefined {
  const [host = '', length, ...more] = text.split('/');
  const address = parseAddress(host);
  if (address === undefined || more.length > 0) return undefined;
  if (length === undefined) return { address, prefixLength: hostLength(address) };
  const prefixLength = Number(length);
  return PREFIX_LENGTH.test(length) && prefixLength <= hostLength(address) ? { address, prefixLength } : undefined;
}

export const subnetText = ({ address, prefixLength }: Subnet): string => `${formatAddress(address)}/${prefixLength}`;

/** An address, with the port behind it or without. */
export function parseListen(text: string, port?: number): DestinationKey | undefined {
  const endpoint = parseEndpoint(text);
  if (endpoint !== undefined) return endpoint.port > 0 ? endpoint : undefined;
  const address = parseAddress(text.replace(/^\[(.*)\]$/, '$1'));
  return address === undefined || port === undefined ? undefined : { address, port };
}

const LABELS = /^[a-z0-9_-]+(?:\.[a-z0-9_-]+)*$/;

/** A server_name as nginx writes it. */
export function parseHostName(text: string): HostName | undefined {
  if (text.startsWith('~')) return { kind: 'expression', pattern: text.slice(1), ignoreCase: true };
  const name = text.toLowerCase();
  if (LABELS.test(name)) return { kind: 'exact', name };
  if (name.startsWith('*.') && LABELS.test(name.slice(2))) return { kind: 'suffix', suffix: name.slice(1), withBare: false };
  if (name.startsWith('.') && LABELS.test(name.slice(1))) return { kind: 'suffix', suffix: name, withBare: true };
  if (name.endsWith('.*') && LABELS.test(name.slice(0, -2))) return { kind: 'prefix', prefix: name.slice(0, -1) };
  return undefined;
}

export function hostNameText(name: HostName): string {
  if (name.kind === 'exact') return name.name;
  if (name.kind === 'expression') return `~${name.pattern}`;
  if (name.kind === 'prefix') return `${name.prefix}*`;
  return name.withBare ? name.suffix : `*${name.suffix}`;
}

/** What stands behind nginx's `location`: `/x`, `= /x`, `^~ /x`, `~ expression`, `~* expression`. */
export function parseLocation(text: string): PathMatch | undefined {
  const [, modifier = '', path = ''] = /^(?:(=|\^~|~\*|~)\s*)?(.*)$/s.exec(text) ?? [];
  if (modifier.startsWith('~')) return { kind: 'expression', pattern: path, ignoreCase: modifier === '~*' };
  if (!path.startsWith('/')) return undefined;
  return modifier === '=' ? { kind: 'exact', path } : { kind: 'prefix', path, beforeExpressions: modifier === '^~' };
}

export function locationText(path: PathMatch): string {
  if (path.kind === 'exact') return `= ${path.path}`;
  if (path.kind === 'expression') return `${path.ignoreCase ? '~*' : '~'} ${path.pattern}`;
  return path.beforeExpressions ? `^~ ${path.path}` : path.path;
}

const text = { type: 'string' } as const;

export const duration = scalar('a time such as 10s, 500ms or 1m30s', { type: ['string', 'integer'] }, parseDuration);
export const size = scalar('a size such as 1024, 8k or 1m', { type: ['string', 'integer'] }, parseSize);
export const headSize = scalar('a size from 1k to 128k', { type: ['string', 'integer'] }, (given) => {
  const bytes = parseSize(given);
  return bytes === undefined || bytes < HEAD_LIMIT_MIN || bytes > HEAD_MAX_BYTES ? undefined : bytes;
});
export const subnet = scalar('an address or a network such as 10.0.0.0/8', text, parseSubnet);
export const endpoint = scalar('an address with its port, such as 192.0.2.1:80 or [2001:db8::1]:80', text, (given) => parseListen(given));
/** Without a port, nginx's 80. */
export const serverEndpoint = scalar('an address such as 192.0.2.1:80 or [2001:db8::1] (names are not looked up)', text, (given) => {
  const key = parseListen(given, 80);
  return key === undefined ? undefined : { ...key, name: given };
});

const examined = <T extends { readonly kind: string }>(value: T | undefined): T | undefined | Refusal => {
  const why = value !== undefined && 'pattern' in value ? expressionFault(String(value.pattern)) : undefined;
  return why === undefined ? value : { failure: failure('file-expression', { why }) };
};

export const hostName = scalar('a name such as example.com, *.example.com, .example.com, www.* or ~expression', text, (given) =>
  examined(parseHostName(given)),
);
export const location = scalar('a path: /x, = /x, ^~ /x, ~ expression or ~* expression', text, (given) => examined(parseLocation(given)));
export const expression = scalar('a regular expression', text, (pattern) =>
  examined({ kind: 'expression' as const, pattern, ignoreCase: false }),
);
export const word = scalar('a text', text, (given) => given);
export const fieldName = scalar('the name of a header field', text, (given) => (FIELD_NAME.test(given) ? given : undefined));
function templateIn(given: string): Template | Refusal {
  const reading = readTemplate(given);
  if ('template' in reading) return reading.template;
  const variable = reading.unknownVariable;
  return { failure: failure('file-variable', { variable, meant: nearest(variable, plainVariables) }) };
}
export const template = scalar('a text, also with variables of nginx', text, (given) =>
  isFieldText(given) ? templateIn(given) : undefined,
);
/** Of several lines, too. */
export const bodyTemplate = scalar('a text, also with variables of nginx', text, templateIn);
