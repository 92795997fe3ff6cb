// A virtual service and its options in ipvsadm's words, as listings and command lines have them.

import { formatIpv4 } from './address-text.js';
import { endpointText, type Names } from './endpoint-text.js';
import { serviceFamily, widestNetmask } from './identity.js';
import { schedulerFlags } from './schedulers.js';
import type { Protocol, ServiceKey, ServiceSpec } from './service.js';

/** The comma-joined names of the bits that are set; a bit without a name of its own is not shown. */
export function flagText(spec: ServiceSpec): string {
  return schedulerFlags(spec.scheduler)
    .filter((_, bit) => spec.schedFlags & (1 << bit))
    .join(',');
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

/** ipvsadm prints marks as signed numbers. */
export function markText(mark: number): string {
  return String(mark | 0);
}

const protocolOptions: Readonly<Record<Protocol, string>> = { tcp: '-t', udp: '-u', sctp: '--sctp-service' };

/** The options that name a service: `-t 10.0.0.1:80`, `-f 5 -6`. `mark`: as listings have it by default. */
export function serviceArguments(key: ServiceKey, names?: Names, mark: (mark: number) => string = markText): string {
  if (key.kind === 'fwmark') return `-f ${mark(key.mark)}${key.family === 'inet6' ? ' -6' : ''}`;
  return `${protocolOptions[key.protocol]} ${endpointText(key, key.protocol, names)}`;
}
