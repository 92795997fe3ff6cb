// The nouns of a director: virtual service, destination, connection, and their counters.
import type { Address, Family } from './address.js';

export type Protocol = 'tcp' | 'udp' | 'sctp';

/** What identifies a virtual service. Port 0 means "all ports" (persistent services only). */
export type ServiceKey =
  | { readonly kind: 'address'; readonly protocol: Protocol; readonly address: Address; readonly port: number }
  | { readonly kind: 'fwmark'; readonly family: Family; readonly mark: number };

/** `timeout` in seconds; `netmask`: IPv4 mask as a 32-bit number, IPv6 prefix length. */
export interface Persistence {
  readonly timeout: number;
  readonly netmask: number;
  readonly engine?: string;
}

/** A virtual service as an operator states it. `schedFlags`: bits 1, 2, 4 for flag-1, flag-2, flag-3. */
export interface ServiceSpec {
  readonly key: ServiceKey;
  readonly scheduler: string;
  readonly schedFlags: number;
  readonly persistence?: Persistence;
  /** Of --pe without persistence: it is kept and saved, and nothing goes by it. */
  readonly idleEngine?: string;
  readonly onePacket: boolean;
}

export type ForwardingMethod = 'masq' | 'local' | 'tunnel' | 'route' | 'fullnat';

/** How packets of a connection go on. `bypass`: to their own address, past the servers (cache_bypass). */
export type ConnectionMethod = ForwardingMethod | 'bypass';

/** How clients are reported to servers of TCP: by an option of TCP, or by a header of the PROXY protocol, version 2. */
export type ClientAddress = 'toa' | 'proxy';

export interface Tunnel {
  readonly type: 'ipip' | 'gue' | 'gre';
  readonly port: number;
  readonly checksum: 'nocsum' | 'csum' | 'remcsum';
}

/** Of what is not tunnelled, and ipvsadm's default. */
export const PLAIN_TUNNEL: Tunnel = { type: 'ipip', port: 0, checksum: 'nocsum' };

export interface DestinationKey {
  readonly address: Address;
  readonly port: number;
}

/** A destination (real server of one service) as an operator states it. Thresholds: 0 means none. */
export interface DestinationSpec extends DestinationKey {
  readonly method: ForwardingMethod;
  readonly weight: number;
  readonly upperThreshold: number;
  readonly lowerThreshold: number;
  readonly tunnel: Tunnel;
  /** Of 'fullnat', and of no other method: the addresses of the director that stand for its clients. */
  readonly localAddresses?: readonly Address[];
  /** Of 'fullnat', of TCP; absent: servers know local addresses alone. */
  readonly clientAddress?: ClientAddress;
}

/** Counters as shown to a person: brought up to date every 2 s, less what `zero` hid. Rates are per second. */
export interface Stats {
  readonly conns: bigint;
  readonly inPackets: bigint;
  readonly outPackets: bigint;
  readonly inBytes: bigint;
  readonly outBytes: bigint;
  readonly connRate: bigint;
  readonly inPacketRate: bigint;
  readonly outPacketRate: bigint;
  readonly inByteRate: bigint;
  readonly outByteRate: bigint;
}

export interface DestinationEntry {
  /** Its weight is the configured one, also where packets find another. */
  readonly spec: DestinationSpec;
  readonly active: number;
  readonly inactive: number;
  readonly persistent: number;
  readonly stats: Stats;
  /** A drain holds it: packets find weight 0, or `weight` while it comes back by and by. `released`: of persistent clients, too. */
  readonly held?: { readonly released: boolean; readonly weight?: number };
}

/** One service of the table; destinations newest first, as the kernel keeps them. */
export interface ServiceEntry {
  readonly spec: ServiceSpec;
  readonly stats: Stats;
  readonly destinations: readonly DestinationEntry[];
}

/** Connection states by the kernel's names (`ESTABLISHED`, `SYN_RECV`, `UDP`, …). */
export interface ConnectionEntry {
  /** `TCP`, `UDP`, `SCTP`, or `IP` for a firewall mark's template. */
  readonly protocol: string;
  readonly client: DestinationKey;
  readonly virtual: DestinationKey;
  readonly destination: DestinationKey;
  readonly state: string;
  /** Whole seconds until the entry expires. */
  readonly expires: number;
  readonly engine?: { readonly name: string; readonly data: string };
  /** By another director, where that was asked for. */
  readonly announced?: true;
}

/** Connection timeouts that `ipvsadm --set` changes, seconds; 0 on set keeps the value. */
export interface Timeouts {
  readonly tcp: number;
  readonly tcpFin: number;
  readonly udp: number;
}
