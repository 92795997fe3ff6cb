// The values of ipvsadm's options: numbers, addresses, ports, masks, flags, as ipvsadm reads them.

import { type Address, isMulticast } from '../../model/address.js';
import { parseIpv4, parseIpv4Loose, parseIpv6 } from '../../model/address-text.js';
import { WeirError } from '../../model/errors/weir-error.js';
import { plainFlags, schedulers } from '../../model/schedulers.js';
import type { Protocol } from '../../model/service.js';

/** What the parser asks of the world: names to numbers. Both answer without waiting, from a file or from earlier lookups. */
export interface Lookup {
  /** An IPv4 host name's address. */
  host(name: string): Address | undefined;
  /** A service name's port (getservbyname). */
  port(name: string, protocol: Protocol): number | undefined;
}

export interface ServiceAddress {
  readonly address: Address;
  /** undefined: none was given. */
  readonly port: number | undefined;
}

const TIMEOUT_MAX_S = 86400 * 31;
const DEFAULT_PERSISTENCE = 360;

/** strtol in base 10 over the whole text, between two bounds. */
export function parseInteger(text: string, least: number, most: number): number | undefined {
  if (!/^[ \t\n\v\f\r]*[+-]?[0-9]+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

export function integerOr(text: string, least: number, most: number, what: string): number {
  const value = parseInteger(text, least, most);
  if (value === undefined) throw new WeirError('ipvsadm-illegal', { what });
  return value === 0 ? 0 : value;
}

function valueOr(what: string, text: string, least: number, most: number): number {
  const value = parseInteger(text, least, most);
  if (value === undefined) throw new WeirError('ipvsadm-invalid-value', { what, text });
  return value === 0 ? 0 : value;
}

/** Seconds of persistence (-p) or of --set. */
export function parseTimeout(text: string | undefined, least: number): number {
  if (text === undefined) return DEFAULT_PERSISTENCE;
  return valueOr('timeout', text, least, TIMEOUT_MAX_S);
}

export function parseFwmark(text: string): number {
  return valueOr('fwmark', text, 1, 0xffffffff);
}

/** inet_aton's forms, else a host name. */
function parseHost(text: string, lookup: Lookup): Address | undefined {
  const address = parseIpv4Loose(text);
  if (address !== undefined) return address;
  // glibc does not look up a name that consists of digits and dots, or is empty.
  if (/^[0-9.]*$/.test(text)) return undefined;
  return lookup.host(text);
}

/** Brackets: the text between them, and whether `]:` closes them. */
function unbracket(text: string): { host: string; port: string } | undefined {
  const end = text.indexOf(']');
  if (end < 0 || text[end + 1] !== ':') return undefined;
  return { host: text.slice(1, end), port: text.slice(end + 2) };
}

/**
 * `host[:port]` or `[v6]:port`. `protocol`: whose service names the port may be (undefined: none are known yet).
 * `[1.2.3.4]:80` loses its port, as in ipvsadm. undefined: illegal.
 */
export function parseServiceAddress(text: string, protocol: Protocol | undefined, lookup: Lookup): ServiceAddress | undefined {
  if (/^[0-9]*$/.test(text)) return undefined;
  const bracketed = text.startsWith('[') ? unbracket(text) : undefined;
  if (text.startsWith('[') && bracketed === undefined) return undefined;
  const host = bracketed?.host ?? text;
  const v6 = parseIpv6(host);
  if (v6 !== undefined) return withPort(v6, bracketed?.port, protocol, lookup);
  const colon = host.lastIndexOf(':');
  const address = parseHost(colon < 0 ? host : host.slice(0, colon), lookup);
  if (address === undefined) return undefined;
  return withPort(address, colon < 0 ? undefined : host.slice(colon + 1), protocol, lookup);
}

function withPort(address: Address, text: string | undefined, protocol: Protocol | undefined, lookup: Lookup): ServiceAddress | undefined {
  if (text === undefined) return { address, port: undefined };
  const port = parseInteger(text, 0, 65535) ?? (protocol === undefined ? undefined : lookup.port(text, protocol));
  return port === undefined ? undefined : { address, port: port === 0 ? 0 : port };
}

/** -M of an IPv4 service: an address or a host name, contiguous or not; `24` is 0.0.0.24. */
export function parseIpv4Netmask(text: string, lookup: Lookup): number {
  const mask = parseHost(text, lookup)?.words[0];
  if (mask === undefined) throw new WeirError('ipvsadm-illegal', { what: 'virtual server persistent mask' });
  return mask;
}

/** -M of an IPv6 service: a prefix length by atoi, which stops at the first thing that is no digit. */
export function parseIpv6Netmask(text: string): number {
  const length = Number(/^[ \t\n\v\f\r]*([+-]?[0-9]+)/.exec(text)?.[1] ?? 0);
  if (length < 1 || length > 128) throw new WeirError('ipvsadm-illegal', { what: 'ipv6 netmask' });
  return length;
}

/** -b's names: bit, and the scheduler that it belongs to; those of none go with any. */
const flagsByName: ReadonlyMap<string, { readonly bit: number; readonly scheduler?: string }> = new Map([
  ...plainFlags.map((name, index) => [name, { bit: 1 << index }] as const),
  ...schedulers.flatMap(({ name: scheduler, flags = [] }) => flags.map((name, index) => [name, { bit: 1 << index, scheduler }] as const)),
]);

/** What does not fit ipvsadm's buffer is cut off. */
const FLAGS_LENGTH_MAX = 127;

/** -b's comma-separated list. Nothing between commas counts for nothing; only commas are refused (ipvsadm crashes). */
export function parseSchedulerFlags(text: string, scheduler: string): number {
  const names = text
    .slice(0, FLAGS_LENGTH_MAX)
    .split(',')
    .filter((name) => name !== '');
  if (names.length === 0) throw new WeirError('ipvsadm-flag-invalid', { name: '' });
  let bits = 0;
  for (const name of names) {
    const flag = flagsByName.get(name);
    if (flag === undefined) throw new WeirError('ipvsadm-flag-invalid', { name });
    if (flag.scheduler !== undefined && flag.scheduler !== scheduler) throw new WeirError('ipvsadm-flag-incompatible', { name });
    bits |= flag.bit;
  }
  return bits;
}

/** --mcast-group: a multicast address of either family. */
export function parseMulticastGroup(text: string): Address {
  const v6 = text.includes(':');
  const address = v6 ? parseIpv6(text) : parseIpv4(text);
  if (address !== undefined && isMulticast(address)) return address;
  throw new WeirError('ipvsadm-group', { family: v6 ? 'IPv6' : 'IPv4', text });
}
