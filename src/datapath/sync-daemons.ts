// What a driver offers beside `Director` once it can synchronise connections with another director.
import type { DaemonRole, DaemonSpec } from '../model/sync-daemon.js';
import type { TableReader } from './director.js';

export interface SyncDaemons {
  /** The running daemons, the master first, with every default filled in. */
  daemons(): readonly DaemonSpec[];
  /** @throws WeirError sync-daemon-exists, interface-unknown */
  startDaemon(spec: DaemonSpec): void;
  /** @throws WeirError sync-daemon-missing */
  stopDaemon(role: DaemonRole): void;
}

export function hasSyncDaemons<T extends TableReader>(director: T): director is T & SyncDaemons {
  return 'startDaemon' in director;
}
