// The synchronisation daemons that were started in this namespace, those that have ended without being stopped, too, and what each has counted.
import { readSyncCounts } from '../../host/sync/sync-counts.js';
import { fileSyncRecords } from '../../host/sync/sync-record.js';
import { DAEMON_ROLES } from '../../model/sync-daemon.js';
import { monotonicUs } from '../../sys/clock.js';
import { startTime } from '../../sys/processes/child.js';
import type { SyncDaemonFact } from '../facts.js';

/** @throws SystemError */
export function collectSyncDaemons(): readonly SyncDaemonFact[] {
  return DAEMON_ROLES.flatMap((role): readonly SyncDaemonFact[] => {
    const record = fileSyncRecords.read(role);
    if (record?.process === undefined) return [];
    const counts = readSyncCounts(role) ?? {};
    const { lastAt } = counts;
    return [
      {
        settings: record.settings,
        isRunning: startTime(record.process.pid) === record.process.started,
        counts,
        ...(typeof lastAt === 'number' ? { silentSeconds: Math.round(monotonicUs() / 1_000_000) - lastAt } : {}),
      },
    ];
  });
}
