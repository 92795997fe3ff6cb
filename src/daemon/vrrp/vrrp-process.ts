// What the VRRP child process offers to the daemon around it: start, reload, stop, and a view of its state.
import type { VrrpState } from '../../control/vrrp/interface.js';
import type { KeepalivedConfiguration } from '../../model/keepalived/configuration.js';

export type LogLevel = 'error' | 'warning' | 'notice' | 'info' | 'debug';

/** What the process tells the daemon besides its log. */
export type VrrpTold =
  /** Sockets are open and the first step is done. */
  | { readonly kind: 'ready' }
  /** A mail is due (smtp_alert). */
  | { readonly kind: 'mail'; readonly type: 'INSTANCE' | 'GROUP'; readonly name: string; readonly event: string; readonly priority: number }
  /** An instance changed its state: for `lvs_sync_daemon` and whoever else follows it. */
  | { readonly kind: 'state'; readonly instance: string; readonly state: VrrpState };

export interface VrrpOptions {
  readonly configuration: KeepalivedConfiguration;
  /** `debug`: said only with -D. */
  readonly log: (level: LogLevel, text: string) => void;
  readonly tell: (told: VrrpTold) => void;
  /** `-V`: addresses, routes and rules stay when we stop, and no priority 0 is sent. */
  readonly keepAddresses: boolean;
}

/** A running VRRP process. Nothing here throws but for programming errors: what fails is logged and tried again within bounds. */
export interface VrrpProcess {
  /** Takes a new configuration; only what differs changes. */
  reload(configuration: KeepalivedConfiguration): void;
  /** Zeroes the counters of keepalived.stats. */
  clearCounters(): void;
  /** Priority 0, addresses off, STOP scripts (waited for a second at most), sockets closed. Twice: the same promise. */
  stop(): Promise<void>;
}

/** Starts VRRP in this process, which does nothing else: it returns once the first step is done. */
export type RunVrrp = (options: VrrpOptions) => VrrpProcess;
