// One template of a persistent service: which destination the new connections of a client, or of a network of clients, go to.
import type { Endpoint } from './endpoint.js';
import { type Ip, maskedOf } from './ip.js';
import type { DestinationRecord, ServiceRecord } from './records.js';
import type { Settings } from './settings.js';

export interface Template {
  /** The client's address under the service's mask. */
  readonly network: Ip;
  readonly service: ServiceRecord;
  readonly destination: DestinationRecord;
  /** Clock units: the service's when it was made. */
  readonly timeout: number;
  /** Clock units. */
  expires: number;
  /** Connections kept it beyond its time: from then on it lives so long after each of its uses. */
  held: boolean;
  /** The Call-ID of the one call that it is for (--pe sip). */
  readonly call: string | undefined;
  /** Of a call: the clients of the connections that it began last, in turn. */
  begun: readonly Endpoint[];
  /** A connection of it was established, or (UDP) its client sent for more than a second. Of a call: or used it again after that time. */
  assured: boolean;
  /** A server answered a datagram of it, or a connection of it began established (sloppy_tcp). It is listed as assured. */
  answered: boolean;
  /** Its server was gone, or quiesced, when its client came again: it leads no client any more, and stays until it expires. */
  lost: boolean;
}

export const HELD_SECONDS = 60;
/** So many of a call's connections are known to its template. */
const BEGUN_MAX = 4;

const sameEnd = (one: Endpoint, other: Endpoint): boolean => one.address === other.address && one.port === other.port;

/** A connection of the template's call begins. */
export function noteBegun(template: Template, client: Endpoint): void {
  const { begun } = template;
  if (begun.some((each) => sameEnd(each, client))) return;
  template.begun = [...begun, client].slice(-BEGUN_MAX);
}

/** Is it one of those? */
export const hasBegun = ({ begun }: Template, client: Endpoint): boolean => begun.some((each) => sameEnd(each, client));

export const hasExpired = (template: Template, now: number): boolean => template.expires < now;

export const timeoutOf = (settings: Settings, { held, timeout }: Template): number =>
  held ? settings.wholeUnitsOf(HELD_SECONDS) : timeout;

/** Clock units since it was used last. */
const idleOf = (settings: Settings, template: Template, now: number): number => now - (template.expires - timeoutOf(settings, template));

/** Does a use now show that its call lives? */
export const isProof = (settings: Settings, template: Template, now: number): boolean =>
  template.call !== undefined && idleOf(settings, template, now) >= settings.wholeUnitsOf(1);

/** How many Call-IDs more are stored at most, of both families. */
export interface CallRoom {
  free: number;
}

/** undefined: the service was never persistent. */
export const networkOf = ({ netmask }: ServiceRecord, client: Ip): Ip | undefined =>
  netmask === undefined ? undefined : maskedOf(client, netmask);

/** May it lead new connections to its destination? Overload does not count for persistent clients. */
export function leads({ expireQuiescentTemplate }: Settings, { destination }: Template): boolean {
  return destination.available && !(expireQuiescentTemplate && destination.weight <= 0);
}

/** Which of two gives way first where no slot is free: one that is lost, one of a client without an established connection, the one used less lately. */
export function isWorthLess(settings: Settings, one: Template, other: Template): boolean {
  if (one.lost !== other.lost) return one.lost;
  if (!one.lost && one.assured !== other.assured) return other.assured;
  return one.expires - timeoutOf(settings, one) < other.expires - timeoutOf(settings, other);
}
