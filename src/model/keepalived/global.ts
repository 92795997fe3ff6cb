// global_defs and what else stands at the root of keepalived.conf. Times in microseconds.
import type { Address } from '../address.js';
import type { ConfiguredStream } from '../stream-node.js';
import type { GarpTiming } from './instance.js';
import type { HostAddress, HostRoute, HostRule } from './network.js';
import type { Fifo, RunAs, Script } from './script.js';

/** How one kind of process is scheduled (vrrp_priority, vrrp_rt_priority …). */
export interface ProcessSettings {
  readonly name?: string;
  /** nice, -20..19 */
  readonly priority?: number;
  /** SCHED_RR/FIFO 1..99 */
  readonly rtPriority?: number;
  readonly rlimitRttimeUs?: number;
  readonly noSwap: boolean;
  readonly cpus: readonly number[];
}

/** How much may wait in a socket, bytes; `force`: beyond the system's limit. */
export interface BufferSize {
  readonly bytes: number;
  readonly force: boolean;
}

/** vrrp_netlink_cmd_rcv_bufs and its like; absent: weir's default. */
export interface ReceiveBuffers {
  readonly command?: BufferSize;
  readonly monitor?: BufferSize;
  readonly processes?: BufferSize;
  /** vrrp_rx_bufs_policy: for each instance of a socket, so many bytes, or so many times its advert or its interface's MTU. */
  readonly adverts?: { readonly kind: 'bytes' | 'advert' | 'mtu'; readonly amount: number };
}

export interface VrrpDefaults {
  readonly version: 2 | 3;
  readonly multicastGroup4: Address;
  readonly multicastGroup6: Address;
  readonly garp: GarpTiming;
  readonly downTimerAdverts: number;
  readonly lowerPriorityNoAdvert: boolean;
  readonly higherPrioritySendAdvert: boolean;
  readonly checkUnicastSource: boolean;
  readonly skipCheckAdvertAddresses: boolean;
  readonly strict: boolean;
  readonly notifyPriorityChanges: boolean;
  /** smtp_alert, smtp_alert_vrrp, smtp_alert_checker; absent: unset */
  readonly smtpAlert?: boolean;
  readonly smtpAlertVrrp?: boolean;
  readonly smtpAlertChecker?: boolean;
}

export interface GlobalSettings {
  readonly routerId?: string;
  readonly notificationEmail: readonly string[];
  readonly emailFrom?: string;
  readonly smtpServer?: { readonly host: string; readonly port: number };
  readonly smtpHelo?: string;
  readonly smtpTimeoutUs: number;
  readonly noEmailFaults: boolean;
  readonly noCheckerEmails: boolean;
  readonly defaultInterface: string;
  readonly scriptUser?: RunAs;
  readonly scriptSecurity: boolean;
  /** set_supplementary_groups: scripts have all groups of their user. */
  readonly supplementaryGroups?: boolean;
  readonly startupScript?: { readonly script: Script; readonly timeoutUs: number };
  readonly shutdownScript?: { readonly script: Script; readonly timeoutUs: number };
  readonly notifyFifo?: Fifo;
  readonly vrrpNotifyFifo?: Fifo;
  readonly lvsNotifyFifo?: Fifo;
  readonly fifoStatesOnReload: boolean;
  readonly dynamicInterfaces: boolean;
  readonly allowInterfaceChanges: boolean;
  /** disable_local_igmp */
  readonly disableLocalIgmp?: boolean;
  readonly receiveBuffers?: ReceiveBuffers;
  readonly startupDelayUs: number;
  readonly delayAfterBootUs: number;
  readonly logUnknownVrids: boolean;
  readonly garpIntervalUs: number;
  readonly gnaIntervalUs: number;
  /** garp_group: interfaces that share pacing. */
  readonly garpGroups: readonly {
    readonly garpIntervalUs: number;
    readonly gnaIntervalUs: number;
    readonly interfaces: readonly string[];
  }[];
  readonly nftables?: { readonly table: string; readonly priority: number; readonly counters: boolean; readonly ifindex: boolean };
  readonly vmacPrefix: string;
  readonly vmacAddressPrefix: string;
  readonly reloadCheckConfig?: { readonly logFile?: string };
  /** reload_time_file and reload_repeat: the file contains the time of the next reload. */
  readonly reloadTime?: { readonly path: string; readonly repeat: boolean };
  /** reload_file: there while the configuration is read; without a path in the folder of pid files. */
  readonly reloadFile?: { readonly path?: string };
  /** config_save_dir */
  readonly saveDirectory?: string;
  /** data_use_instance */
  readonly dumpsPerInstance?: boolean;
  readonly jsonVersion: 1 | 2;
  readonly dumpFiles: { readonly state?: string; readonly stats?: string; readonly json?: string };
  readonly umask?: number;
  readonly maxAutoPriority: number;
  readonly minAutoPriorityDelayUs: number;
  readonly checkerLogAllFailures: boolean;
  /** weir's own: checks that ask the same make one attempt. */
  readonly sharedChecks: boolean;
  readonly lvsFlush: boolean;
  readonly lvsFlushOnStop: 'no' | 'all' | 'virtual-servers';
  readonly lvsTimeouts?: { readonly tcp: number; readonly tcpFin: number; readonly udp: number };
  readonly lvsSyncDaemon?: {
    readonly interface: string;
    readonly instance?: string;
    readonly syncId?: number;
    readonly maxLength?: number;
    readonly port?: number;
    readonly ttl?: number;
    readonly group?: Address;
    readonly peers?: readonly Address[];
  };
  /** weir's own stream to other nodes. */
  readonly lvsSyncStream?: ConfiguredStream;
  /** Seconds, 0: none; absent: the default. */
  readonly lvsSyncGrace?: number;
  /** Seconds for which a node does not preempt while connections of its peers are missing, 0: none; absent: the default. */
  readonly lvsSyncWait?: number;
  readonly rsInitNotifies: boolean;
  readonly processes: {
    readonly parent: ProcessSettings;
    readonly vrrp: ProcessSettings;
    readonly checker: ProcessSettings;
    readonly bfd: ProcessSettings;
  };
  /** What instances inherit, as global_defs has it; already applied to them, and shown in keepalived.data. */
  readonly vrrpDefaults?: VrrpDefaults;
  /** Keywords that are understood and not carried out (SNMP, D-Bus …): reported once, each with its place. */
  readonly notActedOn: readonly string[];
}

export interface RootSettings {
  readonly netNamespace?: string;
  readonly ipvsNamespace?: string;
  readonly instanceName?: string;
  readonly usePidDirectory: boolean;
  readonly childWaitUs: number;
  readonly staticAddresses: readonly HostAddress[];
  readonly staticRoutes: readonly HostRoute[];
  readonly staticRules: readonly HostRule[];
  /** track_group: instances that go to FAULT when a static object of this name vanishes. */
  readonly trackGroups: readonly { readonly name: string; readonly instances: readonly string[] }[];
  readonly interfaceDelays: readonly { readonly interface: string; readonly downUs: number; readonly upUs: number }[];
}
