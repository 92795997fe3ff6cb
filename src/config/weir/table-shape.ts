// The sections of a weir.yaml about layer 4: services with their servers, and timeouts. Services are named by their words.
import type { Address } from '../../model/address.js';
import { parseAddress } from '../../model/address-text.js';
import { parseEndpoint } from '../../model/endpoint-text.js';
import { SIP } from '../../model/persistence-engine.js';
import { DEFAULT_SCHEDULER, plainFlags, schedulers } from '../../model/schedulers.js';
import {
  byName,
  choice,
  either,
  flag,
  integer,
  listOf,
  type Of,
  optional,
  type Placed,
  placed,
  record,
  required,
  type Shape,
  scalar,
} from './shape.js';
import { serverChecksShape, serviceChecksShape } from './table-checks.js';
import { parseDuration } from './units.js';

const SECOND_US = 1_000_000;
const TIMEOUT_MAX_S = 31 * 86_400;
/** As ipvsadm takes them. */
const NUMBER_MAX = 0x7fff_ffff;
const PORT_MAX = 65_535;

const text = { type: 'string' } as const;

/** Whole seconds. */
const seconds = scalar('a time in whole seconds from 1s to 31d, such as 900, 15m or 6h', { type: ['string', 'integer'] }, (given) => {
  const us = parseDuration(given);
  const whole = us === undefined ? Number.NaN : us / SECOND_US;
  return Number.isInteger(whole) && whole >= 1 && whole <= TIMEOUT_MAX_S ? whole : undefined;
});

const address = scalar('an address such as 192.0.2.1 or 2001:db8::1', text, parseAddress);

/** `port`: absent: its service's. */
const serverEndpoint = scalar(
  'an address, with its port or without, such as 10.0.0.2:80 or [2001:db8::2]:80',
  text,
  (given): { readonly address: Address; readonly port?: number } | undefined => {
    const endpoint = parseEndpoint(given);
    if (endpoint !== undefined) return endpoint;
    const alone = parseAddress(given);
    return alone === undefined ? undefined : { address: alone };
  },
);

/** A mask of IPv4, or the length of a prefix: which of them fits is seen with the service. */
const netmask = placed(
  scalar('a mask such as 255.255.255.0, or a prefix length', { type: ['string', 'integer'] }, (given) => {
    if (/^\d{1,3}$/.test(given)) return { kind: 'length' as const, length: Number(given) };
    const mask = parseAddress(given);
    return mask?.family === 'inet' ? { kind: 'mask' as const, mask: mask.words[0] ?? 0 } : undefined;
  }),
);

const persistence = record('settings of persistence', {
  timeout: optional(seconds),
  netmask: optional(netmask),
  engine: optional(choice([SIP])),
});

const tunnel = record('settings of a tunnel', {
  type: required(choice(['ipip', 'gue', 'gre'])),
  port: optional(integer(1, PORT_MAX)),
  checksum: optional(choice(['nocsum', 'csum', 'remcsum'])),
});

/** Of a server; in a service: of all its servers that have none of their own. */
const forwarding = {
  method: optional(choice(['masq', 'route', 'tunnel', 'local', 'fullnat'])),
  tunnel: optional(placed(tunnel)),
  local_addresses: optional(placed(listOf(address, 1))),
  client_address: optional(placed(choice(['toa', 'proxy']))),
};

const serverRecord = record('a server', {
  address: required(serverEndpoint),
  weight: optional(integer(0, NUMBER_MAX)),
  upper_threshold: optional(integer(0, NUMBER_MAX)),
  lower_threshold: optional(integer(0, NUMBER_MAX)),
  ...forwarding,
  checks: optional(serverChecksShape),
});
export type TableServerKeys = Partial<Of<typeof serverRecord>['value']>;

/** An endpoint alone stands for a server with nothing else. */
const plainServer: Shape<Placed<TableServerKeys>> = {
  ...serverEndpoint,
  read(value, report) {
    const address = serverEndpoint.read(value, report);
    return address === undefined ? undefined : { value: { address }, at: value.at };
  },
};
const serverShape: Shape<Placed<TableServerKeys>> = either(plainServer, serverRecord);

const flagNames = [...new Set([...schedulers.flatMap(({ flags = [] }) => flags), ...plainFlags])];

const serviceRecord = record('a service', {
  scheduler: optional(choice([...schedulers.map(({ name }) => name), 'none'])),
  flags: optional(placed(listOf(choice(flagNames)))),
  persistence: optional(placed(either(seconds, persistence))),
  one_packet: optional(flag),
  ...forwarding,
  checks: optional(serviceChecksShape),
  servers: optional(listOf(serverShape)),
  sorry_server: optional(serverShape),
});
export type TableServiceKeys = Of<typeof serviceRecord>['value'];

export const servicesShape = byName(/^(?:tcp|udp|sctp|mark|mark6):\S+$/, serviceRecord);
export type ServicesSection = Of<typeof servicesShape>;

export const timeoutsShape = record('timeouts of connections', {
  tcp: optional(seconds),
  tcp_fin: optional(seconds),
  udp: optional(seconds),
});
export type TimeoutsSection = Of<typeof timeoutsShape>;

export const SERVICE_DEFAULTS = { scheduler: DEFAULT_SCHEDULER, method: 'masq', persistenceSeconds: 360, weight: 1 } as const;
