// The connection synchronisation daemons of a director: what --start-daemon states, what becomes of it, and --daemon shows.
import { type Address, isMulticast } from './address.js';
import { WeirError } from './errors/weir-error.js';
import { sameAddress, serviceFamily } from './identity.js';
import type { DestinationSpec, ServiceEntry, ServiceKey } from './service.js';

/** In the order in which they are listed. One of each may run in a network namespace. */
export const DAEMON_ROLES = ['master', 'backup'] as const;
export type DaemonRole = (typeof DAEMON_ROLES)[number];

/** As an operator states it; what is absent takes the director's default. `port` and `ttl`: of the multicast group. */
export interface DaemonSpec {
  readonly role: DaemonRole;
  readonly interface: string;
  readonly syncId: number;
  readonly maxLength?: number;
  readonly group?: Address;
  readonly port?: number;
  readonly ttl?: number;
  /** What comes from other addresses is not taken; absent: from any, as the kernel takes it. */
  readonly peers?: readonly Address[];
}

const sameGroup = (a: Address | undefined, b: Address | undefined): boolean =>
  a === undefined || b === undefined ? a === b : sameAddress(a, b);

const samePeers = (a: DaemonSpec['peers'], b: DaemonSpec['peers']): boolean =>
  a === undefined || b === undefined ? a === b : a.length === b.length && a.every((each, k) => sameGroup(each, b[k]));

/** Do these ask for the same daemon? */
export const sameDaemon = (a: DaemonSpec, b: DaemonSpec): boolean =>
  (['role', 'interface', 'syncId', 'maxLength', 'port', 'ttl'] as const).every((field) => a[field] === b[field]) &&
  sameGroup(a.group, b.group) &&
  samePeers(a.peers, b.peers);

/** As the daemon runs: with every default, and lengths of messages that are possible. */
export type DaemonSettings = Required<Omit<DaemonSpec, 'peers'>> & Pick<DaemonSpec, 'peers'>;

/** Each message is compared with all of them. */
export const SYNC_PEERS_MAX = 16;

const DEFAULT_GROUP: Address = { family: 'inet', words: [0xe0000051] };
const DEFAULT_PORT = 8848;
const DEFAULT_TTL = 1;
/** Bytes of the headers of IP and UDP in front of a message. */
const HEADERS = { inet: 28, inet6: 48 } as const;
/** A master sends packets of this size, whatever the interface takes; a backup receives at least these. */
const USUAL_MTU = 1500;
const PACKET_MAX = 65_535;
/** The least length that an operator may choose. */
const LENGTH_MIN: Readonly<Record<DaemonRole, number>> = { master: 1, backup: 1024 };

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** `mtu`: of the interface. */
export function daemonSettings(spec: DaemonSpec, mtu: number): DaemonSettings {
  const { role, interface: name, syncId } = spec;
  const group = spec.group ?? DEFAULT_GROUP;
  const headers = HEADERS[group.family];
  const packet = role === 'backup' ? clamp(mtu, USUAL_MTU, PACKET_MAX) : USUAL_MTU;
  const maxLength = spec.maxLength ? clamp(spec.maxLength, LENGTH_MIN[role], PACKET_MAX - headers) : packet - headers;
  const { peers } = spec;
  const [port, ttl] = [spec.port || DEFAULT_PORT, spec.ttl || DEFAULT_TTL];
  return { role, interface: name, syncId, maxLength, group, port, ttl, ...(peers === undefined ? {} : { peers }) };
}

/** Messages have the source address of the group's family. */
function arePeers(peers: readonly Address[], { family }: Address): boolean {
  const isPeer = (each: Address): boolean => each.family === family && !isMulticast(each);
  return peers.length > 0 && peers.length <= SYNC_PEERS_MAX && peers.every(isPeer);
}

/** What a daemon is to be started on. */
export interface DaemonHost {
  /** Undefined: there is none of this name. */
  readonly interface: (name: string) => { readonly mtu: number; readonly isUp: boolean } | undefined;
  readonly running: readonly DaemonRole[];
}

/** The settings of a daemon that may start, in the kernel's order of checks. @throws WeirError sync-daemon-… */
export function acceptedDaemon(spec: DaemonSpec, host: DaemonHost): DaemonSettings {
  if (spec.group !== undefined && !isMulticast(spec.group)) throw new WeirError('sync-daemon-group');
  if (spec.peers !== undefined && !arePeers(spec.peers, spec.group ?? DEFAULT_GROUP))
    throw new WeirError('sync-daemon-peers', { max: SYNC_PEERS_MAX });
  const device = host.interface(spec.interface);
  if (device === undefined) throw new WeirError('interface-unknown', { name: spec.interface });
  if (host.running.includes(spec.role)) throw new WeirError('sync-daemon-exists');
  if (spec.role === 'master' && !device.isUp) throw new WeirError('sync-daemon-unreachable', { name: spec.interface });
  return daemonSettings(spec, device.mtu);
}

/** Synchronisation's messages have one address family. */
export const isOfOtherFamily = (service: ServiceKey, { address }: Pick<DestinationSpec, 'address'>): boolean =>
  address.family !== serviceFamily(service);

/** With such a table no daemon starts; while one runs, it does not come about. @throws WeirError sync-daemon-families */
export function checkFamilies(services: readonly ServiceEntry[]): void {
  if (services.some(({ spec, destinations }) => destinations.some((each) => isOfOtherFamily(spec.key, each.spec)))) {
    throw new WeirError('sync-daemon-families');
  }
}
