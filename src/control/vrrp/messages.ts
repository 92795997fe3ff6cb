// What goes into the VRRP machine and what comes out. Time is monotonic microseconds, an argument of every step.
import type { Address } from '../../model/address.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';
import type { HostAddress, HostRoute, HostRule, VirtualInterface } from '../../model/keepalived/network.js';
import type { Script } from '../../model/keepalived/script.js';
import type { LogEffect } from '../machine.js';

export type VrrpState = 'init' | 'backup' | 'master' | 'fault';

/** An interface as the kernel tells it. */
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

/** A packet of protocol 112 or 51 as the socket gave it. */
export interface ReceivedPacket {
  readonly interface: string;
  readonly source: Address;
  readonly destination: Address;
  readonly ttl: number;
  readonly protocol: 112 | 51;
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
  /** First of all; later: reload. Interfaces that are configured and absent are simply not in the list. */
  | {
      readonly kind: 'configure';
      readonly configuration: KeepalivedConfiguration;
      readonly interfaces: readonly InterfaceFacts[];
      /** Seconds since 1970 less the monotonic clock's, in µs: auth_hmac's times. Absent: those are refused. */
      readonly wallOffsetUs?: number;
    }
  | { readonly kind: 'interface'; readonly facts: InterfaceFacts }
  /** Deleted (`expected`: a `virtualInterface`, by whoever carries out what the machine says of it); or one that could not be made. */
  | { readonly kind: 'interfaceGone'; readonly name: string; readonly expected?: boolean }
  | { readonly kind: 'packet'; readonly packet: ReceivedPacket }
  | { readonly kind: 'script'; readonly name: string; readonly outcome: ScriptOutcome }
  /** value absent: the file is missing or holds no number */
  | { readonly kind: 'file'; readonly name: string; readonly value?: number }
  | { readonly kind: 'process'; readonly name: string; readonly running: number }
  | { readonly kind: 'bfd'; readonly name: string; readonly up: boolean }
  /** Somebody else took an address, route or rule of a master away. */
  | {
      readonly kind: 'lost';
      readonly instance: string;
      readonly what: 'address' | 'route' | 'rule';
      /** What is logged behind `Netlink reflector reports`: `IP 10.99.0.101 removed from vA`. */
      readonly text: string;
      readonly noTrack: boolean;
    }
  /** All static objects of track groups that are missing now and could not be put back; told whenever that changes. */
  | { readonly kind: 'statics'; readonly missing: readonly LostStatic[] }
  /** Another host answers ARP (or NDP) for an address that we hold. */
  | { readonly kind: 'conflict'; readonly address: Address; readonly mac: string; readonly interface: string }
  /** The peer, heard by another way than adverts of this link; `state` as it says. */
  | { readonly kind: 'heartbeat'; readonly instance: string; readonly from: Address; readonly state: VrrpState; readonly priority: number }
  /** Adverts that the kernel's socket filter dropped since the last report, by reason. */
  | { readonly kind: 'filtered'; readonly instance: string; readonly counts: Readonly<Record<string, number>> }
  | { readonly kind: 'clearCounters' }
  /** The wall clock was set: what `configure` tells of it, anew. */
  | { readonly kind: 'clock'; readonly wallOffsetUs: number }
  /** `keepAddresses`: -V; the addresses stay and nobody is told. */
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
  /** Ours: another master was noticed while we are one, and is gone. No script is run, FIFOs and mail tell. */
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
      readonly protocol: 112 | 51;
      /** IPv4's identification, counted per instance from 1: AH covers it, so no other will do. inet6: 0. */
      readonly id: number;
      /** Behind the IP header. */
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
  /** One gratuitous ARP or unsolicited neighbour advertisement an entry; the shell keeps garp_interval apart. */
  | {
      readonly kind: 'announce';
      readonly instance: string;
      readonly entries: readonly { readonly interface: string; readonly address: Address }[];
    }
  /** Asks the network who else has these IPv4 addresses (RFC 5227 probes); an answer comes back as `conflict`. */
  | {
      readonly kind: 'probe';
      readonly instance: string;
      readonly entries: readonly { readonly interface: string; readonly address: Address }[];
    }
  | { readonly kind: 'firewall'; readonly action: 'drop' | 'allow'; readonly instance: string; readonly addresses: readonly HostAddress[] }
  /**
   * A reload gave instances that stay other names (old to new; they may have exchanged them): what was done under the old one is the
   * new one's from here on.
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
      /** To be run in this order, one after the other; `withArguments`: TYPE NAME EVENT PRIORITY are appended. */
      readonly scripts: readonly { readonly script: Script; readonly withArguments: boolean }[];
      readonly smtp: boolean;
    }
  | LogEffect;
