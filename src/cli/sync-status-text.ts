// weir sync status, for a person.
import type { SyncCounts } from '../host/sync/sync-counts.js';
import { formatAddress } from '../model/address-text.js';
import type { DaemonSettings } from '../model/sync-daemon.js';

export interface SyncStatus {
  readonly settings: DaemonSettings;
  readonly counts: SyncCounts;
}

/** Counts that are 0 are left out of those by reason. */
function countLines([name, count]: readonly [string, SyncCounts[string]]): readonly string[] {
  if (typeof count === 'number') return [`  ${name} ${count}`];
  const parts = Object.entries(count).filter(([, each]) => each !== 0);
  return parts.length === 0 ? [] : [`  ${name} ${parts.map(([reason, each]) => `${reason} ${each}`).join(', ')}`];
}

export function syncStatusText(daemons: readonly SyncStatus[]): string {
  if (daemons.length === 0) return 'no synchronisation daemon runs\n';
  return daemons
    .map(({ settings: { role, interface: device, syncId, group, port, ttl, maxLength }, counts }) => {
      const head = `${role} by ${device}, id ${syncId}, group ${formatAddress(group)} port ${port}, ttl ${ttl}, ${maxLength} bytes`;
      return [head, ...Object.entries(counts).flatMap(countLines)].map((line) => `${line}\n`).join('');
    })
    .join('');
}
