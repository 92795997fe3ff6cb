// Starts the process that sends or receives connections.
import { capability } from '../../model/capabilities.js';
import { WeirError } from '../../model/errors/weir-error.js';
import type { DaemonSettings } from '../../model/sync-daemon.js';

/**
 * Starts the process of a daemon, and waits until it stands: its sockets are open, and it has written itself into the record of its role.
 * The record has its settings already. @throws WeirError not-yet: weir has no such process
 */
export function startSyncProcess(_settings: DaemonSettings): void {
  throw new WeirError('not-yet', { missing: capability('synchronisation').missing });
}
