// The facts about VRRP on this host: configuration, running daemons, adverts received, and rules that block adverts.
import type { Address, Family } from '../model/address.js';
import type { DestinationKey, ServiceSpec } from '../model/service.js';
import type { Mac } from '../wire/ethernet.js';
import type { AddressFact, HolderFact, NotExamined, PathFact } from './facts.js';
import type { Blocked, PacketProbe } from './packet-filter/model.js';

/** One instance of a keepalived.conf. */
export interface VrrpInstanceFact {
  readonly name: string;
  /** Where it is configured. */
  readonly file: string;
  readonly family: Family;
  readonly interfaceName: string;
  readonly ifindex: number;
  readonly version: 2 | 3;
  readonly vrid: number;
  readonly priority: number;
  /** v2's: 0 none, 1 PASS, 2 AH. */
  readonly authType: number;
  /** PASS: what v2 sends, as Latin-1 text without the zeros behind it. Compared, never printed. */
  readonly password?: string;
  /** Seconds. */
  readonly interval: number;
  readonly vips: readonly Address[];
  /** Where adverts go: the group, or the peers. */
  readonly destinations: readonly Address[];
  readonly unicast: boolean;
  /** The macvlan of `use_vmac`, where it exists. */
  readonly vmac?: string;
  /** Every address that a master has: advertised, excluded from adverts, or of the other family. */
  readonly managed: readonly ManagedAddress[];
  /** Interfaces (tracked ones too, and those of its sync group) without which it is in FAULT. */
  readonly needs: readonly string[];
  /** `unicast_src_ip` or `mcast_src_ip`. */
  readonly sourceAddress?: Address;
  /** The state that weir's daemon publishes, and why it is in FAULT. */
  readonly published?: { readonly state: string; readonly faults: readonly string[] };
  /** Whether a keepalived with its file runs here; absent: not known, because the file was named on the command line. */
  readonly running?: boolean;
}

/** An address that VRRP adds to a master. */
export interface ManagedAddress {
  readonly address: Address;
  readonly prefixLength: number;
  readonly interfaceName: string;
}

/** An instance whose interface does not exist here. */
export interface HomelessInstance {
  readonly name: string;
  readonly file: string;
  readonly interfaceName: string;
}

/** A keepalived.conf of which keepalived would ignore something, or perhaps read it otherwise than it was meant. */
export interface BrokenFile {
  readonly file: string;
  /** As `keepalived -t` prints them; at least one. */
  readonly faults: readonly string[];
  /** Nothing of it is known. */
  readonly unread: boolean;
  /** Whether a keepalived runs with it. */
  readonly running: boolean;
  /** What that daemon has is known all the same, and is what was examined. */
  readonly ofDaemon: boolean;
}

/** Another host's advert, received before any firewall rule of this host. */
export interface AdvertFact {
  readonly ifindex: number;
  readonly mac: Mac;
  readonly source: Address;
  readonly destination: Address;
  readonly version: number;
  readonly vrid: number;
  readonly priority: number;
  readonly authType: number;
  /** As of an instance; only where it is PASS. */
  readonly password?: string;
  /** s (v2), cs (v3) */
  readonly interval: number;
  readonly vips: readonly Address[];
}

/** A rule of this host that blocks incoming or outgoing adverts of one instance. */
export interface AdvertBlock extends Pick<PacketProbe, 'direction' | 'source' | 'destination' | 'protocol'> {
  readonly instance: string;
  readonly by: Blocked;
}

/** A keepalived, weir's or another, that runs in this network namespace. */
export interface DaemonFact {
  /** Of its first process. */
  readonly pid: number;
  readonly file: string;
}

export interface ServerHealthFact {
  readonly up: boolean;
  /** Which checks fail, and why. */
  readonly reason: string;
}

/** A service that a running daemon's configuration asks for. */
export interface VirtualServerFact {
  readonly name: string;
  readonly file: string;
  /** Of the daemon's first process. */
  readonly pid: number;
  readonly spec: ServiceSpec;
  readonly destinations: readonly (DestinationKey & {
    readonly checked: boolean;
    /** What the daemon publishes of its health; absent: nothing. */
    readonly health?: ServerHealthFact;
  })[];
  /** `ha_suspend` */
  readonly suspends: boolean;
}

/** A socket that is bound to one local address. */
export interface ListenerFact {
  readonly protocol: 'tcp' | 'udp';
  readonly address: Address;
  readonly port: number;
}

/** All facts about VRRP on this host. */
export interface VrrpFacts {
  readonly instances: readonly VrrpInstanceFact[];
  readonly daemons: readonly DaemonFact[];
  /** Of both families. */
  readonly addresses: readonly AddressFact[];
  readonly adverts: readonly AdvertFact[];
  /** How this host would send to the senders of the adverts. */
  readonly paths: readonly PathFact[];
  /** Whether services are units of systemd here. */
  readonly systemd: boolean;
  readonly homeless: readonly HomelessInstance[];
  readonly broken: readonly BrokenFile[];
  readonly virtualServers: readonly VirtualServerFact[];
  /** Other hosts that answer (ARP, neighbour discovery) for a VIP, whether it is here or not. */
  readonly holders: readonly HolderFact[];
  /** Addresses of other hosts by MAC, from the kernel's neighbour table. */
  readonly neighbours: readonly { readonly address: Address; readonly mac: Mac }[];
  readonly blocks: readonly AdvertBlock[];
  readonly listeners: readonly ListenerFact[];
  /** Sysctl values by path below /proc/sys that only the rules of VRRP need. */
  readonly settings: ReadonlyMap<string, string>;
  readonly notExamined: readonly NotExamined[];
}
