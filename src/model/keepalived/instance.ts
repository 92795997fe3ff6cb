// VRRP as keepalived.conf states it: instances and sync groups. Times in microseconds; defaults of global_defs already applied.
import type { Address } from '../address.js';
import type { HostAddress, HostRoute, HostRule, VirtualInterface } from './network.js';
import type { Script } from './script.js';
import type { TrackedSet } from './trackers.js';

/** The scripts of an instance or group; each gets the arguments keepalived documents. */
export interface Notify {
  readonly master?: Script;
  readonly backup?: Script;
  readonly fault?: Script;
  readonly stop?: Script;
  /** `notify_deleted`; `command` absent: the event only. */
  readonly deleted?: { readonly command?: Script };
  readonly masterRxLowerPriority?: Script;
  readonly all?: Script;
  readonly priorityChanges: boolean;
  readonly smtpAlert: boolean;
}

/** Gratuitous ARP (IPv4) and unsolicited neighbour advertisements (IPv6). Counts are rounds over all addresses. */
export interface GarpTiming {
  readonly masterDelayUs: number;
  readonly masterRepeat: number;
  readonly lowerPriorityDelayUs: number;
  readonly lowerPriorityRepeat: number;
  /** 0: no refresh. */
  readonly masterRefreshUs: number;
  readonly masterRefreshRepeat: number;
  /** `garp_extra_if`, 0: off. */
  readonly extraInterfaceUs: number;
  readonly extraInterfaceAll: boolean;
}

export type Authentication =
  | { readonly kind: 'none' }
  /** 8 bytes as Latin-1 text at most; longer was cut with a message. */
  | { readonly kind: 'pass' | 'ah'; readonly password: string }
  | {
      readonly kind: 'hmac';
      /** key bytes as hex text, by id 0..255; `file:` keys have their path instead. */
      readonly keys: readonly { readonly id: number; readonly hex?: string; readonly file?: string }[];
      readonly activeKey: number;
      readonly antiReplay: 'time' | 'monotonic';
      readonly timeWindowUs: number;
      readonly mode: 'enforce' | 'permissive' | 'receive-only';
    };

export interface UnicastPeer {
  readonly address: Address;
  readonly minTtl?: number;
  readonly maxTtl?: number;
}

export interface VrrpInstance {
  readonly name: string;
  readonly family: 'inet' | 'inet6';
  readonly version: 2 | 3;
  readonly vrid: number;
  /** Absent: unicast without one (or `vrf`). */
  readonly interface?: string;
  readonly vrf?: string;
  /** The wish at start. */
  readonly initialState: 'master' | 'backup';
  /** 1..255; 255 is the address owner. */
  readonly priority: number;
  readonly advertUs: number;
  readonly addresses: readonly HostAddress[];
  readonly excludedAddresses: readonly HostAddress[];
  /** `no_virtual_ipaddress`: none are wanted. */
  readonly noVirtualAddress: boolean;
  readonly routes: readonly HostRoute[];
  readonly rules: readonly HostRule[];
  readonly promoteSecondaries: boolean;
  readonly authentication: Authentication;
  readonly nopreempt: boolean;
  readonly preemptDelayUs: number;
  readonly accept: boolean;
  readonly strict: boolean;
  /** Absent: multicast. */
  readonly unicast?: {
    readonly peers: readonly UnicastPeer[];
    readonly ttl: number;
    readonly checkSource: boolean;
    readonly faultNoPeer: boolean;
    readonly oldChecksum: 'auto' | 'always' | 'never';
  };
  /** mcast_src_ip or unicast_src_ip */
  readonly sourceAddress?: Address;
  readonly trackSourceAddress: boolean;
  readonly multicastGroup: Address;
  readonly v3ChecksumAsV2: boolean;
  readonly dontTrackPrimary: boolean;
  readonly virtualInterface?: VirtualInterface;
  readonly vmacTransmitBase: boolean;
  readonly garp: GarpTiming;
  /** master-down interval in adverts: 1..100 */
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly ownerIgnoreAdverts: boolean;
  /** The highest priority that another node may have: a master too late for that one steps down (nopreempt). Absent: off. */
  readonly timerExpiredBackup?: number;
  readonly skipCheckAdvertAddresses: boolean;
  /** What an advert with other VIPs does: counted and logged (2.3.3 and later), or dropped (before). */
  readonly addressMismatch: 'accept' | 'drop';
  readonly receiveBufferBytes?: number;
  readonly track: TrackedSet;
  readonly notify: Notify;
  /** Fast mode between weir nodes: extra adverts this far apart, accepted lateness below advert_int; absent: off. */
  readonly fast?: { readonly intervalUs: number; readonly missed: number };
  /** Heartbeats over a second link: who, from which interface. */
  readonly heartbeat: readonly { readonly interface: string; readonly peer: Address }[];
}

export interface SyncGroup {
  readonly name: string;
  readonly members: readonly string[];
  readonly track: TrackedSet;
  readonly trackingWeight: boolean;
  readonly notify: Notify;
}
