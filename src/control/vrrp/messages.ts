// What goes into the VRRP machine and what comes out. Time is monotonic microseconds, an argument of every step.
import type { Address } from '../../model/address.js';
import type { AdvertProtocol } from '../../model/ip-protocol.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { HostAddress, HostRoute, HostRule, VirtualInterface } from '../../model/keepalived/network.js';
import type { Script } from '../../model/keepalived/script.js';
import type { Released } from '../../model/released.js';
import type { LogEffect } from '../machine.js';

export type VrrpState = 'init' | 'backup' | 'master' | 'fault';

/** An interface as the kernel reports it. */
export interface InterfaceFacts {
  readonly name: string;
  readonly index: number;
  /** administratively up and with carrier */
  readonly up: boolean;
  readonly mtu: number;
  /** aa:bb:cc:dd:ee:ff; absent: no Ethernet */
  readonly mac?: string;
  /** In the kernel's order: the first of a family is what adverts come from. */
  readonly addresses: readonly Address[];
}

/** A packet of protocol 112 or 51 as the socket returned it. */
export interface ReceivedPacket {
  readonly interface: string;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly protocol: AdvertProtocol;
  /** IPv4: the whole packet with its header; IPv6: what follows the IPv6 header. */
  readonly bytes: Uint8Array;
}

/** A static address, route or rule of a track group that is not on the host. */
export interface LostStatic {
  readonly group: string;
  /** `route 10.96.0.0/24 dev eth1` */
  readonly text: string;
}

export type ScriptOutcome =
  | { readonly kind: 'exited'; readonly status: number }
  | { readonly kind: 'signalled'; readonly signal: number }
  | { readonly kind: 'timedOut' }
  | { readonly kind: 'notStarted'; readonly why: string };

export type Input =
  /** The first input; later: a reload. Configured interfaces that do not exist are not in the list. */
  | {
      readonly kind: 'configure';
      readonly configuration: KeepalivedConfiguration;
      readonly interfaces: readonly InterfaceFacts[];
      /** Wall clock (since 1970) minus monotonic clock, in µs, for auth_hmac's times. Absent: adverts that carry a time are refused. */
      readonly wallOffsetUs?: number;
    }
  | { readonly kind: 'interface'; readonly facts: InterfaceFacts }
  /** Deleted, or it could not be made. `expected`: a virtual interface that was deleted by an effect of this machine. */
  | { readonly kind: 'interfaceGone'; readonly name: string; readonly expected?: boolean }
  | { readonly kind: 'packet'; readonly packet: ReceivedPacket }
  | { readonly kind: 'script'; readonly name: string; readonly outcome: ScriptOutcome }
  /** value absent: the file is missing or holds no number */
  | { readonly kind: 'file'; readonly name: string; readonly value?: number }
  | { readonly kind: 'process'; readonly name: string; readonly running: number }
  | { readonly kind: 'bfd'; readonly name: string; readonly up: boolean }
  /** Peers of weir's own stream whose connections are not all in the tables here yet, as they are named in its status. */
  | { readonly kind: 'connections'; readonly missing: readonly string[] }
  /** Instances that leave their addresses to their peers: given before the first configuration, and when that changes. */
  | { readonly kind: 'released'; readonly released: Released }
  /** Another program removed an address, route or rule of a master. */
  | {
      readonly kind: 'lost';
      readonly instance: string;
      readonly what: 'address' | 'route' | 'rule';
      /** Logged behind `Netlink reflector reports`: `IP 10.99.0.101 removed from vA`. */
      readonly text: string;
      readonly noTrack: boolean;
    }
  /** All static objects of track groups that are missing and could not be restored; sent whenever that changes. */
  | { readonly kind: 'statics'; readonly missing: readonly LostStatic[] }
  /** Another host answers ARP (or NDP) for an address that we hold. */
  | { readonly kind: 'conflict'; readonly address: Address; readonly mac: string; readonly interface: string }
  /** The peer's state, received over the second link of the pair. */
  | { readonly kind: 'heartbeat'; readonly instance: string; readonly from: Address; readonly state: VrrpState; readonly priority: number }
  /** Adverts that the kernel's socket filter dropped since the last report, by reason. */
  | { readonly kind: 'filtered'; readonly instance: string; readonly counts: Readonly<Record<string, number>> }
  | { readonly kind: 'clearCounters' }
  /** The wall clock was set; see `configure`. */
  | { readonly kind: 'clock'; readonly wallOffsetUs: number }
  /** `keepAddresses`: -V; the addresses stay and the peers are not notified. */
  | { readonly kind: 'stop'; readonly keepAddresses?: boolean }
  | { readonly kind: 'wake' };

export type NotifyEvent =
  | 'MASTER'
  | 'BACKUP'
  | 'FAULT'
  | 'STOP'
  | 'DELETED'
  | 'MASTER_RX_LOWER_PRI'
  | 'MASTER_PRIORITY'
  | 'BACKUP_PRIORITY'
  /** weir's own: a second master was detected, or is gone. Reported by FIFOs and mail; no script runs. */
  | 'SPLIT_BRAIN'
  | 'SPLIT_BRAIN_OVER';

export type Effect =
  | {
      readonly kind: 'send';
      readonly instance: string;
      readonly interface: string | undefined;
      readonly source: Address;
      readonly destination: Address;
      readonly ttl: number;
      readonly protocol: AdvertProtocol;
      /** IPv4's identification, counted per instance from 1. It must be used: AH covers it. inet6: 0. */
      readonly id: number;
      /** What follows the IP header. */
      readonly payload: Uint8Array;
    }
  | {
      readonly kind: 'addresses';
      readonly action: 'add' | 'remove';
      readonly instance: string;
      readonly interface: string;
      readonly addresses: readonly HostAddress[];
    }
  | { readonly kind: 'routes'; readonly action: 'add' | 'remove'; readonly instance: string; readonly routes: readonly HostRoute[] }
  | { readonly kind: 'rules'; readonly action: 'add' | 'remove'; readonly instance: string; readonly rules: readonly HostRule[] }
  /** Each entry is one gratuitous ARP or unsolicited neighbour advertisement. The process sends them garp_interval apart. */
  | {
      readonly kind: 'announce';
      readonly instance: string;
      readonly entries: readonly { readonly interface: string; readonly address: Address }[];
    }
  /** Probes whether another host has these IPv4 addresses (RFC 5227); an answer comes back as `conflict`. */
  | {
      readonly kind: 'probe';
      readonly instance: string;
      readonly entries: readonly { readonly interface: string; readonly address: Address }[];
    }
  | { readonly kind: 'firewall'; readonly action: 'drop' | 'allow'; readonly instance: string; readonly addresses: readonly HostAddress[] }
  /**
   * A reload renamed instances that stay (old to new; they may have exchanged names). What was done under the old name belongs to the
   * new one from now on.
   */
  | { readonly kind: 'renamed'; readonly names: ReadonlyMap<string, string> }
  | {
      readonly kind: 'virtualInterface';
      readonly action: 'create' | 'delete';
      readonly instance: string;
      readonly base: string;
      readonly settings: VirtualInterface;
    }
  | {
      readonly kind: 'notify';
      readonly type: 'INSTANCE' | 'GROUP';
      readonly name: string;
      readonly event: NotifyEvent;
      readonly priority: number;
      /** They run in this order, one after the other; `withArguments`: TYPE NAME EVENT PRIORITY are appended. */
      readonly scripts: readonly { readonly script: Script; readonly withArguments: boolean }[];
      readonly smtp: boolean;
    }
  | LogEffect;
