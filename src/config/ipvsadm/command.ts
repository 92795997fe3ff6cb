// What one ipvsadm command line asks for, after all checks of its words: what is left to do.
import type { DestinationChange, ServiceChange } from '../../model/change.js';
import type { ServiceKey, Timeouts } from '../../model/service.js';
import type { DaemonRole, DaemonSpec } from '../../model/sync-daemon.js';

export type TableMode = 'plain' | 'stats' | 'rate' | 'thresholds' | 'persistent-conn' | 'tun-info';

/** How a listing is written. */
export interface ListFormat {
  readonly mode: TableMode;
  readonly numeric: boolean;
  readonly exact: boolean;
  readonly sorted: boolean;
  /** All of the table, whatever the mode. */
  readonly json?: true;
}

export type Command =
  | { readonly kind: 'help' }
  | { readonly kind: 'version' }
  | ServiceChange
  | DestinationChange
  | { readonly kind: 'flush' }
  | { readonly kind: 'list'; readonly format: ListFormat; readonly service?: ServiceKey }
  | { readonly kind: 'list-connections'; readonly numeric: boolean; readonly engines: boolean; readonly json?: true }
  | { readonly kind: 'list-timeouts'; readonly json?: true }
  | { readonly kind: 'list-daemons'; readonly json?: true }
  | { readonly kind: 'zero'; readonly service?: ServiceKey }
  | { readonly kind: 'set'; readonly timeouts: Timeouts }
  | { readonly kind: 'start-daemon'; readonly daemon: DaemonSpec }
  | { readonly kind: 'stop-daemon'; readonly role: DaemonRole; readonly syncId: number }
  | { readonly kind: 'save'; readonly numeric: boolean }
  | { readonly kind: 'restore'; readonly atomic: boolean };

/** What may have changed services. `restore`: any of them. */
export type Changed = Command | { readonly kind: 'restore' };
