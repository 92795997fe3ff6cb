// How a virtual service and its options are written, in listings and in what -S saves.
import { formatIpv4 } from '../../model/address-text.js';
import { serviceFamily, widestNetmask } from '../../model/identity.js';
import type { ForwardingMethod, Protocol, ServiceKey, ServiceSpec } from '../../model/service.js';
import { endpointText, type Names } from './names.js';

const flagNames: ReadonlyMap<string, readonly string[]> = new Map([
  ['sh', ['sh-fallback', 'sh-port']],
  ['mh', ['mh-fallback', 'mh-port']],
]);
const otherFlags = ['flag-1', 'flag-2', 'flag-3'];

/** The comma-joined names of the bits that are set; a bit without a name of its own is not shown. */
export function flagText(spec: ServiceSpec): string {
  const names = flagNames.get(spec.scheduler) ?? otherFlags;
  return names.filter((_, bit) => spec.schedFlags & (1 << bit)).join(',');
}

/** The -M value, when it is not the default: a.b.c.d or a prefix length. */
export function netmaskText(spec: ServiceSpec): string | undefined {
  const mask = spec.persistence?.netmask;
  const family = serviceFamily(spec.key);
  if (mask === undefined || mask === widestNetmask(family)) return undefined;
  return family === 'inet' ? formatIpv4(mask) : String(mask);
}

/** The protocol whose names the ports have: none for a firewall mark, which carries any. */
export function portProtocol(key: ServiceKey): Protocol | undefined {
  return key.kind === 'fwmark' ? undefined : key.protocol;
}

/** Marks are printed as signed numbers, as the original does. */
export function markText(mark: number): string {
  return String(mark | 0);
}

/** `TCP  10.0.0.1:80`, `FWM  5 IPv6`. IPv4 is cut to its column. */
export function serviceName(key: ServiceKey, names: Names): string {
  if (key.kind === 'fwmark') return `FWM  ${markText(key.mark)}${key.family === 'inet6' ? ' IPv6' : ''}`;
  const text = `${key.protocol.toUpperCase().padEnd(4)} ${endpointText(key.address, key.port, key.protocol, names)}`;
  return key.address.family === 'inet' ? text.slice(0, 33) : text;
}

/** `-t 10.0.0.1:80`, `-f 5 -6`. */
export function serviceArguments(key: ServiceKey, names: Names): string {
  if (key.kind === 'fwmark') return `-f ${markText(key.mark)}${key.family === 'inet6' ? ' -6' : ''}`;
  const option = { tcp: '-t', udp: '-u', sctp: '--sctp-service' }[key.protocol];
  return `${option} ${endpointText(key.address, key.port, key.protocol, names)}`;
}

export const methodNames: Readonly<Record<ForwardingMethod, string>> = { masq: 'Masq', local: 'Local', tunnel: 'Tunnel', route: 'Route' };
