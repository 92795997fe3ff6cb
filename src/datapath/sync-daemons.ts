// What a driver offers beside `Director` once it can synchronise connections with another director.
import type { DaemonRole, DaemonSpec } from '../model/sync-daemon.js';
import type { TableReader } from './director.js';

export interface SyncDaemons {
  /** The running daemons, the master first, with every default filled in. */
  daemons(): readonly DaemonSpec[];
  /** @throws Refusal EEXIST when one of this role runs, ENODEV for an unknown interface */
  startDaemon(spec: DaemonSpec): void;
  /** @throws Refusal ESRCH when none of this role runs */
  stopDaemon(role: DaemonRole): void;
}

export function hasSyncDaemons<T extends TableReader>(director: T): director is T & SyncDaemons {
  return 'startDaemon' in director;
}
